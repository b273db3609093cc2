"""Building the impact index that Pyserini's impact search opens."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.files import folder_aside
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.document_writer import DocumentWriter, TextBatch, java_failures
from disco_pyserini.lucene.impact_text import TermTable, impact_analyzer
from disco_pyserini.search.engine import IndexSummary
from disco_pyserini.search.index_manifest import IndexManifest, write_index_manifest
from disco_pyserini.vectors.batch import VectorBatch, VectorSource

Progress = Callable[[int], None]


def build_index(
    source: VectorSource,
    directory: Path,
    *,
    threads: int = 1,
    store_raw: bool = True,
    progress: Progress | None = None,
) -> IndexSummary:
    """Build a Lucene impact index that returns the same results as one that Anserini builds from the same vectors.

    The index is built in a folder beside ``directory`` and renamed when complete. Documents without terms are skipped,
    as in Anserini, and counted.

    Args:
        source: the vectors, from `disco_pyserini.vectors.open_vectors`.
        directory: the index folder; must be missing or empty.
        threads: 1 does everything on the calling thread; more start that many writer threads.
        store_raw: store the passages' texts, if the vectors have them, for `Hit.text` and Pyserini's
            ``searcher.doc(docid).raw()``.
        progress: called with the number of documents written since the last call.

    Raises:
        InputError: ``directory`` exists, two documents share an id, or the vectors cannot be indexed.
        DiscoError: Lucene or the file system failed (a full disk, for example).
    """
    if threads < 1:
        raise InputError(f"the number of threads must be at least 1, found {threads}")
    began = perf_counter()
    directory = directory.absolute()
    with folder_aside(directory) as aside, java_failures(directory):
        count = write_vectors(source, aside, threads, store_raw, progress)
        count.refuse_duplicates(source)
        manifest = IndexManifest(space=source.space, documents=count.documents, postings=count.postings, raw=count.raw)
        write_index_manifest(manifest, aside)
    return IndexSummary(directory, count.documents, count.empty, count.postings, perf_counter() - began)


@dataclass
class DocumentCount:
    """What was written."""

    documents: int = 0
    empty: int = 0
    postings: int = 0
    raw: bool = False
    id_hashes: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, batch: VectorBatch, documents: int) -> None:
        self.documents += documents
        self.empty += len(batch) - documents
        self.postings += int(np.count_nonzero(batch.impacts[batch.offsets[0] : batch.offsets[-1]]))
        self.id_hashes.append(_hashes(batch))

    def refuse_duplicates(self, source: VectorSource) -> None:
        """Raise an `InputError` for duplicate ids: found by 8-byte hashes, then named in a second pass."""
        hashes, uses = np.unique(np.concatenate(self.id_hashes or [np.zeros(0, np.int64)]), return_counts=True)
        suspects = hashes[uses > 1]
        if not len(suspects):
            return
        names = Counter(
            docid
            for batch in source.batches()
            for docid, suspect in zip(batch.ids, np.isin(_hashes(batch), suspects), strict=True)
            if suspect
        )
        repeated = [docid for docid, number in names.items() if number > 1]
        if repeated:
            examples = ", ".join(map(repr, repeated[:3]))
            raise InputError(
                f"{len(repeated)} document id(s) belong to more than one document, such as {examples}: "
                "ids must be unique"
            )


def _hashes(batch: VectorBatch) -> NDArray[np.int64]:
    return np.fromiter(map(hash, batch.ids), dtype=np.int64, count=len(batch))


def write_vectors(
    source: VectorSource,
    folder: Path,
    threads: int,
    store_raw: bool,
    progress: Progress | None,
    replaced: Collection[str] = (),
) -> DocumentCount:
    """Add vectors to a Lucene folder; first delete the documents ``replaced`` from it."""

    jnius = jvm.start()
    similarity = jnius.autoclass("io.anserini.search.similarity.ImpactSimilarity")()
    count, table = DocumentCount(), TermTable(source.vocabulary)

    def texts() -> Iterator[TextBatch]:
        for batch in source.batches():
            text = table.text(batch, store_raw)
            count.add(batch, len(text.ids))
            count.raw = text.raw is not None
            yield text

    with DocumentWriter(folder, impact_analyzer(jnius), similarity) as writer:
        if replaced:
            writer.delete(replaced)
        for documents in _add_all(writer, texts(), threads):
            if progress is not None:
                progress(documents)
        if replaced:
            writer.merge_deletions_away()
    return count


def _add_all(writer: DocumentWriter, texts: Iterator[TextBatch], threads: int) -> Iterator[int]:
    """Write all batches; yield the number of documents of each batch once it is written."""
    if threads == 1:
        for text in texts:
            writer.add(text)
            yield len(text.ids)
        return
    with ThreadPoolExecutor(threads) as pool:
        # Limit the queue: batches are prepared faster than they are written, and would fill the memory.
        waiting: deque[Future[int]] = deque()
        try:
            for text in texts:
                waiting.append(pool.submit(_add_on_thread, writer, text))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _add_on_thread(writer: DocumentWriter, text: TextBatch) -> int:
    try:
        writer.add(text)
    finally:
        # A thread that ends while attached to the JVM would keep the JVM from shutting down.
        jvm.start().detach()
    return len(text.ids)
