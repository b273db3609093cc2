"""The files of a flat index: arrays that NumPy maps into memory, and ``flat.json``, which describes them.

They are in the folder ``flat`` of an index, alone or beside the files of a Lucene index of the same vectors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import write_aside
from disco_pyserini.records import FileName, Record, only, read_json
from disco_pyserini.search.index_manifest import IndexManifest, read_impact_manifest
from disco_pyserini.vectors.manifest import Count, VectorSpace

FOLDER = "flat"
MANIFEST = "flat.json"
VOCABULARY = "vocabulary.json"

SMALL = (VOCABULARY, "starts.npy", "frequencies.npy", "tops.npy", "row_of.npy")
"""The files that are checked whenever an index is opened. `verify` checks all."""

type Array = NDArray[Any]


class FlatManifest(Record):
    """What a flat index holds.

    Attributes:
        space: the vector space; None if unknown.
        documents: the number of documents.
        postings: the number of (term, document) pairs.
        block: the number of documents in a block.
        files: the SHA-256 of every file, by its name.
    """

    format: Annotated[str, only("disco-flat")] = "disco-flat"
    version: Annotated[int, only(1)] = 1
    space: VectorSpace | None
    documents: Count
    postings: Count
    block: Count
    files: Mapping[FileName, str]


@dataclass(frozen=True, slots=True)
class Arrays:
    """The arrays of an index, one file each; see `disco_pyserini.flat.kernels.scan` for those that it reads.

    Attributes:
        frequencies: (terms,) in how many documents each term occurs.
        tops: (terms,) its highest impact.
        id_ends: (documents + 1,) where each id ends in ``ids``; 0 comes first.
        ids: the ids in UTF-8, back to back, in ascending order.
        text_ends: (documents + 1,) where each text ends in ``texts``; (0,) without texts.
        texts: the texts in UTF-8, back to back.
    """

    starts: Array
    splits: Array
    maxima: Array
    frequencies: Array
    tops: Array
    places: Array
    impacts: Array
    row_of: Array
    rows: Array
    id_ends: Array
    ids: Array
    text_ends: Array
    texts: Array


_TYPES: Mapping[str, Sequence[str]] = {
    "starts": ("<i8",),
    "splits": ("<u4",),
    "maxima": ("<u2",),
    "frequencies": ("<i8",),
    "tops": ("<u2",),
    "places": ("<u2",),
    "impacts": ("|u1", "<u2"),
    "row_of": ("<i4",),
    "rows": ("|u1", "<u2"),
    "id_ends": ("<i8",),
    "ids": ("|u1",),
    "text_ends": ("<i8",),
    "texts": ("|u1",),
}


def write_manifest(folder: Path, space: VectorSpace | None, documents: int, postings: int, block: int) -> None:
    """Write the manifest of the files in a folder, which are complete."""
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
    manifest = FlatManifest(space=space, documents=documents, postings=postings, block=block, files=files)
    with write_aside(folder / MANIFEST) as lines:
        lines.write(json.dumps(manifest.model_dump(), indent=2, ensure_ascii=False) + "\n")


def open_arrays(index: Path, block: int) -> tuple[FlatManifest, Arrays, list[str]]:
    """Open the flat index in an index folder: its manifest, its arrays (mapped, not read), and its tokens.

    Raises:
        InputError: there is none, it is damaged, or it does not belong to the index.
    """
    described = read_impact_manifest(index)
    folder = index / FOLDER
    if not (folder / MANIFEST).is_file():
        raise InputError(
            f"{index}: expected a flat index, found no {FOLDER}/{MANIFEST} in it: add one from the vectors of this "
            "index (disco index --engine flat), or name another engine"
        )
    manifest = FlatManifest.check(read_json(folder / MANIFEST), str(folder / MANIFEST))
    if manifest.block != block:
        raise InputError(f"{folder}: expected blocks of {block:,} documents, found {manifest.block:,}: {_REMEDY}")
    refuse_other_vectors(index, described, manifest.space, manifest.documents, manifest.postings)
    for name in SMALL:
        _check_sum(folder / name, manifest)
    tokens = read_json(folder / VOCABULARY)
    arrays = Arrays(**{name: _mapped(folder / f"{name}.npy", kinds) for name, kinds in _TYPES.items()})
    _check_shapes(folder, manifest, arrays, len(tokens))
    return manifest, arrays, tokens


def refuse_other_vectors(
    index: Path, described: IndexManifest | None, space: VectorSpace | None, documents: int, postings: int
) -> None:
    """Check that a flat index belongs to the index that ``disco.json`` describes.

    Raises:
        InputError: it holds other vectors.
    """
    expected = None if described is None else (described.documents, described.postings, described.space)
    if expected != (documents, postings, space):
        found = f"{documents:,} documents, {postings:,} postings, {space.document_model if space else 'no encoder'}"
        raise InputError(
            f"{index}: its flat index would not belong to its other files: expected {_described(described)}, found "
            f"{found}: index the same vectors for all engines"
        )


def verify(index: Path) -> bool:
    """Check the checksum of every file of the flat index in an index folder. This reads all of them.

    Returns:
        whether the folder has a flat index.

    Raises:
        InputError: a file is missing or damaged.
    """
    folder = index / FOLDER
    if not folder.is_dir():
        return False
    manifest = FlatManifest.check(read_json(folder / MANIFEST), str(folder / MANIFEST))
    for name in manifest.files:
        _check_sum(folder / name, manifest)
    return True


def damaged(index: Path) -> DiscoError:
    """Return the error to raise when a search comes upon numbers that no build writes."""
    return DiscoError(f"{index / FOLDER}: the files are damaged: {_REMEDY}")


_REMEDY = "remove this folder and index the vectors again (disco index --engine flat)"


def _described(manifest: IndexManifest | None) -> str:
    if manifest is None:
        return "a disco.json, which an index of another program does not have"
    encoder = manifest.space.document_model if manifest.space else "no encoder"
    return f"{manifest.documents:,} documents, {manifest.postings or 0:,} postings, {encoder}"


def _check_sum(path: Path, manifest: FlatManifest) -> None:
    expected = manifest.files.get(path.name)
    try:
        found = _sha256(path)
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: {_REMEDY}") from problem
    if found != expected:
        raise InputError(f"{path}: expected SHA-256 {expected}, found {found}: the file is damaged: {_REMEDY}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mapped(path: Path, kinds: Sequence[str]) -> Array:
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, TokenError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"{path}: cannot be read: {reason}: {_REMEDY}") from problem
    if array.dtype.str not in kinds:
        raise InputError(f"{path}: expected numbers of type {' or '.join(kinds)}, found {array.dtype.str}: {_REMEDY}")
    return array.view(np.ndarray)


def _check_shapes(folder: Path, manifest: FlatManifest, arrays: Arrays, terms: int) -> None:
    documents = manifest.documents
    blocks = -(-documents // manifest.block)
    postings = int(arrays.starts[-1]) if len(arrays.starts) else -1
    expected = {
        "starts": (terms + 1,),
        "splits": (terms, blocks + 1),
        "maxima": (terms, blocks),
        "frequencies": (terms,),
        "tops": (terms,),
        "places": (postings,),
        "impacts": (postings,),
        "row_of": (terms,),
        "rows": (int(arrays.row_of.max(initial=-1)) + 1, documents),
        "id_ends": (documents + 1,),
        "ids": (int(arrays.id_ends[-1]) if len(arrays.id_ends) else -1,),
        "texts": (int(arrays.text_ends[-1]) if len(arrays.text_ends) else 0,),
    }
    for name, shape in expected.items():
        if (found := getattr(arrays, name).shape) != shape:
            raise InputError(f"{folder / name}.npy: expected the shape {shape}, found {found}: {_REMEDY}")
    if len(arrays.text_ends) not in (0, documents + 1):
        raise InputError(f"{folder}/text_ends.npy: expected {documents + 1:,} numbers or none: {_REMEDY}")
