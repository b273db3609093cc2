"""Searching an impact index from Python, without the twelve seconds that importing Pyserini takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from disco_pyserini.conversation import Conversation
from disco_pyserini.errors import InputError
from disco_pyserini.files import write_aside
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.names import OWN_ENCODER, check_encoder_fits, query_encoder_for
from disco_pyserini.lucene.retrieval import Hit, Retrievers

Query = str | Conversation


class BatchEncoder(Protocol):
    """What the searcher needs of a query encoder; `disco_pyserini.DiscoQueryEncoder` is one."""

    def encode_batch(self, texts: Sequence[Query]) -> list[dict[str, int]]: ...


class DiscoSearcher:
    """Searches like Pyserini's ``LuceneImpactSearcher``: the same documents, scores and order.

    Args:
        index: the folder of an impact index.
        encoder: the name of an encoder as for ``--encoder``, or an encoder.

    Raises:
        InputError: the folder is no index, or the encoder does not fit it.
        DiscoError: the Java virtual machine does not start.
    """

    def __init__(self, index: Path | str, encoder: str | BatchEncoder = OWN_ENCODER) -> None:
        self.index = Path(index)
        if isinstance(encoder, str):
            encoder = query_encoder_for(self.index, encoder)
        else:
            check_encoder_fits(encoder, self.index)
        self.encoder = encoder
        jnius = jvm.start()
        with jvm.shared_classes:
            self._searcher = jnius.autoclass("io.anserini.search.SimpleImpactSearcher")(str(self.index))
            self._reader = self._searcher.reader
            self._term = jnius.autoclass("org.apache.lucene.index.Term")
            self._documents: int = self._reader.numDocs()
        self._counts: dict[str, bool] = {}
        self._retrievers = Retrievers(self._reader)

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
            query_terms: faster, and not exact: so many terms of a query, its heaviest, find candidates, of which the
                best ``k`` by the whole query are returned. Their scores are those of the whole query.

        Raises:
            InputError: the ids are not as many as the queries, one is used twice, or ``query_terms`` is less than 1.
        """
        check_ids(queries, qids)
        vectors = [self.discriminating(vector) for vector in self.encoder.encode_batch(queries)]
        return dict(zip(qids, self._retrievers.search(vectors, k, query_terms, threads), strict=True))

    def query_terms(self, query: Query) -> set[str]:
        """Return the tokens that a query is searched with, before those that the index does not know are dropped."""
        return set(self.encoder.encode_batch([query])[0])

    def doc(self, docid: str) -> str | None:
        """Return the text stored for a document; None if there is no such document, or its text is not stored."""
        with jvm.shared_classes:
            raw = self._searcher.doc_raw(docid)
        if raw is None:
            return None
        try:
            record = json.loads(raw)
        except ValueError:
            return str(raw)
        return str(record["contents"]) if isinstance(record, dict) and "contents" in record else str(raw)

    def close(self) -> None:
        """Close the index."""
        with jvm.shared_classes:
            self._searcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def discriminating(self, vector: Mapping[str, int]) -> dict[str, int]:
        """Return the part of a vector that is searched with: tokens that stand in some documents, but not in all."""
        return {token: impact for token, impact in vector.items() if self._discriminates(token)}

    def _discriminates(self, token: str) -> bool:
        # Pyserini drops terms with idf = log(documents / frequency) <= 0: those in no document or in all of them.
        known = self._counts.get(token)
        if known is None:
            with jvm.shared_classes:
                known = 0 < self._reader.docFreq(self._term("contents", token)) < self._documents
            self._counts[token] = known
        return known


def check_ids(queries: Sequence[Query], qids: Sequence[str]) -> None:
    """Raise an `InputError` unless there is one id of its own for each query."""
    if len(queries) != len(qids):
        raise InputError(f"expected one query id per query, found {len(qids)} ids for {len(queries)} queries")
    if len(set(qids)) != len(qids):
        repeated = next(qid for i, qid in enumerate(qids) if qid in qids[:i])
        raise InputError(f"query id {repeated!r} is used twice: ids must be unique")


def write_run(results: Mapping[str, Sequence[Hit]], path: Path, tag: str = "Anserini") -> None:
    """Write hits as a TREC run, byte for byte as Pyserini's search command does with ``--output``.

    Queries stand in the order of ``results``; Pyserini sorts them by id.
    """
    with write_aside(path) as lines:
        for qid, hits in results.items():
            lines.writelines(run_lines(qid, hits, tag))


def run_lines(qid: str, hits: Sequence[Hit], tag: str = "Anserini") -> Iterator[str]:
    """The lines of one query in a TREC run."""
    return (f"{qid} Q0 {hit.docid.strip()} {rank} {hit.score:.6f} {tag}\n" for rank, hit in enumerate(hits, 1))
