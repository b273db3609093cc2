"""Many sparse document vectors in memory, in columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """``n`` document vectors: document ``i`` has ``terms[offsets[i]:offsets[i + 1]]`` and the impacts beside them.

    ``terms`` are positions in the vocabulary that comes with the vectors; ``raw`` holds the passages' texts, if kept.
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
