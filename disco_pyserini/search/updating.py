"""Adding documents to an index, replacing and deleting them, without encoding the others again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.files import only_run, replace_folder
from disco_pyserini.search.engine import DEFAULT_ENGINE, ENGINES, IndexSummary, UpdateIndex
from disco_pyserini.search.index_manifest import read_impact_manifest
from disco_pyserini.search.indexing import encoded_beside
from disco_pyserini.vectors import VectorBatch, VectorSource, open_vectors
from disco_pyserini.vectors.manifest import VectorSpace
from disco_pyserini.vectors.part_writer import PassageLike
from disco_pyserini.vectors.pipeline import space_of


def update_index(
    index: PathLike[str] | str,
    vectors_or_passages: VectorSource | Path | str | Iterable[PassageLike | Mapping[str, str]] = (),
    *,
    delete: Collection[str] = (),
    encoder: DiscoDocumentEncoder | None = None,
    engine: str = DEFAULT_ENGINE,
    threads: int = 1,
    output: Path | str | None = None,
    progress: Callable[[int], None] | None = None,
) -> IndexSummary:
    """Add documents to an index; those whose ids it has are replaced. Delete others.

    The updated index is built beside the old one, and takes its place when it is complete. It answers every query like
    an index that is built anew. Open searchers keep searching the old one.

    Args:
        index: the folder of the index.
        vectors_or_passages: the documents to add, as `build_index` takes them; by default none.
        delete: ids of documents to delete; ids of no document are ignored.
        encoder: encodes passages; by default the encoder and backend that the index was made with.
        engine: the name of the engine that the index belongs to, or those of all: ``lucene,flat``.
        threads: how many threads write the index.
        output: write the updated index to this folder, and leave the old one alone.
        progress: called with the number of documents that were encoded (passages) or written (vectors) since the last
            call.

    Returns:
        a summary of the updated index.

    Raises:
        InputError: the index or the vectors cannot be read, the vectors do not fit the index, a document is added
            and deleted, two documents have the same id, or no document would be left.
        DiscoError: the engine cannot update an index, or the engine or the file system failed. The index is unchanged.
    """
    index = Path(index)
    update = _update_by(engine.split(","))
    manifest = read_impact_manifest(index)
    if others := sorted({entry.name for entry in index.iterdir() if entry.is_dir()} - {*engine.split(",")}):
        raise InputError(
            f"{index}: the engine {engine} can update its own files only, found those of others: {', '.join(others)}: "
            f"name all engines of the index (--engine {engine},{','.join(others)}), or build it anew"
        )
    if manifest is None or manifest.space is None:
        raise InputError(f"{index}: does not say which encoder made it, so nothing can be added: build it anew")
    with ExitStack() as stack:
        if isinstance(vectors_or_passages, str | Path):
            source = open_vectors(Path(vectors_or_passages))
        elif not isinstance(vectors_or_passages, Iterable):
            source = vectors_or_passages
        elif vectors_or_passages == ():
            source = _NoVectors(manifest.space)
        else:
            encoder = encoder or _encoder_of(manifest.space)
            _refuse_other_space(index, manifest.space, space_of(encoder))
            source = stack.enter_context(
                encoded_beside(index, vectors_or_passages, encoder, store_raw=manifest.raw, progress=progress)
            )
            progress = None
        _refuse_other_space(index, manifest.space, source.space)
        _refuse_both(source, delete)
        if output is not None:
            return update(index, source, delete, Path(output), threads=threads, progress=progress)
        stack.enter_context(only_run(index))
        place = index.resolve()
        updated = place.with_name(f".{place.name}.updated")
        stack.callback(shutil.rmtree, updated, ignore_errors=True)
        shutil.rmtree(updated, ignore_errors=True)
        summary = update(index, source, delete, updated, threads=threads, progress=progress)
        replace_folder(updated, place)
    return IndexSummary(index, summary.documents, summary.empty, summary.postings, summary.seconds)


def _update_by(names: Sequence[str]) -> UpdateIndex:
    """Return a function that updates the files of several engines in one folder."""
    updates = []
    for name in names:
        update = ENGINES.get(name).update
        if update is None:
            raise InputError(f"the engine {name} cannot update an index: build the index anew")
        updates.append(update)

    def update_all(
        index: Path,
        source: VectorSource,
        delete: Collection[str],
        directory: Path,
        *,
        threads: int = 1,
        progress: Callable[[int], None] | None = None,
    ) -> IndexSummary:
        summary = updates[0](index, source, delete, directory, threads=threads, progress=progress)
        for update in updates[1:]:
            update(index, source, delete, directory, threads=threads)
        return summary

    return update_all


@dataclass(frozen=True, slots=True)
class _NoVectors:
    """A `VectorSource` without vectors."""

    space: VectorSpace
    vocabulary: Sequence[str] = ()
    total: int = 0

    def batches(self) -> Iterator[VectorBatch]:
        return iter(())


def _encoder_of(space: VectorSpace) -> DiscoDocumentEncoder:
    return document_encoder(space.encoder, max_length=space.max_length, backend=space.backend)


def _refuse_other_space(index: Path, wanted: VectorSpace, found: VectorSpace | None) -> None:
    old, new = wanted.model_dump(), found.model_dump() if found else {}
    if changed := [name for name in old if old[name] != new.get(name)]:
        what = ", ".join(f"{name} {new.get(name)!r:.60} instead of {old[name]!r:.60}" for name in changed)
        raise InputError(
            f"{index}: the new documents were encoded in another way: {what}: encode them as the index was"
        )


def _refuse_both(source: VectorSource, delete: Collection[str]) -> None:
    if not delete:
        return
    unwanted = set(delete)
    for batch in source.batches():
        if both := unwanted.intersection(batch.ids):
            raise InputError(f"expected each document to be added or deleted, found {min(both)!r} in both")
