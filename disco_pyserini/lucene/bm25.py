"""BM25 over passages with Anserini's default settings: for baselines and for mining training negatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import batched
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from disco_pyserini.errors import InputError
from disco_pyserini.files import folder_aside
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.document_writer import (
    DocumentWriter,
    TextBatch,
    java_failures,
    raw_document,
    stored_text,
)
from disco_pyserini.lucene.in_use import InUse
from disco_pyserini.lucene.index_reading import reading_failures
from disco_pyserini.search.hits import Hit, Hits
from disco_pyserini.search.index_manifest import BM25, IndexManifest, read_index_manifest, write_index_manifest
from disco_pyserini.search.searcher import check_batch
from disco_pyserini.vectors.part_writer import PassageLike

_PASSAGES_PER_BATCH = 1000


def build_bm25_index(
    passages: Iterable[PassageLike],
    directory: Path | str,
    *,
    store_raw: bool = True,
    progress: Callable[[int], None] = lambda passages: None,
) -> int:
    """Build the index that `Bm25Searcher` and Pyserini's default search (``--bm25``) open.

    The index is built in a folder beside ``directory``, and renamed when it is complete.

    Args:
        passages: the corpus.
        directory: the index folder; must be missing or empty.
        store_raw: store the passages' texts, for Pyserini's ``searcher.doc(docid).raw()``.
        progress: called with the number of passages written since the last call.

    Returns:
        the number of passages.

    Raises:
        InputError: ``directory`` exists, or two passages have the same id.
        DiscoError: Lucene or the file system failed.
    """
    directory = Path(directory).absolute()
    seen: set[str] = set()

    def texts() -> Iterator[TextBatch]:
        for batch in batched(passages, _PASSAGES_PER_BATCH):
            for passage in batch:
                if passage.id in seen:
                    raise InputError(f"document id {passage.id!r} belongs to more than one passage: ids must be unique")
                seen.add(passage.id)
            ends = np.cumsum([0, *(len(passage.contents.encode("utf-16-le")) // 2 for passage in batch)])
            text = "".join(passage.contents for passage in batch)
            raw = [raw_document(passage.id, passage.contents) for passage in batch] if store_raw else None
            yield TextBatch([passage.id for passage in batch], text, ends.tolist(), raw)

    with folder_aside(directory) as aside, java_failures(directory):
        jnius = jvm.start()
        analyzer = _english_analyzer(jnius)
        similarity = jnius.autoclass("org.apache.lucene.search.similarities.BM25Similarity")()
        with DocumentWriter(aside, analyzer, similarity) as writer:
            for batch in texts():
                writer.add(batch)
                progress(len(batch.ids))
        manifest = IndexManifest(space=None, documents=len(seen), postings=None, raw=store_raw, kind=BM25)
        write_index_manifest(manifest, aside)
    return len(seen)


def _english_analyzer(jnius: Any) -> Any:
    return jnius.autoclass("io.anserini.analysis.DefaultEnglishAnalyzer").newDefaultInstance()


class Bm25Searcher:
    """Searches like ``python -m pyserini.search.lucene --bm25``: k1=0.9, b=0.4, Porter stems.

    Use it in a ``with`` block, or call `close` at the end.

    Args:
        index: the folder of a text index.

    Raises:
        InputError: the folder is not a Lucene index, or it is damaged.
    """

    def __init__(self, index: Path | str) -> None:
        self.index = Path(index)
        self._in_use = InUse(self.index)
        read_index_manifest(self.index)
        self._jnius = jvm.start()
        with reading_failures(self.index):
            self._searcher = self._jnius.autoclass("io.anserini.search.SimpleSearcher")(str(self.index))

    def batch_search(
        self, queries: Sequence[str], qids: Sequence[str], k: int = 10, threads: int = 1
    ) -> dict[str, Sequence[Hit]]:
        """Search with several texts.

        Args:
            queries: the texts.
            qids: a unique id for each query.
            k: how many passages to return for each query.
            threads: how many threads search.

        Returns:
            the best ``k`` passages of each query, by query id in the order of ``qids``.

        Raises:
            InputError: the ids do not match the queries or repeat, or ``k`` or ``threads`` is below 1.
            DiscoError: the searcher is closed.
        """
        check_batch(queries, qids, k, threads)
        with self._in_use.call():
            texts, ids = (self._jnius.autoclass("java.util.ArrayList")() for _ in range(2))
            for query, qid in zip(queries, qids, strict=True):
                texts.add(query)
                ids.add(str(qid))
            found = self._searcher.batch_search(texts, ids, int(k), int(threads))
            return {
                qid: Hits.of([Hit(hit.docid, hit.score, self) for hit in found.get(str(qid)) or ()]) for qid in qids
            }

    def text(self, docid: str) -> str | None:
        """Return the stored text of a passage; None if there is no such passage, or its text is not stored.

        Raises:
            DiscoError: the searcher is closed.
        """
        with self._in_use.call():
            return stored_text(self._searcher.doc_raw(docid))

    def query_terms(self, query: str) -> set[str]:
        """Return the stems that a query is analysed into."""
        analyzer = _english_analyzer(self._jnius)
        return set(self._jnius.autoclass("io.anserini.analysis.AnalyzerUtils").analyze(analyzer, query).toArray())

    def close(self) -> None:
        """Close the index; closing it again does nothing."""
        if self._in_use.end():
            self._searcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
