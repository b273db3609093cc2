"""Fast document indexing with Lucene: text crosses from Python to Java once per batch, not once per document."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self

from disco_pyserini.errors import DiscoError
from disco_pyserini.lucene import jvm

_RAM_BUFFER_MB = 512.0
_IDS_PER_CALL = 1_000


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Documents as Lucene's analyzer reads them.

    Document ``i`` is ``text[ends[i]:ends[i + 1]]``, counted in UTF-16 units as Java does.
    """

    ids: Sequence[str]
    text: str
    ends: Sequence[int]
    raw: Sequence[str] | None = None


def raw_document(docid: str, contents: str) -> str:
    """Return the stored field ``raw`` in the shape that Pyserini users expect: ``json.loads(raw)["contents"]``."""
    return json.dumps({"id": docid, "contents": contents}, ensure_ascii=False)


def stored_text(raw: str | None) -> str | None:
    """Return the text in a stored field ``raw``: its ``contents``, or all of it if another program wrote plain text."""
    if raw is None:
        return None
    try:
        record = json.loads(raw)
    except ValueError:
        return str(raw)
    return str(record["contents"]) if isinstance(record, dict) and "contents" in record else str(raw)


class DocumentWriter:
    """Writes documents in Anserini's layout: a field ``id`` and an indexed field ``contents``."""

    def __init__(self, directory: Path, analyzer: Any, similarity: Any) -> None:
        jnius = jvm.start()
        config = jnius.autoclass("org.apache.lucene.index.IndexWriterConfig")(analyzer)
        config.setSimilarity(similarity)
        config.setRAMBufferSizeMB(_RAM_BUFFER_MB)
        config.setUseCompoundFile(False)
        policy = jnius.autoclass("org.apache.lucene.index.TieredMergePolicy")()
        policy.setForceMergeDeletesPctAllowed(0.0)
        config.setMergePolicy(policy)
        self._text_type = jnius.autoclass("org.apache.lucene.document.FieldType")()
        self._text_type.setIndexOptions(jnius.autoclass("org.apache.lucene.index.IndexOptions").DOCS_AND_FREQS)
        self._stored = jnius.autoclass("org.apache.lucene.document.Field$Store").YES
        self._threads = threading.local()
        folder = jnius.autoclass("java.io.File")(str(directory)).toPath()
        self._directory = jnius.autoclass("org.apache.lucene.store.FSDirectory").open(folder)
        self._java = _java_classes(jnius)
        self._writer = self._java.IndexWriter(self._directory, config)

    def add(self, batch: TextBatch) -> None:
        """Add the documents of a batch. Thread-safe; each thread must call ``jnius.detach()`` before it ends."""
        java = self._classes_of_this_thread()
        id_bytes = [docid.encode() for docid in batch.ids]
        docid = java.StringField("id", "", self._stored)
        tie_breaker = java.BytesRef(b"".join(id_bytes))
        contents = java.CharsRef(batch.text)
        raw = java.StoredField("raw", "") if batch.raw is not None else None
        document = java.ArrayList()
        document.add(docid)
        document.add(java.BinaryDocValuesField("id", tie_breaker))
        document.add(java.Field("contents", contents, self._text_type))
        if raw is not None:
            document.add(raw)
        add_document, ends = self._writer.addDocument, batch.ends
        tie_breaker.length = 0
        # Reuse one Java document for the whole batch: Lucene copies what it needs before addDocument returns.
        for i, name in enumerate(batch.ids):
            docid.setStringValue(name)
            tie_breaker.offset += tie_breaker.length
            tie_breaker.length = len(id_bytes[i])
            contents.offset = ends[i]
            contents.length = ends[i + 1] - ends[i]
            if raw is not None and batch.raw is not None:
                raw.setStringValue(batch.raw[i])
            add_document(document)

    def delete(self, ids: Iterable[str]) -> None:
        """Delete the documents with these ids, from what was added before."""
        for some in batched(ids, _IDS_PER_CALL):
            self._writer.deleteDocuments([self._java.Term("id", docid) for docid in some])

    def merge_deletions_away(self) -> None:
        """Rewrite every segment that has deleted documents, whose terms would still count in document frequencies."""
        self._writer.forceMergeDeletes()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write everything to disk and close; after an error, roll back and close."""
        try:
            if problem is None:
                self._writer.close()
            else:
                self._writer.rollback()
        finally:
            self._directory.close()

    def _classes_of_this_thread(self) -> SimpleNamespace:
        if not hasattr(self._threads, "java"):
            self._threads.java = _java_classes(jvm.start())
        java: SimpleNamespace = self._threads.java
        return java


@contextmanager
def java_failures(directory: Path) -> Iterator[None]:
    """Turn a Java exception into a `DiscoError` that says which folder could not be written, and why."""
    jnius = jvm.start()
    try:
        yield
    except jnius.JavaException as problem:
        reason = getattr(problem, "innermessage", None) or str(problem)
        if "heap space" in reason:
            reason += f" (give Java more memory: {jvm.OPTIONS_VARIABLE}=-Xmx8g)"
        raise DiscoError(f"cannot write the index {directory}: {reason}: nothing was left there") from problem


def _java_classes(jnius: Any) -> SimpleNamespace:
    def slice_fields() -> dict[str, Any]:
        return {"offset": jnius.JavaField("I"), "length": jnius.JavaField("I")}

    declare, method, text = jvm.declare, jnius.JavaMethod, "Ljava/lang/String;"
    document = "org/apache/lucene/document"
    return SimpleNamespace(
        IndexWriter=declare(
            "org/apache/lucene/index/IndexWriter",
            "(Lorg/apache/lucene/store/Directory;Lorg/apache/lucene/index/IndexWriterConfig;)V",
            addDocument=method("(Ljava/lang/Iterable;)J"),
            deleteDocuments=method("([Lorg/apache/lucene/index/Term;)J"),
            forceMergeDeletes=method("()Lorg/apache/lucene/index/MergePolicy$MergeObserver;"),
            close=method("()V"),
            rollback=method("()V"),
        ),
        Term=declare("org/apache/lucene/index/Term", f"({text}{text})V"),
        ArrayList=declare("java/util/ArrayList", "()V", add=method("(Ljava/lang/Object;)Z")),
        BytesRef=declare("org/apache/lucene/util/BytesRef", "([B)V", **slice_fields()),
        CharsRef=declare("org/apache/lucene/util/CharsRef", f"({text})V", **slice_fields()),
        StringField=declare(
            f"{document}/StringField", f"({text}{text}L{document}/Field$Store;)V", setStringValue=method(f"({text})V")
        ),
        StoredField=declare(f"{document}/StoredField", f"({text}{text})V", setStringValue=method(f"({text})V")),
        BinaryDocValuesField=declare(f"{document}/BinaryDocValuesField", f"({text}Lorg/apache/lucene/util/BytesRef;)V"),
        Field=declare(
            f"{document}/Field", f"({text}Ljava/lang/CharSequence;Lorg/apache/lucene/index/IndexableFieldType;)V"
        ),
    )
