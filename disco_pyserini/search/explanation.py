"""Why a document has its score: the product of query impact and document impact, token by token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TermScore:
    """What one token adds to a score: ``query_impact * document_impact``."""

    token: str
    query_impact: int
    document_impact: int

    @property
    def score(self) -> int:
        """The product."""
        return self.query_impact * self.document_impact


@dataclass(frozen=True, slots=True)
class Explanation:
    """The terms of a score, highest first; they add up to it exactly.

    A search lowers equal scores by millionths to keep their order, so that a hit's score can be smaller than this one
    by less than .5.
    """

    docid: str
    terms: tuple[TermScore, ...]

    @property
    def score(self) -> int:
        """The sum of all terms."""
        return sum(term.score for term in self.terms)

    @classmethod
    def of(cls, docid: str, impacts: Mapping[str, tuple[int, int]]) -> Explanation:
        """Build from (query impact, document impact) by token."""
        terms = (TermScore(token, query, document) for token, (query, document) in impacts.items())
        return cls(docid, tuple(sorted(terms, key=lambda term: (-term.score, term.token))))
