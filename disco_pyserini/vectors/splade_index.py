"""Converting published SPLADE indexes, in the format of the public SPLADE repository, to vector parts.

An index is a folder with ``array_index.h5py`` (HDF5: for each term with postings ``index_doc_id_TERM``, document
positions, and ``index_doc_value_TERM``, their weights) and ``doc_ids.pkl`` (a pickled list: the id at each position).
The index is sorted by term, vectors are sorted by document, and three billion postings do not fit into memory. So they
are sorted on disk: sorted runs of 16.8 million postings are written to a folder beside the output, then merged for
10,000 documents at a time.

Memory: 0.5 GB, plus 8 bytes per document (to find duplicate ids). Disk, until the vectors are written: 8 bytes per
posting. Both steps can be interrupted and continued.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.extras import check_extra
from disco_pyserini.files import check_room, only_run, write_aside, write_bytes_aside
from disco_pyserini.impacts import ImpactVector, Quantiser
from disco_pyserini.vectors.manifest import Manifest, VectorSpace
from disco_pyserini.vectors.part_writer import write_parts
from disco_pyserini.vectors.pickled_ids import read_pickled_ids

POSTINGS = "array_index.h5py"
IDS = "doc_ids.pkl"
_DOCUMENTS, _WEIGHTS = "index_doc_id_", "index_doc_value_"

_PER_RUN = 2**24
_PER_READ = 2**20
_PER_MERGE = 10_000

# A posting is one integer: document, term, impact, from the highest bit down. Sorting integers sorts postings.
_IMPACT_BITS, _TERM_BITS, _DOCUMENT_BITS = 16, 20, 28
_TERM_SHIFT = np.uint64(_IMPACT_BITS)
_DOCUMENT_SHIFT = np.uint64(_IMPACT_BITS + _TERM_BITS)

type Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class SpladeIndex:
    """A published index whose files belong together.

    Attributes:
        folder: the index folder.
        passages: the number of documents.
        lengths: the number of postings, by term.
    """

    folder: Path
    passages: int
    lengths: dict[int, int]

    @property
    def postings(self) -> int:
        """The number of postings."""
        return sum(self.lengths.values())

    @property
    def digest(self) -> str:
        """Identifies this index without reading the postings: 16 hexadecimal digits."""
        record = json.dumps([self.passages, (self.folder / POSTINGS).stat().st_size, sorted(self.lengths.items())])
        return hashlib.sha256(record.encode()).hexdigest()[:16]


def open_splade_index(folder: Path) -> SpladeIndex:
    """Open an index, and count its documents and postings.

    Raises:
        InputError: a file is missing, damaged, or not in the expected format.
    """
    for name in (POSTINGS, IDS):
        if not (folder / name).is_file():
            below = next(folder.glob(f"*/{name}"), None)
            hint = f"it is in {below.parent}" if below else "name the folder with both"
            raise InputError(f"{folder}: expected {POSTINGS} and {IDS}, found no {name}: {hint}")
    with _open_postings(folder) as file:
        found, values = (dict(_lengths(folder, file, prefix)) for prefix in (_DOCUMENTS, _WEIGHTS))
    if found != values:
        term = min(term for term in {**found, **values} if found.get(term) != values.get(term))
        raise InputError(
            f"{folder / POSTINGS}: expected as many documents as weights for each term, found {found.get(term)} and "
            f"{values.get(term)} for term {term}: get the file again"
        )
    if not found:
        raise InputError(f"{folder / POSTINGS}: expected arrays index_doc_id_TERM, found none: not a SPLADE index")
    passages = sum(1 for _ in read_pickled_ids(folder / IDS))
    term = max(found, key=found.__getitem__)
    if found[term] > passages:
        raise InputError(
            f"{folder / POSTINGS}: expected at most {passages:,} postings for each term, as many as {IDS} has ids, "
            f"found {found[term]:,} for term {term}: get the files again"
        )
    return SpladeIndex(folder, passages, found)


def sort_postings(
    index: SpladeIndex,
    output: Path,
    space: VectorSpace,
    vocabulary: Sequence[str],
    progress: Progress = lambda postings: None,
) -> None:
    """Sort the postings by document into runs in a folder beside ``output``, or continue a stopped sort.

    Args:
        index: the index.
        output: where the vectors will be written.
        space: the vector space; its quantiser turns weights into impacts.
        vocabulary: the tokens, in the order of their ids.
        progress: called with the number of postings done since the last call.

    Raises:
        InputError: a term is outside the vocabulary, a document outside the list of ids, or a weight is not finite.
        DiscoError: the disk is too small, or writing failed.
    """
    if max(index.lengths) >= len(vocabulary):
        raise InputError(
            f"{index.folder / POSTINGS}: expected terms of a vocabulary of {len(vocabulary):,} tokens, found term "
            f"{max(index.lengths)}: --encoder must name what encoded this index"
        )
    if len(vocabulary) > 2**_TERM_BITS or index.passages > 2**_DOCUMENT_BITS:
        raise DiscoError(
            f"{index.folder}: expected at most {2**_TERM_BITS:,} tokens and {2**_DOCUMENT_BITS:,} documents, found "
            f"{len(vocabulary):,} and {index.passages:,}"
        )
    folder = _runs_folder(output)
    with only_run(folder):
        _sort(index, folder, space, progress)


def _sort(index: SpladeIndex, folder: Path, space: VectorSpace, progress: Progress) -> None:
    source = json.dumps([index.digest, space.quantiser.weight_range, space.quantiser.quant_range])
    if not (folder / "source.json").exists() or (folder / "source.json").read_text() != source:
        for path in folder.iterdir():  # of another index
            path.unlink()
        with write_aside(folder / "source.json") as file:
            file.write(source)
    with _open_postings(index.folder) as file:
        for number, pieces in enumerate(_runs(index.lengths)):
            size = sum(piece.stop - piece.start for piece in pieces)
            path = folder / f"{number:05}.npy"
            if not path.exists():
                check_room(folder, 8 * size, "sort the postings")
                with write_bytes_aside(path) as out:
                    np.save(out, _sorted_run(index, file, pieces, size, space.quantiser))
            progress(size)


def write_vectors(
    index: SpladeIndex,
    output: Path,
    space: VectorSpace,
    vocabulary: Sequence[str],
    progress: Progress = lambda passages: None,
) -> Manifest:
    """Merge the sorted postings into vector parts, or continue a stopped merge; remove the postings at the end.

    Args:
        index: the index, its postings sorted by `sort_postings` (unless the vectors are complete already).
        output: the folder of the vectors, in the format of `disco encode`.
        space: the vector space.
        vocabulary: the tokens, in the order of their ids.
        progress: called with the number of passages done since the last call.

    Raises:
        InputError: ids are not unique, a document has a term twice, or the folder holds other files or vectors.
        DiscoError: writing failed.
    """
    merge = _Merge(_runs_folder(output), index.passages)
    digest = index.digest
    # Passages have no text here, but the writer asks for vectors by text: use the position instead. The digest makes
    # the writer notice parts of another index.
    passages = (
        _Position(docid, f"{digest}:{position}") for position, docid in enumerate(read_pickled_ids(index.folder / IDS))
    )
    manifest = write_parts(output, space, vocabulary, passages, merge.vectors, progress=progress)
    shutil.rmtree(_runs_folder(output), ignore_errors=True)
    return manifest


class _Position(NamedTuple):
    id: str
    contents: str


class _Piece(NamedTuple):
    """A span of a term's postings."""

    term: int
    start: int
    stop: int


def _runs_folder(output: Path) -> Path:
    return output.with_name(f".{output.name}.postings")


class _WholeFile(io.FileIO):
    """A file that refuses to be read beyond its end: the HDF5 library would fill as much memory with zeros as a damaged
    file claims to have."""

    def readinto(self, buffer: Any) -> int:
        end = self.tell() + len(buffer)
        if end > (size := os.fstat(self.fileno()).st_size):
            raise ValueError(f"it has {size:,} bytes, and claims to have {end:,}")
        return super().readinto(buffer)


@contextmanager
def _open_postings(folder: Path) -> Iterator[Any]:
    check_extra("import", "reading a published SPLADE index")
    import h5py

    try:
        with _WholeFile(folder / POSTINGS) as content, h5py.File(content, "r") as file:
            yield file
    # What h5py raises for damaged structures.
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError) as problem:
        raise InputError(f"{folder / POSTINGS}: not a whole HDF5 file: {problem}: get it again") from problem


def _lengths(folder: Path, file: Any, prefix: str) -> Iterator[tuple[int, int]]:
    """Yield the term and length of each array. Only the array names are reliable: terms without postings have no array,
    and ``dim`` in the file may count all terms or only those with postings."""
    for name in file:
        number = name.removeprefix(prefix)
        if number != name and number.isascii() and number.isdigit():
            yield int(number), _array(folder, file, prefix, int(number)).shape[0]


def _array(folder: Path, file: Any, prefix: str, term: int) -> Any:
    """Open an array stored in the file itself: HDF5 links can point to any other file."""
    import h5py

    name = f"{prefix}{term}"
    array = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    kinds = "iu" if prefix == _DOCUMENTS else "f"
    if not isinstance(array, h5py.Dataset) or array.ndim != 1 or array.dtype.kind not in kinds:
        raise InputError(f"{folder / POSTINGS}: expected {name} to be a row of numbers, found something else")
    if array.external or array.is_virtual:
        raise InputError(f"{folder / POSTINGS}: refused: {name} points to another file")
    return array


def _runs(lengths: dict[int, int]) -> Iterator[list[_Piece]]:
    """Divide all postings into runs; each is a list of spans of at most `_PER_READ` postings."""
    pieces: list[_Piece] = []
    room = _PER_RUN
    for term in sorted(lengths):
        start = 0
        while start < lengths[term]:
            stop = min(lengths[term], start + min(room, _PER_READ))
            pieces.append(_Piece(term, start, stop))
            room -= stop - start
            start = stop
            if not room:
                yield pieces
                pieces, room = [], _PER_RUN
    if pieces:
        yield pieces


def _sorted_run(
    index: SpladeIndex, file: Any, pieces: Sequence[_Piece], size: int, quantiser: Quantiser
) -> NDArray[np.uint64]:
    run = np.empty(size, np.uint64)
    filled = 0
    term, documents, values = -1, None, None
    for piece in pieces:
        if piece.term != term:
            term = piece.term
            documents, values = (_array(index.folder, file, prefix, term) for prefix in (_DOCUMENTS, _WEIGHTS))
        postings = _postings(index, piece, documents, values, quantiser)
        run[filled : filled + len(postings)] = postings
        filled += len(postings)
    run = run[:filled]
    run.sort()
    return run


def _postings(
    index: SpladeIndex, piece: _Piece, documents: Any, values: Any, quantiser: Quantiser
) -> NDArray[np.uint64]:
    where = f"{index.folder / POSTINGS}: term {piece.term}"
    try:
        positions = documents[piece.start : piece.stop].astype(np.int64)
        weights = values[piece.start : piece.stop]
    except OSError as problem:
        raise InputError(f"{where}: cannot be read: {problem}: get the file again") from problem
    if positions.min() < 0 or positions.max() >= index.passages:
        raise InputError(
            f"{where}: expected documents 0 to {index.passages - 1:,}, as many as {IDS} has ids, found "
            f"{positions.min()} to {positions.max()}: the two files are not of one index"
        )
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise InputError(f"{where}: expected finite weights that are not negative, found others: get the file again")
    try:
        impacts = quantiser.quantise(weights)
    except InputError as problem:
        raise InputError(f"{where}: {problem}") from problem
    kept = impacts > 0
    postings: NDArray[np.uint64] = positions[kept].astype(np.uint64) << _DOCUMENT_SHIFT
    postings |= np.uint64(piece.term) << _TERM_SHIFT
    postings |= impacts[kept].astype(np.uint64)
    return postings


class _Merge:
    """Merges sorted runs into vectors, one block of documents at a time."""

    def __init__(self, folder: Path, passages: int) -> None:
        self._folder = folder
        self._passages = passages
        self._begin = self._end = 0
        self._offsets = np.zeros(1, np.int64)
        self._terms = np.empty(0, np.int32)
        self._impacts = np.empty(0, np.uint16)

    def vectors(self, texts: Sequence[str]) -> list[ImpactVector]:
        """Return the vectors at positions, each given as a text ``DIGEST:POSITION``."""
        return [self._vector(int(text.rpartition(":")[2])) for text in texts]

    def _vector(self, position: int) -> ImpactVector:
        if not self._begin <= position < self._end:
            self._load(position - position % _PER_MERGE)
        span = slice(*self._offsets[position - self._begin : position - self._begin + 2])
        return ImpactVector(self._terms[span], self._impacts[span])

    def _load(self, begin: int) -> None:
        end = min(begin + _PER_MERGE, self._passages)
        bounds = np.array([begin, end], np.uint64) << _DOCUMENT_SHIFT
        paths = sorted(self._folder.glob("*.npy"))
        if not paths:
            raise InputError(
                f"{self._folder}: the sorted postings are gone, but a part of the vectors is damaged: delete the "
                "vectors and import them again"
            )
        parts = []
        for path in paths:
            run = np.load(path, mmap_mode="r")  # for this block only: mapped pages count as memory
            parts.append(np.array(run[slice(*np.searchsorted(run, bounds))]))
        postings = np.concatenate(parts)
        postings.sort()
        places = postings >> _TERM_SHIFT
        if (repeated := np.flatnonzero(places[1:] == places[:-1])).size:
            document, term = divmod(int(places[repeated[0]]), 2**_TERM_BITS)
            raise InputError(f"document {document} has term {term} twice: the published index is damaged")
        self._begin, self._end = begin, end
        self._offsets = np.searchsorted(postings, np.arange(begin, end + 1, dtype=np.uint64) << _DOCUMENT_SHIFT)
        self._terms = (places & np.uint64(2**_TERM_BITS - 1)).astype(np.int32)
        self._impacts = (postings & np.uint64(2**_IMPACT_BITS - 1)).astype(np.uint16)
