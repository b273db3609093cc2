"""Engines: build and search an index of impact vectors.

An engine is registered by name (docs/extending.md). Every engine answers every query with the documents, scores and
order of an index that Anserini's ``IndexCollection`` builds from the same vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.extensions import Registry
from disco_pyserini.vectors import VectorSource

DEFAULT_ENGINE = "lucene"

_TIE_STEP = np.float32(1e-6)

type ImpactQuery = Mapping[str, int]
"""Impacts by token."""


class Searcher(Protocol):
    """An open index that answers impact vectors.

    Tokens that occur in no document or in all of them are ignored, as in Pyserini. Scores are sums of
    products of impacts; equal scores are ordered by document id and lowered by millionths, as in Anserini.
    """

    def search(
        self, vectors: Sequence[ImpactQuery], k: int, *, threads: int = 1, query_terms: int | None = None
    ) -> list[list[Hit]]:
        """Return the best ``k`` documents for each vector, best first.

        Args:
            vectors: the queries.
            k: how many documents to return, at least 1.
            threads: how many threads search.
            query_terms: if given, retrieve candidates with this many of the query's highest-weighted tokens, then
                rescore them with all tokens: faster, and not exact.

        Raises:
            InputError: ``k``, ``threads`` or ``query_terms`` is below 1 (`check_numbers` raises it).
            DiscoError: the searcher is closed (`closed_error` makes it).
        """

    def explain(self, vector: ImpactQuery, docid: str) -> dict[str, tuple[int, int]] | None:
        """Return the query impact and the document impact of every token that adds to a document's score.

        None if there is no such document.

        Raises:
            DiscoError: the searcher is closed.
        """

    def text(self, docid: str) -> str | None:
        """Return the stored text of a document; None if there is no such document, or its text is not stored.

        Raises:
            DiscoError: the searcher is closed.
        """

    def close(self) -> None:
        """Close the index; closing it again does nothing."""


class Texts(Protocol):
    """Reads stored texts, as every `Searcher` does."""

    def text(self, docid: str) -> str | None:
        """See `Searcher.text`."""


@dataclass(slots=True)
class Hit:
    """A document that a search returned.

    Attributes:
        docid: the document's id.
        score: its score. Each tied score is a millionth lower than the one before it, as in Anserini, so that a run
            file keeps their order.
        searcher: reads the stored text.
    """

    docid: str
    score: float
    searcher: Texts | None = field(default=None, repr=False, compare=False)

    @property
    def text(self) -> str | None:
        """The document's text, read from the index at each access; None if the index stores no texts.

        Raises:
            DiscoError: the searcher is closed.
        """
        return self.searcher.text(self.docid) if self.searcher else None


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """The result of building an index.

    Attributes:
        directory: the index folder.
        documents: the number of documents.
        empty: the number of documents skipped because they have no terms.
        postings: the number of (term, document) pairs.
        seconds: how long the build took.
    """

    directory: Path
    documents: int
    empty: int
    postings: int
    seconds: float

    @property
    def documents_per_second(self) -> float:
        """The indexing throughput."""
        return self.documents / self.seconds if self.seconds else 0.0


class BuildIndex(Protocol):
    """Builds an index aside and renames it when complete; see `disco_pyserini.lucene.impact_index.build_index`."""

    def __call__(
        self,
        source: VectorSource,
        directory: Path,
        *,
        threads: int = 1,
        store_raw: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> IndexSummary: ...


@dataclass(frozen=True, slots=True)
class Engine:
    """How an engine builds an index, and opens one.

    Attributes:
        build: builds an index from vectors.
        open: opens the index in a folder.
    """

    build: BuildIndex
    open: Callable[[Path], Searcher]


def lower_ties(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make each tied score a millionth lower than the one before it, as Anserini does.

    Args:
        scores: the scores of one query, best first.
    """
    places = np.arange(len(scores))
    first = np.maximum.accumulate(np.where(np.diff(scores, prepend=np.float32(np.inf)) != 0, places, 0))
    lowered: NDArray[np.float32] = scores - _TIE_STEP * (places - first).astype(np.float32)
    return lowered


ENGINES: Registry[Engine] = Registry("engine", "engines", {"lucene": "disco_pyserini.lucene.lucene_searcher:ENGINE"})


def check_numbers(*, k: int, threads: int, query_terms: int | None) -> None:
    """Check the numbers of a search.

    Raises:
        InputError: one of them is below 1.
    """
    for name, number in (("k", k), ("threads", threads), ("query_terms", query_terms)):
        if number is not None and number < 1:
            raise InputError(f"expected {name} to be at least 1, found {number}")


def closed_error(index: Path) -> DiscoError:
    """Return the error to raise when a closed searcher is used."""
    return DiscoError(f"{index}: the searcher is closed: search and read texts before closing it, or open another one")
