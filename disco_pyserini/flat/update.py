"""Updating a flat index: its files are read back as vectors, and an index is built of these and the new ones.

This takes as long as building it anew, but nothing is encoded again, and the old vectors need not be there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.flat import flat_files
from disco_pyserini.flat.build import build_index
from disco_pyserini.flat.flat_files import FOLDER, Arrays, FlatManifest
from disco_pyserini.search.engine import IndexSummary
from disco_pyserini.search.index_manifest import FILE_NAME
from disco_pyserini.vectors.batch import VectorBatch, VectorSource
from disco_pyserini.vectors.manifest import VectorSpace

type Array = NDArray[Any]


def update_index(
    index: Path,
    source: VectorSource,
    delete: Collection[str],
    directory: Path,
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> IndexSummary:
    """Write an updated copy of an index; see `disco_pyserini.search.engine.UpdateIndex`.

    Raises:
        InputError: also if the new vectors lack the texts that the index stores, or the index has files of another
            engine that is not updated.
    """
    began = perf_counter()
    others = sorted({entry.name for entry in index.iterdir()} - {FILE_NAME, FOLDER})
    if others and not (directory / FILE_NAME).exists():
        raise InputError(
            f"{index}: has the files of another engine, such as {others[0]}, which would not fit: update all engines "
            "of the index (--engine lucene,flat)"
        )
    updated = _Updated.open(index, source, delete)
    summary = build_index(updated, directory, threads=threads, store_raw=updated.has_texts)
    if not summary.documents:
        raise InputError(f"{index}: no document would be left: expected some that are not deleted")
    if progress:
        progress(source.total or 0)
    return IndexSummary(directory, summary.documents, summary.empty, summary.postings, perf_counter() - began)


@dataclass
class _Updated:
    """The vectors of an index, without some, and new ones, as a `VectorSource`."""

    manifest: FlatManifest
    arrays: Arrays
    vocabulary: list[str]
    source: VectorSource
    gone: set[str]

    @classmethod
    def open(cls, index: Path, source: VectorSource, delete: Collection[str]) -> _Updated:
        from disco_pyserini.flat.kernels import BLOCK

        manifest, arrays, tokens = flat_files.open_arrays(index, BLOCK)
        flat_files.verify(index)
        gone = {docid for batch in source.batches() for docid in batch.ids}
        return cls(manifest, arrays, tokens, source, gone.union(delete))

    @property
    def space(self) -> VectorSpace | None:
        return self.manifest.space

    @property
    def total(self) -> None:
        return None

    @property
    def has_texts(self) -> bool:
        return len(self.arrays.text_ends) > 0

    def batches(self) -> Iterator[VectorBatch]:
        for block in range(self.arrays.maxima.shape[1]):
            yield self._stored(block)
        numbers = {token: number for number, token in enumerate(self.vocabulary)}
        for batch in self.source.batches():
            if self.has_texts and batch.raw is None and len(batch):
                raise InputError(
                    "expected vectors with texts, as the index stores them, found some without: encode them"
                )
            yield self._added(batch, numbers)

    def _added(self, batch: VectorBatch, numbers: dict[str, int]) -> VectorBatch:
        """Number the terms of a new batch as those of the index, and new terms after them."""
        used, places = np.unique(batch.terms, return_inverse=True)
        known = len(self.source.vocabulary)
        if len(used) and not 0 <= used[0] <= used[-1] < known:
            raise InputError(f"a vector has term {used[-1]}, but the vocabulary ends at {known - 1}: check the vectors")
        for token in (self.source.vocabulary[term] for term in used.tolist()):
            if token not in numbers:
                numbers[token] = len(self.vocabulary)
                self.vocabulary.append(token)
        terms = np.array([numbers[self.source.vocabulary[term]] for term in used.tolist()], np.int32)
        return VectorBatch(batch.ids, batch.offsets, terms[places], batch.impacts, batch.raw)

    def _stored(self, block: int) -> VectorBatch:
        """Return the documents of a block that are not gone."""
        arrays, base = self.arrays, block * self.manifest.block
        size = min(self.manifest.block, self.manifest.documents - base)
        places, terms, impacts = self._postings(block, base, size)
        ids = _strings(arrays.id_ends, arrays.ids, base, size)
        kept = np.array([docid not in self.gone for docid in ids], bool)
        counts = np.bincount(places, minlength=size)[kept]
        left = kept[places]
        texts = _strings(arrays.text_ends, arrays.texts, base, size) if self.has_texts else None
        return VectorBatch(
            [docid for docid, keep in zip(ids, kept, strict=True) if keep],
            np.concatenate([[0], np.cumsum(counts)]),
            terms[left].astype(np.int32),
            impacts[left].astype(np.uint16),
            texts and [text for text, keep in zip(texts, kept, strict=True) if keep],
        )

    def _postings(self, block: int, base: int, size: int) -> tuple[Array, Array, Array]:
        """Return place, term and impact of each posting of a block, in the order of documents and terms."""
        arrays = self.arrays
        begins = arrays.starts[:-1] + arrays.splits[:, block]
        lengths = arrays.splits[:, block + 1].astype(np.int64) - arrays.splits[:, block]
        found = np.arange(lengths.sum()) + np.repeat(begins - np.cumsum(lengths) + lengths, lengths)
        terms = np.repeat(np.arange(len(lengths)), lengths)
        frequent = np.flatnonzero(arrays.row_of >= 0)
        rows = arrays.rows[arrays.row_of[frequent], base : base + size]
        in_row = np.nonzero(rows)
        count = max(1, len(lengths))
        keys = np.concatenate([arrays.places[found].astype(np.int64), in_row[1]]) * count
        keys += np.concatenate([terms, frequent[in_row[0]]])
        impacts = np.concatenate([arrays.impacts[found].astype(np.int64), rows[in_row]])
        order = np.argsort(keys, kind="stable")
        # A high impact is the sum of several postings.
        first = np.flatnonzero(np.diff(keys[order], prepend=-1))
        if len(first):
            impacts = np.add.reduceat(impacts[order], first)
        return *np.divmod(keys[order][first], count), impacts


def _strings(ends: Array, data: Array, first: int, number: int) -> list[str]:
    places = ends[first : first + number + 1].tolist()
    return [data[start:end].tobytes().decode() for start, end in pairwise(places)]
