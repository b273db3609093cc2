"""Building an index in shards: ordinary indexes of disjoint parts of the vectors, side by side in one folder.

A folder holds ``shard-00000`` and so on, and ``disco.json`` once all are complete. Each shard can be built by another
process or machine, as `build_shards` does it one after another: `plan_shards`, `build_shard` for each, `finish_shards`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Annotated

from disco_pyserini.errors import InputError
from disco_pyserini.files import folder_aside, move_up, write_aside
from disco_pyserini.records import Record, only, read_json
from disco_pyserini.search.engine import DEFAULT_ENGINE, ENGINES, IndexSummary, build_for
from disco_pyserini.search.index_manifest import FILE_NAME, IndexManifest, read_impact_manifest, write_index_manifest
from disco_pyserini.storage import AnyPath
from disco_pyserini.vectors.duplicates import SeenIds
from disco_pyserini.vectors.manifest import Count
from disco_pyserini.vectors.parts import VectorParts, read_part_ids
from disco_pyserini.vectors.stored import open_vectors

RECORD = "shard.json"

type Progress = Callable[[int], None]


class ShardRecord(Record):
    """What a shard was built from.

    Attributes:
        vectors: SHA-256 over the checksums of its parts.
        engines: the engines, as `build_for` takes them.
        store_raw: whether texts are stored, if the vectors have them.
        empty: the number of documents left out because they have no terms.
    """

    format: Annotated[str, only("disco-shard")] = "disco-shard"
    version: Annotated[int, only(1)] = 1
    vectors: str
    engines: str
    store_raw: bool
    empty: Count


def build_shards(
    vectors: AnyPath | str,
    index: Path | str,
    shards: int,
    *,
    engine: str = DEFAULT_ENGINE,
    threads: int = 1,
    store_raw: bool = True,
    progress: Progress | None = None,
) -> IndexSummary:
    """Build an index in shards, one after another, or continue: complete shards are kept.

    Args:
        vectors: a folder of vector parts. Each shard gets whole parts, which follow each other.
        index: the folder of the index; must be missing, empty, or hold what an interrupted call left.
        shards: how many shards.

    The other arguments are those of `disco_pyserini.search.build_index`.

    Returns:
        a summary of all shards together.

    Raises:
        InputError: ``index`` holds something else or shards of other vectors, an engine is unknown, two documents have
            the same id, or the vectors are damaged or not in parts.
        DiscoError: the engine or the file system failed.
    """
    began = perf_counter()
    index = Path(index)
    sources = plan_shards(vectors, index, shards, engine=engine, store_raw=store_raw)
    for number, source in enumerate(sources):
        build_shard(source, index, number, engine=engine, threads=threads, store_raw=store_raw, progress=progress)
    return replace(finish_shards(sources, index), seconds=perf_counter() - began)


def plan_shards(
    vectors: AnyPath | str, index: Path, shards: int, *, engine: str = DEFAULT_ENGINE, store_raw: bool = True
) -> list[VectorParts]:
    """Divide vector parts among shards, and check before anything is built that they can be indexed.

    The arguments are those of `build_shards`.

    Returns:
        the parts of each shard, in their order. They can be sent to another process.

    Raises:
        InputError: ``shards`` is below 1, an engine is unknown, the vectors are not in parts, two documents have the
            same id, or ``index`` holds something else, or shards built from other vectors or in another way.
    """
    if shards < 1:
        raise InputError(f"expected at least 1 shard, found {shards}")
    source = open_vectors(vectors)
    if not isinstance(source, VectorParts):
        raise InputError(f"{vectors}: expected vector parts, as `disco encode` writes them, to divide among shards")
    names = {_folder(index, number).name for number in range(shards)}
    begun = (".shard-", f".{FILE_NAME}.")
    if index.exists() and not (
        index.is_dir() and all(entry.name in names or entry.name.startswith(begun) for entry in index.iterdir())
    ):
        raise InputError(
            f"{index}: already there, and not what an interrupted build of {shards} shards leaves: choose another "
            "name, or remove it first"
        )
    for name in engine.split(","):
        ENGINES.check(name)
    ends = [len(source.parts) * number // shards for number in range(shards + 1)]
    sources = [
        replace(source, parts=(parts := source.parts[first:end]), total=sum(part.passages for _, part in parts))
        for first, end in pairwise(ends)
    ]
    for number, some in enumerate(sources):
        if (folder := _folder(index, number)).exists():
            _refuse_other(folder, _record(some, engine, store_raw))
    _refuse_duplicates(source)
    return sources


def build_shard(
    source: VectorParts,
    index: Path,
    number: int,
    *,
    engine: str = DEFAULT_ENGINE,
    threads: int = 1,
    store_raw: bool = True,
    progress: Progress | None = None,
) -> None:
    """Build a shard with all its engines aside, and rename it; a shard that is complete is kept.

    Args:
        source: its parts, from `plan_shards`.
        index: the folder of all shards.
        number: the number of the shard, from 0.

    The other arguments are those of `disco_pyserini.search.build_index`.

    Raises:
        InputError: there is a shard with this number, built from other parts or in another way.
        DiscoError: the engine or the file system failed.
    """
    folder = _folder(index, number)
    record = _record(source, engine, store_raw)
    if folder.exists():
        _refuse_other(folder, record)
        if progress:
            progress(source.total * len(engine.split(",")))
        return
    with folder_aside(folder) as aside:
        # Inside, so that what a killed engine leaves is removed with it.
        built = build_for(engine, source, aside / "index", threads=threads, store_raw=store_raw, progress=progress)
        move_up(built.directory)
        with write_aside(aside / RECORD) as lines:
            json.dump(record.model_copy(update={"empty": built.empty}).model_dump(), lines, indent=2)
            lines.write("\n")


def finish_shards(sources: Sequence[VectorParts], index: Path) -> IndexSummary:
    """Mark an index in shards as complete.

    Args:
        sources: what `plan_shards` returned.
        index: the folder of all shards.

    Returns:
        a summary of all shards together, without the seconds.

    Raises:
        InputError: a shard is missing, or was built from other parts or in another way than the others.
    """
    folders = [_folder(index, number) for number in range(len(sources))]
    first = _read(folders[0])
    for folder, source in zip(folders, sources, strict=True):
        _refuse_other(folder, _record(source, first.engines, first.store_raw))
    manifests = [manifest for folder in folders if (manifest := read_impact_manifest(folder))]
    whole = IndexManifest(
        space=sources[0].space,
        documents=sum(manifest.documents for manifest in manifests),
        postings=sum(manifest.postings or 0 for manifest in manifests),
        raw=any(manifest.raw for manifest in manifests),
        shards=tuple(folder.name for folder in folders),
    )
    write_index_manifest(whole, index)
    empty = sum(_read(folder).empty for folder in folders)
    return IndexSummary(index.absolute(), whole.documents, empty, whole.postings or 0, 0.0)


def _folder(index: Path, number: int) -> Path:
    return index / f"shard-{number:05}"


def _record(source: VectorParts, engine: str, store_raw: bool) -> ShardRecord:
    digest = hashlib.sha256("".join(part.sha256 for _, part in source.parts).encode()).hexdigest()
    return ShardRecord(vectors=digest, engines=engine, store_raw=store_raw, empty=0)


def _read(folder: Path) -> ShardRecord:
    return ShardRecord.check(read_json(folder / RECORD), str(folder / RECORD))


def _refuse_other(folder: Path, wanted: ShardRecord) -> None:
    found, expected = (record.model_dump(exclude={"empty"}) for record in (_read(folder), wanted))
    if changed := [name for name in expected if found[name] != expected[name]]:
        what = ", ".join(f"{name} {found[name]!r:.20} instead of {expected[name]!r:.20}" for name in changed)
        raise InputError(
            f"{folder}: was built from other vectors or in another way: {what}: build it with the same options, or "
            "choose another folder"
        )


def _refuse_duplicates(source: VectorParts) -> None:
    """Check that no id is in two folders of parts; `disco encode` checks each folder."""
    if len({folder for folder, _ in source.parts}) < 2:
        return
    seen, suspects = SeenIds(), set[str]()
    for folder, part in source.parts:
        suspects |= seen.add(read_part_ids(folder, part))
    if not suspects:
        return
    uses = Counter(docid for folder, part in source.parts for docid in read_part_ids(folder, part) if docid in suspects)
    if repeated := sorted(docid for docid, number in uses.items() if number > 1):
        raise InputError(
            f"{len(repeated)} document id(s) belong to more than one document, such as {repeated[0]!r}: ids must be "
            "unique"
        )
