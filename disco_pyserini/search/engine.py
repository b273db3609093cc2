"""Engines: build and search an index of impact vectors.

An engine is registered by name (docs/extending.md). Every engine answers every query with the documents, scores and
order of an index that Anserini's ``IndexCollection`` builds from the same vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.extensions import Registry
from disco_pyserini.files import folder_aside, move_up
from disco_pyserini.search.hits import Hit, Hits
from disco_pyserini.vectors import VectorSource

DEFAULT_ENGINE = "lucene"

TIE_STEP = np.float32(1e-6)
"""Each tied score is so much lower than the one before it."""

type ImpactQuery = Mapping[str, int]
"""Impacts by token."""


class Searcher(Protocol):
    """An open index that answers impact vectors.

    Tokens that occur in no document or in all of them are ignored, as in Pyserini. Scores are sums of
    products of impacts; equal scores are ordered by document id and lowered by millionths, as in Anserini.
    """

    def search(
        self, vectors: Sequence[ImpactQuery], k: int, *, threads: int = 1, query_terms: int | None = None
    ) -> Sequence[Sequence[Hit]]:
        """Return the best ``k`` documents for each vector, best first.

        Args:
            vectors: the queries.
            k: how many documents to return, at least 1.
            threads: how many threads search.
            query_terms: if given, retrieve candidates with this many of the query's highest-weighted tokens, then
                rescore them with all tokens: not exact.

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


@runtime_checkable
class Shard(Protocol):
    """A `Searcher` whose index may be one of several shards of a collection.

    Which tokens count is known from all shards together only, and ties are lowered after merging. A shard is therefore
    asked with ``all_terms``, and its hits have `Hits.tied_scores`.

    Attributes:
        documents: the number of documents.
    """

    @property
    def documents(self) -> int: ...

    def frequencies(self, tokens: Sequence[str]) -> list[int]:
        """Return in how many documents each token occurs."""

    def search(
        self,
        vectors: Sequence[ImpactQuery],
        k: int,
        *,
        threads: int = 1,
        query_terms: int | None = None,
        all_terms: bool = False,
    ) -> Sequence[Hits]:
        """See `Searcher.search`; with ``all_terms``, tokens that occur in all documents of this index count, too."""

    def explain(self, vector: ImpactQuery, docid: str, *, all_terms: bool = False) -> dict[str, tuple[int, int]] | None:
        """See `Searcher.explain`, and `search` for ``all_terms``."""

    def text(self, docid: str) -> str | None:
        """See `Searcher.text`."""

    def close(self) -> None:
        """See `Searcher.close`."""


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """The result of building an index. It stands for the path of the index where a path is expected.

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

    def __fspath__(self) -> str:
        return str(self.directory)

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


class UpdateIndex(Protocol):
    """Writes an updated copy of an index, aside, and renames it when complete.

    The copy answers every query like an index that is built anew from the vectors of its documents.
    """

    def __call__(
        self,
        index: Path,
        source: VectorSource,
        delete: Collection[str],
        directory: Path,
        *,
        threads: int = 1,
        progress: Callable[[int], None] | None = None,
    ) -> IndexSummary:
        """Write the copy.

        Args:
            index: the index, which does not change.
            source: vectors of documents to add; one with the id of a document in the index replaces it. May be empty.
            delete: ids of documents to leave out, none of them in ``source``; ids of no document are ignored.
            directory: the folder of the copy; must be missing or empty, or have the copy of an engine that the index
                belongs to as well.
            threads: how many threads write.
            progress: called with the number of documents written since the last call.

        Returns:
            a summary of the copy; ``empty`` counts documents of ``source`` only.

        Raises:
            InputError: an id is used twice, or no document would be left.
            DiscoError: the engine or the file system failed.
        """


@dataclass(frozen=True, slots=True)
class Engine:
    """How an engine builds an index, opens one, updates one, and checks one.

    Attributes:
        build: builds an index from vectors.
        open: opens the index in a folder.
        update: adds, replaces and deletes documents; None if the engine can only build an index anew.
        verify: checks the checksum of every file of the index in a folder, which opening it need not do, and raises an
            `InputError` if one is wrong; returns False if the folder has no index of this engine. None if the engine
            cannot check its files.
    """

    build: BuildIndex
    open: Callable[[Path], Searcher]
    update: UpdateIndex | None = None
    verify: Callable[[Path], bool] | None = None


def lower_ties(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make each tied score a millionth lower than the one before it, as Anserini does.

    Args:
        scores: the scores of one query, best first.
    """
    places = np.arange(len(scores))
    first = np.maximum.accumulate(np.where(np.diff(scores, prepend=np.float32(np.inf)) != 0, places, 0))
    lowered: NDArray[np.float32] = scores - TIE_STEP * (places - first).astype(np.float32)
    return lowered


ENGINES: Registry[Engine] = Registry(
    "engine",
    "engines",
    {
        "lucene": "disco_pyserini.lucene.lucene_searcher:ENGINE",
        "flat": "disco_pyserini.flat.flat_searcher:ENGINE",
        "qdrant": "disco_pyserini.exports.qdrant:ENGINE",
        "milvus": "disco_pyserini.exports.milvus:ENGINE",
        "pgvector": "disco_pyserini.exports.pgvector:ENGINE",
        "pgvector-hnsw": "disco_pyserini.exports.pgvector:ENGINE_HNSW",
        "opensearch": "disco_pyserini.exports.opensearch:ENGINE",
        "elasticsearch": "disco_pyserini.exports.elasticsearch:ENGINE",
        "vespa": "disco_pyserini.exports.vespa:ENGINE",
    },
)


def build_for(
    engines: str,
    source: VectorSource,
    directory: Path,
    *,
    threads: int = 1,
    store_raw: bool = True,
    progress: Callable[[int], None] | None = None,
) -> IndexSummary:
    """Build the index of an engine, or those of several in one folder: ``lucene,flat``.

    Several are built aside, and the folder is renamed when all are complete.

    Args:
        engines: the names, separated by commas. The second must be able to add to the folder of the first.

    The other arguments are those of `BuildIndex`.

    Raises:
        InputError: an engine is unknown, or cannot build there.
    """
    began = perf_counter()
    builds = [ENGINES.get(name).build for name in engines.split(",")]
    if len(builds) == 1:
        return builds[0](source, directory, threads=threads, store_raw=store_raw, progress=progress)
    with folder_aside(directory) as aside:
        # Inside, so that what a killed engine leaves is removed with it.
        for build in builds:
            summary = build(source, aside / "index", threads=threads, store_raw=store_raw, progress=progress)
        move_up(aside / "index")
    return replace(summary, directory=directory.absolute(), seconds=perf_counter() - began)


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
