"""Folders of vector parts: their layout, and how to read them.

A folder holds ``part-00000.parquet`` and so on, ``vocabulary.json`` (the tokens in the order of their ids) and
``manifest.json``. If several machines share the work, each writes such a folder, ``shard-I-of-N``, into one folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from disco_pyserini.errors import InputError
from disco_pyserini.storage import AnyPath
from disco_pyserini.vectors.batch import VectorBatch
from disco_pyserini.vectors.manifest import MANIFEST, Manifest, Part, VectorSpace, vocabulary_hash
from disco_pyserini.vectors.parquet import from_parquet, read_ids

VOCABULARY = "vocabulary.json"
_SHARD = re.compile(r"shard-(\d+)-of-(\d+)")


@dataclass(frozen=True, slots=True)
class VectorParts:
    """Complete vector parts: a `disco_pyserini.vectors.VectorSource`."""

    space: VectorSpace
    vocabulary: Sequence[str]
    total: int
    parts: Sequence[tuple[AnyPath, Part]]

    def batches(self) -> Iterator[VectorBatch]:
        """Read all vectors, in the order of parts (and of shards); see `VectorSource.batches`."""
        for folder, part in self.parts:
            with _as_written(folder / part.file):
                yield from from_parquet(read_part(folder, part), len(self.vocabulary))


def has_parts(directory: AnyPath) -> bool:
    """Whether a folder has vector parts, or shards of them."""
    return (directory / MANIFEST).exists() or bool(_shards(directory))


def read_parts(directory: AnyPath) -> VectorParts:
    """Open a folder of vector parts, or a folder with all shards.

    Raises:
        InputError: parts or shards are missing, or the shards do not belong together.
    """
    folders = _shards(directory) or [directory]
    manifests = [_complete(folder) for folder in folders]
    space = manifests[0].space
    for folder, manifest in zip(folders, manifests, strict=True):
        if changed := differences(manifests[0], manifest):
            raise InputError(f"{folder}: does not belong to {folders[0].name}: {changed}: encode all shards alike")
    sizes = [manifest.passages for manifest in manifests]
    if max(sizes) - min(sizes) > 1:
        raise InputError(
            f"{directory}: expected shards of equal size, found {min(sizes):,} to {max(sizes):,} passages: "
            "encode all shards from the same corpus"
        )
    vocabulary = _vocabulary(folders[0], space)
    parts = [(folder, part) for folder, manifest in zip(folders, manifests, strict=True) for part in manifest.parts]
    return VectorParts(space, vocabulary, sum(sizes), parts)


def differences(before: Manifest, now: Manifest) -> str:
    """Describe the settings that differ between two manifests; return an empty string if none do."""
    old, new = before.settings(), now.settings()
    return ", ".join(f"{name} was {old[name]!r} and is {new[name]!r}" for name in old if old[name] != new[name])


def refuse_other_settings(folder: AnyPath, before: Manifest, now: Manifest) -> None:
    """Raise an `InputError` if a run cannot continue the previous one because their settings differ."""
    if changed := differences(before, now):
        raise InputError(
            f"{folder}: holds vectors of a run with other settings: {changed}: "
            "use the same settings to continue it, or another --output"
        )


def read_part(folder: AnyPath, part: Part) -> bytes:
    """Return the bytes of a part after verifying its checksum.

    Raises:
        InputError: the file is missing or damaged.
    """
    path = folder / part.file
    remedy = "delete it and run the same `disco encode` again: it makes this part anew and keeps the others"
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: {remedy}") from problem
    if (found := hashlib.sha256(content).hexdigest()) != part.sha256:
        raise InputError(f"{path}: expected SHA-256 {part.sha256}, found {found}: the file is damaged: {remedy}")
    return content


def read_part_ids(folder: AnyPath, part: Part) -> list[str]:
    """Return the ids in a part after verifying its checksum.

    Raises:
        InputError: the file is missing, damaged, or was not written by `disco encode`.
    """
    with _as_written(folder / part.file):
        return read_ids(read_part(folder, part))


@contextmanager
def _as_written(path: AnyPath) -> Iterator[None]:
    try:
        yield
    except ValueError as problem:
        raise InputError(f"{path}: expected vectors that `disco encode` wrote, found {problem!s:.300}") from problem


def shard_folder(directory: AnyPath, shard: int, shards: int) -> AnyPath:
    """Return the folder of a shard, counted from 0; ``directory`` itself if there is only one shard.

    Raises:
        InputError: there is no such shard, or ``directory`` holds anything but these shards.
    """
    if not 0 <= shard < shards:
        raise InputError(f"expected --shard-id from 0 to {shards - 1} with --shard-num {shards}, found {shard}")
    if shards == 1:
        return directory
    for entry in directory.iterdir() if directory.is_dir() else ():
        match = _SHARD.fullmatch(entry.name)
        if match is None or int(match[2]) != shards:
            raise InputError(
                f"{directory}: expected only folders shard-I-of-{shards}, found {entry.name}: choose another --output"
            )
    return directory / f"shard-{shard}-of-{shards}"


def _shards(directory: AnyPath) -> list[AnyPath]:
    shards = {path: _SHARD.fullmatch(path.name) for path in directory.iterdir()} if directory.is_dir() else {}
    found = {(int(match[1]), int(match[2])): path for path, match in shards.items() if match}
    if not found:
        return []
    numbers = {shards for _, shards in found}
    if len(numbers) > 1:
        raise InputError(f"{directory}: expected shards of one --shard-num, found {sorted(numbers)}: keep one set")
    number = numbers.pop()
    if missing := [f"shard-{shard}-of-{number}" for shard in range(number) if (shard, number) not in found]:
        raise InputError(f"{directory}: expected {number} shards, missing are {', '.join(missing)}: encode them first")
    return [found[shard, number] for shard in range(number)]


def _complete(folder: AnyPath) -> Manifest:
    manifest = Manifest.read(folder)
    if manifest is None:
        raise InputError(f"{folder}: expected vector parts, found no {MANIFEST}: make them with `disco encode`")
    if not manifest.complete:
        raise InputError(
            f"{folder}: not complete ({manifest.passages:,} passages so far): "
            "run the same `disco encode` again, which goes on where it stopped"
        )
    return manifest


def _vocabulary(folder: AnyPath, space: VectorSpace) -> list[str]:
    path = folder / VOCABULARY
    try:
        tokens: list[str] = json.loads(path.read_bytes())
        if vocabulary_hash(tokens) != space.vocabulary:
            raise ValueError(f"its hash is not the one in {MANIFEST}")
    except (OSError, ValueError, TypeError, RecursionError) as problem:
        raise InputError(
            f"{path}: not the vocabulary of these vectors: {problem}: "
            "delete it and run the same `disco encode` again, which writes it anew"
        ) from problem
    return tokens
