"""Why a document has its score: the product of query impact and document impact, token by token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disco_pyserini.html_tables import html_table


@dataclass(frozen=True, slots=True)
class TermScore:
    """What one token adds to a score.

    Attributes:
        token: the token.
        query_impact: its impact in the query.
        document_impact: its impact in the document.
    """

    token: str
    query_impact: int
    document_impact: int

    @property
    def score(self) -> int:
        """The product ``query_impact * document_impact``."""
        return self.query_impact * self.document_impact


@dataclass(frozen=True, slots=True)
class Explanation:
    """The terms of a score, which add up to it exactly.

    A search lowers equal scores by millionths to keep their order, so ``round(hit.score)`` is the score here. Lucene
    adds up scores as 32-bit floats, which are exact up to 2^24; higher scores can differ in the eighth digit.

    Attributes:
        docid: the document's id.
        terms: the tokens that query and document share and that count, highest score first. Tokens that occur in every
            document do not count.
    """

    docid: str
    terms: tuple[TermScore, ...]

    @property
    def score(self) -> int:
        """The sum of all terms."""
        return sum(term.score for term in self.terms)

    @classmethod
    def of(cls, docid: str, impacts: Mapping[str, tuple[int, int]]) -> Explanation:
        """Build an explanation from (query impact, document impact) by token."""
        terms = (TermScore(token, query, document) for token, (query, document) in impacts.items())
        return cls(docid, tuple(sorted(terms, key=lambda term: (-term.score, term.token))))

    def _repr_html_(self) -> str:
        """Return the terms as Jupyter shows them, highest score first."""
        rows = [(term.token, term.query_impact, term.document_impact, term.score) for term in self.terms]
        return html_table(f"{self.docid}: score {self.score}", ("term", "query", "document", "product"), rows)
