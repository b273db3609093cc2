"""From vectors or passages to an index, with any engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from disco_pyserini.cards import DEFAULT_ENCODER
from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.errors import InputError
from disco_pyserini.files import refuse_existing, temporary_folder
from disco_pyserini.passages import Passage
from disco_pyserini.search.engine import DEFAULT_ENGINE, ENGINES, IndexSummary, build_for
from disco_pyserini.vectors import VectorSource, encode_corpus, open_vectors
from disco_pyserini.vectors.part_writer import PassageLike


def build_index(
    vectors_or_passages: VectorSource | Path | str | Iterable[PassageLike | Mapping[str, str]],
    path: Path | str,
    *,
    encoder: str | DiscoDocumentEncoder = DEFAULT_ENCODER,
    engine: str = DEFAULT_ENGINE,
    threads: int = 1,
    store_raw: bool = True,
    progress: Callable[[int], None] | None = None,
) -> IndexSummary:
    """Build the index that `DiscoSearcher` searches.

    The index is built in a folder beside ``path``, and renamed when it is complete. Documents without terms are
    skipped and counted.

    Args:
        vectors_or_passages: the documents: a folder of vectors that `encode_corpus` wrote, an open `VectorSource`, or
            passages, which are encoded first. A passage is a dict with ``id`` and ``contents``, or an object with these
            attributes. Passages are read one at a time; their vectors go to a temporary folder beside ``path``.
        path: the index folder; must be missing or empty.
        encoder: encodes passages: the name of an encoder, or the encoder. Not used for vectors.
        engine: the name of the engine that builds the index, or several for one folder: ``lucene,flat``.
        threads: how many threads build the index; encoding does not use them.
        store_raw: store the documents' texts in the index, for `Hit.text`.
        progress: called with the number of documents that were encoded (passages) or written (vectors) since the last
            call.

    Returns:
        a summary of the index.

    Raises:
        InputError: ``path`` exists, the encoder or engine is unknown, a passage has no id or no text, two documents
            have the same id, there are no passages, or the vectors are damaged.
        DiscoError: the engine or the file system failed (a full disk, for example).
    """
    path = Path(path)
    for name in engine.split(","):
        ENGINES.check(name)
    if isinstance(vectors_or_passages, str | Path):
        vectors_or_passages = open_vectors(vectors_or_passages)
    if isinstance(vectors_or_passages, Iterable):
        refuse_existing(path)
        with encoded_beside(path, vectors_or_passages, encoder, store_raw=store_raw, progress=progress) as source:
            return build_for(engine, source, path, threads=threads, store_raw=store_raw)
    return build_for(engine, vectors_or_passages, path, threads=threads, store_raw=store_raw, progress=progress)


@contextmanager
def encoded_beside(
    path: Path,
    passages: Iterable[PassageLike | Mapping[str, str]],
    encoder: str | DiscoDocumentEncoder,
    *,
    store_raw: bool,
    progress: Callable[[int], None] | None,
) -> Iterator[VectorSource]:
    """Encode passages into a temporary folder beside ``path``, for the time of a ``with`` block."""
    with temporary_folder(path, ".vectors") as folder:
        encode_corpus(_passages(passages), folder, encoder, store_raw=store_raw, progress=progress)
        yield open_vectors(folder)


def _passages(records: Iterable[object]) -> Iterator[Passage]:
    number = 0
    for number, record in enumerate(records, 1):
        fields = record if isinstance(record, Mapping) else {name: getattr(record, name, None) for name in _FIELDS}
        docid, contents = (fields.get(name) for name in _FIELDS)
        if not isinstance(docid, str) or docid.split() != [docid]:
            raise InputError(
                f"passage {number}: expected an id without white space, as text, found {docid!r:.80}: pass dicts with "
                "'id' and 'contents', or objects with these attributes"
            )
        if not isinstance(contents, str) or not contents.strip():
            raise InputError(f"passage {number} ({docid}): expected contents with text, found {contents!r:.80}")
        yield Passage(docid, contents)
    if not number:
        raise InputError("expected at least one passage to index, found none")


_FIELDS = ("id", "contents")
