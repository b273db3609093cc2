"""Documents encoded at every step: slow, but needs no stored vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SparseEncoder
from torch import Tensor

_TEXTS_AT_ONCE = 32


class LiveDocuments:
    """Scores passages by encoding their texts with the student's frozen document route.

    Args:
        model: a student, see `disco_pyserini.training.student`.
        contents: the text of each row.
    """

    def __init__(self, model: SparseEncoder, contents: Sequence[str]) -> None:
        # A tuple hides the modules: a loss that owned them would save and move them twice.
        self._route = tuple(model[0].sub_modules["document"])
        self._contents = contents

    def scores(self, queries: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """See `disco_pyserini.training.document_vectors.DocumentVectors.scores`."""
        vectors = torch.cat(
            [
                self._encode(rows[start : start + _TEXTS_AT_ONCE], queries.device)
                for start in range(0, len(rows), _TEXTS_AT_ONCE)
            ]
        )
        with torch.autocast(queries.device.type, enabled=False):
            return queries.float() @ vectors.T

    @torch.no_grad()
    def _encode(self, rows: NDArray[np.int64], device: torch.device) -> Tensor:
        features = self._route[0].preprocess([self._contents[row] for row in rows])
        features = {name: value.to(device) if isinstance(value, Tensor) else value for name, value in features.items()}
        for module in self._route:
            features = module(features)
        vectors: Tensor = features["sentence_embedding"].float()
        return vectors
