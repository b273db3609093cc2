"""Searching an index with conversations or texts: a query encoder in front of an engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from disco_pyserini.conversation import Conversation
from disco_pyserini.errors import InputError
from disco_pyserini.search.encoder_names import OWN_ENCODER, check_encoder_fits, query_encoder_for
from disco_pyserini.search.engine import DEFAULT_ENGINE, ENGINES, Hit, Searcher
from disco_pyserini.search.explanation import Explanation

Query = str | Conversation


class BatchEncoder(Protocol):
    """What the searcher needs of a query encoder; `disco_pyserini.DiscoQueryEncoder` is one."""

    def encode_batch(self, texts: Sequence[Query], /) -> list[dict[str, int]]:
        """Return the impacts of each text by token."""


class DiscoSearcher:
    """Searches like Pyserini's ``LuceneImpactSearcher``: the same documents, scores and order.

    Args:
        index: the folder of an impact index.
        encoder: the name of an encoder as for ``--encoder``, or an encoder.
        engine: the name of the engine that searches.

    Raises:
        InputError: the folder is no index, the encoder does not fit it, or the engine is unknown.
        DiscoError: the engine cannot be started (no Java virtual machine, for example).
    """

    def __init__(
        self, index: Path | str, encoder: str | BatchEncoder = OWN_ENCODER, engine: str = DEFAULT_ENGINE
    ) -> None:
        self.index = Path(index)
        opened = ENGINES.get(engine)
        if isinstance(encoder, str):
            encoder = query_encoder_for(self.index, encoder)
        else:
            check_encoder_fits(encoder, self.index)
        self.encoder = encoder
        self.searcher: Searcher = opened.open(self.index)

    def search(self, query: Query, k: int = 10, query_terms: int | None = None) -> list[Hit]:
        """Return the best ``k`` documents for a conversation or a text, best first, ties by document id.

        ``query_terms`` is that of `batch_search`.
        """
        return self.batch_search([query], ["query"], k, query_terms=query_terms)["query"]

    def batch_search(
        self,
        queries: Sequence[Query],
        qids: Sequence[str],
        k: int = 10,
        threads: int = 1,
        query_terms: int | None = None,
    ) -> dict[str, list[Hit]]:
        """Return the best ``k`` documents of each query by query id, in the order of ``qids``.

        The queries are encoded as one batch, then searched on ``threads`` threads.

        Args:
            queries: conversations, or texts.
            qids: their ids.
            k: how many documents to return.
            threads: how many threads search.
            query_terms: if given, retrieve candidates with this many of the query's highest-weighted terms, then
                rescore them with the full query: faster, and not exact.

        Raises:
            InputError: the ids do not match the queries or repeat, or ``k``, ``threads`` or ``query_terms`` is below 1.
        """
        check_batch(queries, qids, k, threads, query_terms)
        vectors = self.encoder.encode_batch(queries)
        return dict(zip(qids, self.searcher.search(vectors, k, threads=threads, query_terms=query_terms), strict=True))

    def explain(self, query: Query, docid: str) -> Explanation:
        """Return the score of a document for a query, term by term.

        Raises:
            InputError: the index has no such document.
        """
        impacts = self.searcher.explain(self.encoder.encode_batch([query])[0], docid)
        if impacts is None:
            raise InputError(f"{self.index}: has no document {docid!r}: check its id")
        return Explanation.of(docid, impacts)

    def query_terms(self, query: Query) -> Mapping[str, int]:
        """Return the impacts of a query by token, including tokens that the index does not have."""
        return self.encoder.encode_batch([query])[0]

    def doc(self, docid: str) -> str | None:
        """Return the text stored for a document; None if there is no such document, or its text is not stored."""
        return self.searcher.text(docid)

    def close(self) -> None:
        """Close the index."""
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
    """Raise an `InputError` unless there is one unique id for each query, and all numbers are at least 1."""
    if len(queries) != len(qids):
        raise InputError(f"expected one query id per query, found {len(qids)} ids for {len(queries)} queries")
    if len(set(qids)) != len(qids):
        repeated = next(qid for i, qid in enumerate(qids) if qid in qids[:i])
        raise InputError(f"query id {repeated!r} is used twice: ids must be unique")
    for name, number in (("k", k), ("threads", threads), ("query_terms", query_terms)):
        if number is not None and number < 1:
            raise InputError(f"expected {name} to be at least 1, found {number}")
