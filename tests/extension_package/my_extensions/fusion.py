"""A fusion rule: reciprocal rank fusion (Cormack et al., SIGIR 2009)."""

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.training.fusion import Rule


def reciprocal_rank(scores: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum ``share / (60 + rank)`` over the teachers that score a document.

    Args:
        scores: (teachers, documents), NaN where a teacher does not score a document.
        shares: (teachers,), which add up to 1.

    Returns the fused scores (documents,).
    """
    ranks = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1) + 1
    fused: NDArray[np.float64] = np.where(np.isnan(scores), 0, shares[:, None] / (60 + ranks)).sum(axis=0)
    return fused


RECIPROCAL_RANK = Rule(reciprocal_rank)
