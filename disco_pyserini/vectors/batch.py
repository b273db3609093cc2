"""Sparse document vectors in columns: a batch in memory, and the interface of stored vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.vectors.manifest import VectorSpace


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """``n`` document vectors: document ``i`` has ``terms[offsets[i]:offsets[i + 1]]`` and the same span of impacts.

    ``terms`` are positions in the vectors' vocabulary; ``raw`` holds the passages' texts, if stored.
    """

    ids: list[str]
    offsets: NDArray[np.int64]
    terms: NDArray[np.int32]
    impacts: NDArray[np.uint16]
    raw: list[str] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[tuple[str, NDArray[np.int32], NDArray[np.uint16]]]:
        """Yield (id, terms, impacts) of each document."""
        for i, docid in enumerate(self.ids):
            span = slice(self.offsets[i], self.offsets[i + 1])
            yield docid, self.terms[span], self.impacts[span]


class VectorSource(Protocol):
    """Sparse document vectors on disk, read in batches."""

    @property
    def space(self) -> VectorSpace | None:
        """The vector space; None if the files do not record it."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """Tokens in the order of their ids. It may grow while batches are read, but never changes otherwise."""

    @property
    def total(self) -> int | None:
        """The number of vectors, if known before reading them."""

    def batches(self) -> Iterator[VectorBatch]:
        """Read all vectors in order; every call starts at the first one.

        Raises:
            InputError: a file is damaged.
        """
