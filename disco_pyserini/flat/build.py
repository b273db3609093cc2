"""Building a flat index from vectors, in bounded memory: two passes over the vectors, and a sort on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.extras import check_extra
from disco_pyserini.files import check_room, folder_aside
from disco_pyserini.flat.flat_files import FOLDER, MANIFEST, VOCABULARY, refuse_other_vectors, write_manifest
from disco_pyserini.search.engine import IndexSummary
from disco_pyserini.search.index_manifest import (
    FILE_NAME,
    IndexManifest,
    read_impact_manifest,
    write_index_manifest,
)
from disco_pyserini.vectors.batch import VectorBatch, VectorSource

type Array = NDArray[Any]

_ROW_SHARE = 1 / 8
"""A term of more than this share of the documents gets a row: from there on, it is added faster than its postings."""
_ROW_ROOM = 1.5
"""Bytes per posting that the rows may take more than the postings that they replace."""
_SORTED_AT_ONCE = 1 << 22
"""Postings (of 8 bytes), and counts of a term in a block, that are in memory at once."""


def build_index(
    source: VectorSource,
    directory: Path,
    *,
    threads: int = 1,
    store_raw: bool = True,
    progress: Callable[[int], None] | None = None,
) -> IndexSummary:
    """Build a flat index: in a new folder, or in that of an index of another engine with the same vectors.

    It is built aside and renamed when complete. Documents without terms are skipped and counted. Memory stays below
    0.5 GB plus the documents' ids, 20 bytes per document, and 2 bytes per term and block of documents.

    Args:
        source: the vectors, from `disco_pyserini.vectors.open_vectors`; they are read twice.
        directory: the index folder; must be missing, empty, or an index of the same vectors.
        threads: not used: one thread builds the index.
        store_raw: store the passages' texts, if the vectors have them, for `Hit.text`.
        progress: called with the number of documents written since the last call.

    Raises:
        InputError: ``directory`` holds something else, two documents share an id, or the vectors cannot be indexed.
        DiscoError: the extra ``flat`` is not installed, or the file system failed (a full disk, for example).
    """
    check_extra("flat", "the flat engine")
    began = perf_counter()
    directory = directory.absolute()
    beside = (directory / FILE_NAME).is_file() and not (directory / FOLDER / MANIFEST).exists()
    if beside:
        with folder_aside(directory / FOLDER) as aside:
            survey = _write(source, aside, store_raw, progress)
            counts = survey.documents, survey.postings
            refuse_other_vectors(directory, read_impact_manifest(directory), source.space, *counts)
    else:
        with folder_aside(directory) as aside:
            (aside / FOLDER).mkdir()
            survey = _write(source, aside / FOLDER, store_raw, progress)
            counts = survey.documents, survey.postings
            manifest = IndexManifest(
                space=source.space, documents=counts[0], postings=counts[1], raw=survey.has_texts and store_raw
            )
            write_index_manifest(manifest, aside)
    return IndexSummary(directory, survey.documents, survey.empty, survey.postings, perf_counter() - began)


def _write(source: VectorSource, folder: Path, store_raw: bool, progress: Callable[[int], None] | None) -> _Survey:
    from disco_pyserini.flat.kernels import BLOCK

    survey = _Survey()
    for batch in source.batches():
        survey.add(batch, len(source.vocabulary))
    plan = _Plan.of(survey)
    check_room(folder, 11 * plan.pieces + plan.rows * survey.documents, "sort the postings")
    numbers = _write_ids(survey, folder)
    _write_postings(source, folder, survey, plan, numbers, BLOCK, store_raw, progress)
    tokens = [source.vocabulary[term] for term in plan.terms.tolist()]
    (folder / VOCABULARY).write_text(json.dumps(tokens, ensure_ascii=False), encoding="utf-8")
    write_manifest(folder, source.space, survey.documents, survey.postings, BLOCK)
    return survey


@dataclass
class _Survey:
    """What the first pass finds out."""

    ids: list[Any] = field(default_factory=list)
    text_lengths: list[Array] = field(default_factory=list)
    kept: list[Array] = field(default_factory=list)
    frequencies: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    pieces: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    has_texts: bool = True
    documents: int = 0
    empty: int = 0

    @property
    def postings(self) -> int:
        return int(self.frequencies.sum())

    def add(self, batch: VectorBatch, vocabulary_size: int) -> None:
        import pyarrow as pa  # here, since a search need not wait for it
        import pyarrow.compute as pc

        rows, terms, impacts = _postings(batch)
        if terms.max(initial=-1) >= vocabulary_size or terms.min(initial=0) < 0:
            raise InputError(
                f"a vector has term {terms.max()}, but the vocabulary ends at {vocabulary_size - 1}: check the vectors"
            )
        kept = np.zeros(len(batch), bool)
        kept[rows] = True
        self.kept.append(kept)
        self.documents += int(kept.sum())
        self.empty += int((~kept).sum())
        self.frequencies = _sum(self.frequencies, np.bincount(terms))
        self.pieces = _sum(self.pieces, np.bincount(terms, _pieces(impacts, 255)).astype(np.int64))
        names = _strings(batch.ids).filter(pa.array(kept))
        self.ids.append(names)
        self.has_texts = self.has_texts and batch.raw is not None
        if self.has_texts and batch.raw is not None:
            self.text_lengths.append(pc.binary_length(_strings(batch.raw)).to_numpy()[kept])


@dataclass(frozen=True)
class _Plan:
    """How the postings are stored, of which ``terms`` (those of the vectors that occur in a document)."""

    terms: Array
    number_of: Array  # the number of each term of the vectors among them; -1 if it occurs in no document
    row_of: Array
    starts: Array
    largest: int  # the highest impact of a single posting

    @property
    def pieces(self) -> int:
        return int(self.starts[-1])

    @property
    def rows(self) -> int:
        return int(self.row_of.max(initial=-1)) + 1

    @classmethod
    def of(cls, survey: _Survey) -> _Plan:
        terms = np.flatnonzero(survey.frequencies)
        number_of = np.full(len(survey.frequencies), -1, np.int64)
        number_of[terms] = np.arange(len(terms))
        frequencies, pieces = survey.frequencies[terms], survey.pieces[terms]
        # Impacts have 8 bits, and a higher one several postings, unless 16 bits for all take less room.
        narrow = 3 * pieces.sum() <= 4 * frequencies.sum()
        if not narrow:
            pieces = frequencies.copy()
        row_of = np.full(len(terms), -1, np.int32)
        order = np.argsort(-frequencies, kind="stable")
        more = np.cumsum(survey.documents - 3 * frequencies[order])
        dense = (frequencies[order] > survey.documents * _ROW_SHARE) & (more <= _ROW_ROOM * frequencies.sum())
        row_of[order[dense]] = np.arange(dense.sum())
        sparse = np.where(row_of >= 0, pieces - frequencies, pieces)
        starts = np.concatenate([[0], np.cumsum(sparse)]).astype(np.int64)
        return cls(terms, number_of, row_of, starts, 255 if narrow else 65535)


def _write_ids(survey: _Survey, folder: Path) -> Array:
    """Write the ids in ascending order; return the number of each document of the vectors, -1 if it is left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.chunked_array(survey.ids, pa.large_binary()).combine_chunks()
    if pc.any(pc.match_substring(ids, b"\n")).as_py():
        raise InputError("expected document ids without line ends, found one with a line end: change that id")
    order = pc.sort_indices(ids)
    ids = ids.take(order)
    same = pc.filter(ids[1:], pc.equal(ids[1:], ids[:-1])).unique()
    if len(same):
        examples = ", ".join(repr(name.decode()) for name in same[:3].to_pylist())
        raise InputError(
            f"{len(same)} document id(s) belong to more than one document, such as {examples}: ids must be unique"
        )
    ends = np.concatenate([[0], np.cumsum(pc.binary_length(ids).to_numpy())]).astype(np.int64)
    np.save(folder / "id_ends.npy", ends)
    data = ids.buffers()[2]
    np.save(folder / "ids.npy", np.frombuffer(data, np.uint8, ends[-1]) if data else np.zeros(0, np.uint8))
    kept = np.concatenate(survey.kept or [np.zeros(0, bool)])
    numbers = np.full(len(kept), -1, np.int64)
    ranks = np.empty(len(order), np.int64)
    ranks[order.to_numpy()] = np.arange(len(order))
    numbers[kept] = ranks
    survey.ids.clear()
    return numbers


def _write_postings(
    source: VectorSource,
    folder: Path,
    survey: _Survey,
    plan: _Plan,
    numbers: Array,
    block: int,
    store_raw: bool,
    progress: Callable[[int], None] | None,
) -> None:
    blocks = -(-survey.documents // block)
    kind = np.uint8 if plan.largest == 255 else np.uint16
    rows = _create(folder / "rows.npy", kind, (plan.rows, survey.documents))
    maxima = np.zeros((len(plan.terms), blocks), np.uint16)
    buckets = _Buckets(folder / "sorting.npy", plan, blocks)
    texts = _Texts(folder, survey, numbers) if store_raw and survey.has_texts else None
    done = 0
    for batch in source.batches():
        places, terms, impacts = _postings(batch)
        documents, terms = numbers[done + places], plan.number_of[terms]
        np.maximum.at(maxima, (terms, documents // block), impacts)
        dense = plan.row_of[terms]
        in_row = dense >= 0
        rows[dense[in_row], documents[in_row]] = np.minimum(impacts[in_row], plan.largest)
        left = impacts.astype(np.int64) - np.where(in_row, plan.largest, 0)
        buckets.add(terms[left > 0], documents[left > 0], left[left > 0])
        if texts and batch.raw is not None:
            texts.add(batch.raw, numbers[done : done + len(batch)])
        done += len(batch)
        if progress:
            progress(len(batch))
    np.save(folder / "maxima.npy", maxima)
    np.save(folder / "tops.npy", maxima.max(axis=1, initial=0))
    np.save(folder / "frequencies.npy", survey.frequencies[plan.terms])
    np.save(folder / "row_of.npy", plan.row_of)
    np.save(folder / "starts.npy", plan.starts)
    buckets.sort(folder, kind, block)
    if not texts:
        np.save(folder / "text_ends.npy", np.zeros(0, np.int64))
        np.save(folder / "texts.npy", np.zeros(0, np.uint8))


class _Buckets:
    """Postings on disk, in one bucket for so many neighbouring terms as can be sorted in memory.

    A posting is one number, of 16 bits for the term in its bucket, 32 for the document and 16 for the impact, so that
    the order of the numbers is that of terms and documents.
    """

    def __init__(self, path: Path, plan: _Plan, blocks: int) -> None:
        self._plan, self._path, self._blocks = plan, path, blocks
        self.first = [0]
        most = max(1, min(1 << 16, _SORTED_AT_ONCE // max(1, blocks)))
        while (term := self.first[-1]) < len(plan.terms):
            end = int(np.searchsorted(plan.starts, plan.starts[term] + _SORTED_AT_ONCE, side="right")) - 1
            self.first.append(min(max(end, term + 1), term + most, len(plan.terms)))
        self._at = plan.starts[self.first[:-1]].copy()
        self._bucket_of = np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))
        self._stored = _create(path, np.uint64, (plan.pieces,))

    def add(self, terms: Array, documents: Array, impacts: Array) -> None:
        if len(terms) == 0:
            return
        several = _pieces(impacts, self._plan.largest)
        if several.max() > 1:
            last = np.cumsum(several) - 1
            rest = impacts - (several - 1) * self._plan.largest
            terms, documents = np.repeat(terms, several), np.repeat(documents, several)
            impacts = np.full(len(terms), self._plan.largest)
            impacts[last] = rest
        bucket = self._bucket_of[terms]
        keys = (terms - np.array(self.first)[bucket]).astype(np.uint64) << np.uint64(48)
        keys |= documents.astype(np.uint64) << np.uint64(16)
        keys |= impacts.astype(np.uint64)
        keys = keys[np.argsort(bucket, kind="stable")]
        start = 0
        for number, length in enumerate(np.bincount(bucket, minlength=len(self._at)).tolist()):
            at = self._at[number]
            self._stored[at : at + length] = keys[start : start + length]
            self._at[number] += length
            start += length

    def sort(self, folder: Path, kind: type[np.unsignedinteger[Any]], block: int) -> None:
        """Write the postings in their order, and where those of each block start."""
        places = _create(folder / "places.npy", np.uint16, (self._plan.pieces,))
        impacts = _create(folder / "impacts.npy", kind, (self._plan.pieces,))
        splits = _create(folder / "splits.npy", np.uint32, (len(self._plan.terms), self._blocks + 1))
        for first, last in zip(self.first, self.first[1:], strict=False):
            start, end = self._plan.starts[first], self._plan.starts[last]
            keys = np.sort(self._stored[start:end])
            documents = (keys >> np.uint64(16)).astype(np.uint32)
            places[start:end] = documents % block
            impacts[start:end] = keys.astype(np.uint16)
            cell = (keys >> np.uint64(48)).astype(np.int64) * self._blocks + documents // block
            counts = np.bincount(cell, minlength=(last - first) * self._blocks).reshape(last - first, self._blocks)
            splits[first:last, 1:] = np.cumsum(counts, axis=1)
        del self._stored
        self._path.unlink()


class _Texts:
    """The texts on disk, in the order of their documents."""

    def __init__(self, folder: Path, survey: _Survey, numbers: Array) -> None:
        lengths = np.zeros(survey.documents, np.int64)
        lengths[numbers[numbers >= 0]] = np.concatenate(survey.text_lengths or [np.zeros(0, np.int64)])
        self._ends = np.concatenate([[0], np.cumsum(lengths)])
        np.save(folder / "text_ends.npy", self._ends)
        self._data = _create(folder / "texts.npy", np.uint8, (int(self._ends[-1]),))

    def add(self, texts: Sequence[str], numbers: Array) -> None:
        for text, number in zip(texts, numbers.tolist(), strict=True):
            if number >= 0:
                self._data[self._ends[number] : self._ends[number + 1]] = np.frombuffer(text.encode(), np.uint8)


def _postings(batch: VectorBatch) -> tuple[Array, Array, Array]:
    """Return the row, term and impact of every posting of a batch; impacts of 0 are left out."""
    used = slice(batch.offsets[0], batch.offsets[-1])
    rows = np.repeat(np.arange(len(batch)), np.diff(batch.offsets))
    kept = batch.impacts[used] > 0
    return rows[kept], batch.terms[used][kept], batch.impacts[used][kept]


def _pieces(impacts: Array, largest: int) -> Array:
    """Return how many postings each impact takes, if one holds so much."""
    pieces: Array = -(-impacts.astype(np.int64) // largest)
    return pieces


def _sum(one: Array, other: Array) -> Array:
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


def _strings(texts: Sequence[str]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(texts, pa.large_string()).cast(pa.large_binary())
    except (UnicodeEncodeError, pa.ArrowInvalid) as problem:
        raise InputError(f"expected ids and texts of whole characters, found half of one: {problem}") from problem


def _create(path: Path, kind: Any, shape: tuple[int, ...]) -> Array:
    """Create an array on disk, with the room for it: writing into a mapped file would crash on a full disk."""
    if 0 in shape:
        np.save(path, empty := np.zeros(shape, kind))
        return empty
    array: Array = open_memmap(path, mode="w+", dtype=kind, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
