"""Document vectors that were encoded once and are only looked up while the query encoder trains."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from disco_pyserini.impacts import WeightVector


class DocumentVectors:
    """Sparse float vectors of ``n`` passages; row ``i`` belongs to ``ids[i]``."""

    def __init__(self, ids: list[str], vectors: Iterable[WeightVector], vocabulary_size: int) -> None:
        self.ids = ids
        self.rows = {docid: row for row, docid in enumerate(ids)}
        self.vocabulary_size = vocabulary_size
        parts = list(vectors)
        self.offsets: NDArray[np.int64] = np.concatenate([[0], np.cumsum([len(part.terms) for part in parts])])
        self.terms = np.concatenate([part.terms for part in parts]).astype(np.int64)
        self.weights = np.concatenate([part.weights for part in parts])

    def __len__(self) -> int:
        return len(self.ids)

    def matrix(self, rows: NDArray[np.int64] | None = None) -> torch.Tensor:
        """The given rows (all, if none are given) as a sparse (rows × vocabulary) CSR matrix."""
        if rows is None:
            offsets, terms, weights = self.offsets, self.terms, self.weights
        else:
            lengths = self.offsets[rows + 1] - self.offsets[rows]
            offsets = np.concatenate([[0], np.cumsum(lengths)])
            # Positions of every posting of the rows, without a loop: start of its row + place within the row.
            places = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
            terms, weights = self.terms[places], self.weights[places]
        return torch.sparse_csr_tensor(
            torch.from_numpy(offsets),
            torch.from_numpy(terms),
            torch.from_numpy(weights),
            size=(len(offsets) - 1, self.vocabulary_size),
            check_invariants=False,
        )
