"""Searching an index with conversations or texts: a query encoder in front of an engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from disco_pyserini.conversation import Conversation
from disco_pyserini.encoding.reading import Reading
from disco_pyserini.errors import InputError
from disco_pyserini.search.encoder_names import OWN_ENCODER, check_encoder_fits, query_encoder_for
from disco_pyserini.search.engine import DEFAULT_ENGINE, ENGINES, Searcher, check_numbers
from disco_pyserini.search.explanation import Explanation
from disco_pyserini.search.hits import Hit, Hits
from disco_pyserini.search.sharded import OpenSearcher, open_searcher, shard_folders

type Query = str | Conversation
"""A conversation, or a text (such as `disco_pyserini.flatten` returns)."""


class BatchEncoder(Protocol):
    """The interface of a query encoder; `disco_pyserini.DiscoQueryEncoder` implements it."""

    def encode_batch(self, texts: Sequence[Query], /) -> list[dict[str, int]]:
        """Return the impacts of each text by token."""


@runtime_checkable
class ReadingEncoder(Protocol):
    """A query encoder that says which word each term of a query comes from."""

    def read(self, query: Query, /) -> Reading:
        """See `disco_pyserini.DiscoQueryEncoder.read`."""


class DiscoSearcher:
    """Searches an index with conversations or texts.

    The documents, scores and order are those of Pyserini's ``LuceneImpactSearcher``. Use it in a ``with`` block, or
    call `close` at the end. Several threads may use one searcher.

    Args:
        index: the folder of an impact index, in one piece or in shards, or what `build_index` returned; or the folders
            of several indexes of disjoint documents, which are searched as one.
        encoder: the query encoder: ``disco`` for the one that matches the index, any other name that ``--encoder``
            takes, or an encoder object.
        engine: the name of the engine that searches.
        allow_partial: if a shard does not answer, answer without it and name it in `Hits.missing_shards`; by default
            that is an error.
        open_searcher: opens the index; by default in this process.

    Attributes:
        index: the folder of the index; of several indexes, that of the first.
        encoder: the query encoder.
        engine: the name of the engine.
        searcher: the open index, which answers impact vectors.

    Raises:
        InputError: the folder is not an index, the encoder is unknown or does not fit the index, or the engine is
            unknown.
        DiscoError: the engine cannot be started (no Java virtual machine, for example).
    """

    def __init__(
        self,
        index: PathLike[str] | str | Sequence[PathLike[str] | str],
        encoder: str | BatchEncoder = OWN_ENCODER,
        engine: str = DEFAULT_ENGINE,
        *,
        allow_partial: bool = False,
        open_searcher: OpenSearcher = open_searcher,
    ) -> None:
        folders = [Path(index)] if isinstance(index, str | PathLike) else list(map(Path, index))
        if not folders:
            raise InputError("expected the folder of an index, or the folders of several, found none")
        self.index = folders[0]
        self.engine = engine
        ENGINES.check(engine)
        if isinstance(encoder, str):
            encoder = query_encoder_for(self.index, encoder)
        else:
            check_encoder_fits(encoder, self.index)
        self.encoder = encoder
        shards = shard_folders(self.index) if isinstance(index, str | PathLike) else folders
        self.searcher: Searcher = open_searcher(self.index, shards, engine, allow_partial)

    def search(self, query: Query, k: int = 10, query_terms: int | None = None) -> Sequence[Hit]:
        """Search with one conversation or text.

        Args:
            query: the conversation or text.
            k: how many documents to return.
            query_terms: see `batch_search`.

        Returns:
            the best ``k`` documents, best first; equal scores are ordered by document id. Jupyter shows the list as a
            table.

        Raises:
            InputError: the query is empty, or ``k`` or ``query_terms`` is below 1.
            DiscoError: the searcher is closed.
        """
        return self.batch_search([query], ["query"], k, query_terms=query_terms)["query"]

    def batch_search(
        self,
        queries: Sequence[Query],
        qids: Sequence[str],
        k: int = 10,
        threads: int = 1,
        query_terms: int | None = None,
    ) -> dict[str, Sequence[Hit]]:
        """Search with several conversations or texts, which are encoded as one batch.

        Args:
            queries: the conversations or texts.
            qids: a unique id for each query.
            k: how many documents to return for each query.
            threads: how many threads search.
            query_terms: if given, retrieve candidates with this many of the query's highest-weighted terms, then
                rescore them with the full query: not exact.

        Returns:
            the best ``k`` documents of each query, by query id in the order of ``qids``.

        Raises:
            InputError: the ids do not match the queries or repeat, a query is empty, or ``k``, ``threads`` or
                ``query_terms`` is below 1.
            DiscoError: the searcher is closed.
        """
        check_batch(queries, qids, k, threads, query_terms)
        vectors = self.encoder.encode_batch(queries)
        found = self.searcher.search(vectors, k, threads=threads, query_terms=query_terms)
        return dict(zip(qids, map(Hits.of, found), strict=True))

    def explain(self, query: Query, docid: str) -> Explanation:
        """Explain the score of a document for a query, term by term.

        Args:
            query: the conversation or text.
            docid: the id of any document in the index; a document that shares no term with the query has score 0.

        Returns:
            the terms that add up to the score.

        Raises:
            InputError: the index has no such document, or the query is empty.
            DiscoError: the searcher is closed.
        """
        impacts = self.searcher.explain(self.encoder.encode_batch([query])[0], docid)
        if impacts is None:
            raise InputError(f"{self.index}: the index has no document {docid!r}: check the id")
        return Explanation.of(docid, impacts)

    def query_terms(self, query: Query) -> Mapping[str, int]:
        """Return the impacts of a query by token, including tokens that the index does not have.

        Raises:
            InputError: the query is empty.
        """
        return self.encoder.encode_batch([query])[0]

    def read(self, query: Query) -> Reading:
        """Say which word of a conversation gives each term of its query, and which words have no weight.

        Raises:
            InputError: the query is empty, or the encoder does not say where weights come from.
        """
        if not isinstance(self.encoder, ReadingEncoder):
            raise InputError(
                f"{type(self.encoder).__name__} has no method read: expected a query encoder of this package, such as "
                "disco_pyserini.query_encoder opens"
            )
        return self.encoder.read(query)

    def doc(self, docid: str) -> str | None:
        """Return the stored text of a document; None if there is no such document, or its text is not stored.

        Raises:
            DiscoError: the searcher is closed.
        """
        return self.searcher.text(docid)

    def close(self) -> None:
        """Close the index; closing it again does nothing."""
        self.searcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_batch(
    queries: Sequence[object], qids: Sequence[str], k: int, threads: int = 1, query_terms: int | None = None
) -> None:
    """Check the arguments of a search for several queries.

    Raises:
        InputError: the ids do not match the queries or repeat, or a number is below 1.
    """
    if len(queries) != len(qids):
        raise InputError(f"expected one query id per query, found {len(qids)} ids for {len(queries)} queries")
    if len(set(qids)) != len(qids):
        repeated = next(qid for i, qid in enumerate(qids) if qid in qids[:i])
        raise InputError(f"query id {repeated!r} is used twice: ids must be unique")
    check_numbers(k=k, threads=threads, query_terms=query_terms)
