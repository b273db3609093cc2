"""A larger set of vectors, made of the real ones of an encoded corpus: the recipe for measuring engines by size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from disco_pyserini.vectors import VectorBatch, VectorSource, VectorSpace

_SHARES = (0.7, 0.3)
_BATCH = 8_000


@dataclass
class MixedVectors:
    """Real documents, and documents with 70 % of the terms of one of them and 30 % of those of another, by chance.

    Impacts of the latter are changed by up to 10 %; of a term of both, the higher one counts. Lengths, frequencies of
    terms and impacts stay about as they are. Their ids are in an order drawn by chance, so that neighbours have nothing
    in common.

    Attributes:
        base: the real vectors.
        size: the number of documents, at least that of the real ones.
    """

    base: VectorSource
    size: int

    def __post_init__(self) -> None:
        self._real = batches = list(self.base.batches())
        self._terms = np.concatenate([batch.terms[batch.offsets[0] : batch.offsets[-1]] for batch in batches])
        self._impacts = np.concatenate([batch.impacts[batch.offsets[0] : batch.offsets[-1]] for batch in batches])
        lengths = np.concatenate([np.diff(batch.offsets) for batch in batches])
        self._starts = np.concatenate([[0], np.cumsum(lengths)])

    @property
    def space(self) -> VectorSpace | None:
        """That of the real vectors."""
        return self.base.space

    @property
    def vocabulary(self) -> Sequence[str]:
        """That of the real vectors."""
        return self.base.vocabulary

    @property
    def total(self) -> int:
        """The number of documents."""
        return self.size

    def batches(self, part: int = 0, parts: int = 1) -> Iterator[VectorBatch]:
        """Draw the documents, or a part of them; every call draws the same ones."""
        yield from self._real[part::parts]
        mixed = self.size - sum(map(len, self._real))
        numbers = np.random.default_rng(0).permutation(mixed)
        for start in range(part * _BATCH, mixed, parts * _BATCH):
            yield self._batch(numbers[start : start + _BATCH].tolist(), np.random.default_rng(start + 1))

    def _batch(self, numbers: Sequence[int], generator: np.random.Generator) -> VectorBatch:
        keys, impacts = [], []
        vocabulary = len(self.vocabulary)
        for share in _SHARES:
            drawn = generator.integers(0, len(self._starts) - 1, len(numbers))
            lengths = np.diff(self._starts)[drawn]
            rows = np.repeat(np.arange(len(numbers)), lengths)
            # The places of all postings of the drawn documents: start of the document + place within it.
            places = np.repeat(self._starts[drawn] - np.cumsum(lengths) + lengths, lengths) + np.arange(len(rows))
            kept = generator.random(len(rows)) < share
            keys.append(rows[kept] * vocabulary + self._terms[places[kept]])
            changed = self._impacts[places[kept]] * generator.uniform(0.9, 1.1, kept.sum())
            impacts.append(np.maximum(1, np.rint(changed)).astype(np.uint16))
        key, impact = np.concatenate(keys), np.concatenate(impacts)
        order = np.lexsort((-impact.astype(np.int64), key))
        key, impact = key[order], impact[order]
        first = np.diff(key, prepend=-1) != 0
        rows, terms = np.divmod(key[first], vocabulary)
        offsets = np.searchsorted(rows, np.arange(len(numbers) + 1))
        return VectorBatch([f"m{n:09d}" for n in numbers], offsets, terms.astype(np.int32), impact[first])
