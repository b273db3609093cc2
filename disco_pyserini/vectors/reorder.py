"""Putting documents that share terms beside each other, so that a search can pass over more blocks of postings.

Recursive graph bisection: L. Dhulipala, I. Kabiljo, B. Karrer, G. Ottaviano, S. Pupyrev, A. Shalita: Compressing Graphs
and Indexes with Recursive Graph Bisection, KDD 2016. Documents are split into halves, and pairs that fit better on the
other side change places, judged by the logarithms of the gaps that the terms' postings will have; then each half alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.vectors.batch import VectorBatch
from disco_pyserini.vectors.manifest import VectorSpace
from disco_pyserini.vectors.source import VectorSource

type Ints = NDArray[np.int64]
# As narrow as the vocabulary allows.
type Terms = NDArray[np.integer]

# Half of a block of postings: what is closer together than this is skipped, or not, together.
_SMALLEST = 64
# More hardly narrow the gaps any more.
_ROUNDS = 8
# A round that moves fewer of the documents is the last one.
_FEW = 0.002
# So many postings are looked at in one go, which bounds what is needed beside the vectors themselves.
_POSTINGS = 1_000_000
_DOCUMENTS_PER_BATCH = 1000


@dataclass(frozen=True, slots=True)
class ReorderedVectors:
    """All vectors in memory, in another order: a `disco_pyserini.vectors.VectorSource`.

    ``order`` says which of the documents stands at each place; ``terms`` stand in that order already, and everything
    else as it was read.
    """

    space: VectorSpace | None
    vocabulary: Sequence[str]
    order: Ints
    ids: list[str]
    offsets: Ints
    terms: Terms
    impacts: NDArray[np.uint16]
    raw: list[str] | None

    @property
    def total(self) -> int:
        """How many vectors there are."""
        return len(self.ids)

    def batches(self) -> Iterator[VectorBatch]:
        """Read all vectors, in the new order."""
        begin = 0
        for first in range(0, len(self.order), _DOCUMENTS_PER_BATCH):
            documents = self.order[first : first + _DOCUMENTS_PER_BATCH]
            lengths = self.offsets[documents + 1] - self.offsets[documents]
            offsets = _running_total(lengths)
            terms = self.terms[begin : begin + offsets[-1]].astype(np.int32)
            begin += int(offsets[-1])
            yield VectorBatch(
                [self.ids[document] for document in documents.tolist()],
                offsets,
                terms,
                self.impacts[_spans(self.offsets[documents], lengths)],
                None if self.raw is None else [self.raw[document] for document in documents.tolist()],
            )


def reordered(
    source: VectorSource,
    *,
    keep_raw: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ReorderedVectors:
    """Read vectors into memory, 6 to 8 bytes for every posting, and find their order.

    The order depends on nothing but the vectors and the order that they come in.

    Args:
        source: the vectors.
        keep_raw: keep the passages' texts too.
        progress: called with how much of the work is done, and how much there is.
    """
    ids: list[str] = []
    texts: list[str] = []
    terms_read, impacts_read, lengths_read = [], [], []
    for batch in source.batches():
        used = slice(int(batch.offsets[0]), int(batch.offsets[-1]))
        ids += batch.ids
        texts += (keep_raw and batch.raw) or []
        narrow = np.uint16 if batch.terms[used].max(initial=0) < 2**16 else np.int32
        terms_read.append(batch.terms[used].astype(narrow))
        impacts_read.append(batch.impacts[used].copy())
        lengths_read.append(np.diff(batch.offsets))
    terms, impacts, offsets = _joined(terms_read), _joined(impacts_read), _running_total(_joined(lengths_read))
    del terms_read, impacts_read
    order, terms = _bisect(terms, np.diff(offsets), len(source.vocabulary), progress)
    return ReorderedVectors(
        source.space,
        source.vocabulary,
        order,
        ids,
        offsets,
        terms,
        impacts,
        texts if len(texts) == len(ids) else None,
    )


def _bisect(terms: Terms, lengths: Ints, vocabulary: int, progress: Callable[[int, int], None]) -> tuple[Ints, Terms]:
    """Return the order of the documents, and their terms in that order."""
    order = np.arange(len(lengths))
    terms, lengths = terms.copy(), lengths.copy()
    begins = _running_total(lengths)
    done, total = 0, _work(len(order))
    waiting = [(0, len(order))]
    while waiting:
        first, end = waiting.pop()
        if end - first <= _SMALLEST:
            continue
        places, postings = slice(first, end), slice(begins[first], begins[end])
        right = _halves(terms[postings], lengths[places], vocabulary)
        # Those on the left first, each side in the order that it had.
        moved = np.argsort(right, kind="stable")
        terms[postings] = _gathered(terms, begins[first:end][moved], lengths[places][moved])
        order[places], lengths[places] = order[places][moved], lengths[places][moved]
        begins[first:end] = begins[first] + _running_total(lengths[places])[:-1]
        middle = (first + end) // 2
        waiting += [(middle, end), (first, middle)]
        done += end - first
        progress(done, total)
    return order, terms


def _work(documents: int) -> int:
    """How many documents all bisections look at together."""
    return 0 if documents <= _SMALLEST else documents + _work(documents // 2) + _work(documents - documents // 2)


def _halves(terms: Terms, lengths: Ints, vocabulary: int) -> NDArray[np.bool_]:
    """Say which documents belong into the right half."""
    number, half = len(lengths), len(lengths) // 2
    if len(terms) < vocabulary:
        # Few documents know few terms: those alone are counted.
        known, numbers = np.unique(terms, return_inverse=True)
        terms, vocabulary = numbers, len(known)
    offsets = _running_total(lengths)
    right = np.arange(number) >= half
    everywhere = _frequencies(terms, offsets, np.ones(number, dtype=bool), vocabulary)
    for _ in range(_ROUNDS):
        on_right = _frequencies(terms, offsets, right, vocabulary)
        gains = _gains(terms, offsets, right, everywhere - on_right, on_right)
        leaving, coming = np.flatnonzero(~right), np.flatnonzero(right)
        leaving = leaving[np.argsort(-gains[leaving], kind="stable")]
        coming = coming[np.argsort(-gains[coming], kind="stable")]
        pairs = min(len(leaving), len(coming))
        swapped = int(np.count_nonzero(gains[leaving[:pairs]] + gains[coming[:pairs]] > 0))
        right[leaving[:swapped]], right[coming[:swapped]] = True, False
        if swapped <= _FEW * number:
            break
    return right


def _frequencies(terms: Terms, offsets: Ints, chosen: NDArray[np.bool_], vocabulary: int) -> Ints:
    """Count in how many of the chosen documents each term stands."""
    counts = np.zeros(vocabulary, dtype=np.int64)
    for documents, postings in _chunks(offsets):
        here = np.repeat(chosen[documents], np.diff(offsets[documents.start : documents.stop + 1]))
        counts += np.bincount(terms[postings][here], minlength=vocabulary)
    return counts


def _gains(terms: Terms, offsets: Ints, right: NDArray[np.bool_], on_left: Ints, on_right: Ints) -> NDArray[np.float32]:
    """How many bits it saves to move each document to the other side."""
    left_size, right_size = np.count_nonzero(~right), np.count_nonzero(right)

    def bits(left: Ints, right: Ints) -> NDArray[Any]:
        return left * np.log2(left_size / (left + 1)) + right * np.log2(right_size / (right + 1))

    now = bits(on_left, on_right)
    saved = np.stack(
        [now - bits(np.maximum(on_left - 1, 0), on_right + 1), now - bits(on_left + 1, np.maximum(on_right - 1, 0))]
    ).astype(np.float32)
    gains = np.zeros(len(right), dtype=np.float32)
    for documents, postings in _chunks(offsets):
        lengths = np.diff(offsets[documents.start : documents.stop + 1])
        values = saved[np.repeat(right[documents].astype(np.int8), lengths), terms[postings]]
        # A document without terms has nothing to gain, and reduceat would give it its neighbour's first value.
        filled = lengths > 0
        begins = offsets[documents][filled] - offsets[documents.start]
        if len(begins):
            gains[documents][filled] = np.add.reduceat(values, begins)
    return gains


def _chunks(offsets: Ints) -> Iterator[tuple[slice, slice]]:
    """Cut documents into runs with a bounded number of postings; yield the documents and the postings of each."""
    first, number = 0, len(offsets) - 1
    while first < number:
        end = int(np.searchsorted(offsets, offsets[first] + _POSTINGS, side="right")) - 1
        end = min(number, max(end, first + 1))
        yield slice(first, end), slice(int(offsets[first]), int(offsets[end]))
        first = end


def _gathered(terms: Terms, begins: Ints, lengths: Ints) -> Terms:
    """Copy the terms of documents, in the order that is given."""
    offsets = _running_total(lengths)
    found = np.empty(offsets[-1], dtype=terms.dtype)
    for documents, postings in _chunks(offsets):
        found[postings] = terms[_spans(begins[documents], lengths[documents])]
    return found


def _spans(begins: Ints, lengths: Ints) -> Ints:
    """Return the positions of all runs, one after the other."""
    return np.repeat(begins - _running_total(lengths)[:-1], lengths) + np.arange(int(lengths.sum()))


def _running_total(values: Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(values, dtype=np.int64)))


def _joined(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)
