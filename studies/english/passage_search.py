"""Exhaustive search of encoded passages: where a text ranks a passage, and which passages are near one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from tqdm import tqdm

from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.impacts import WeightVector

_TEXTS_AT_ONCE = 256


def encode(texts: Sequence[str], encoder: DiscoDocumentEncoder) -> Any:
    """Return the vectors of texts as a sparse matrix (texts × vocabulary)."""
    vectors: list[WeightVector] = []
    for start in tqdm(range(0, len(texts), _TEXTS_AT_ONCE), f"encode {len(texts):,} texts"):
        vectors += encoder.weight_vectors(texts[start : start + _TEXTS_AT_ONCE])
    offsets = np.cumsum([0, *(len(vector.terms) for vector in vectors)])
    terms = np.concatenate([np.empty(0, np.int32), *(vector.terms for vector in vectors)])
    weights = np.concatenate([np.empty(0, np.float32), *(vector.weights for vector in vectors)])
    return csr_matrix((weights, terms, offsets), shape=(len(texts), len(encoder.vocabulary)))


class PassageSearch:
    """Searches passages with vectors of the same encoder.

    Args:
        passages: the passages' vectors (passages × vocabulary).
    """

    def __init__(self, passages: Any) -> None:
        self.passages = passages
        self._inverted = passages.T.tocsr()

    def ranks(self, queries: Any, wanted: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return how well each query finds one passage.

        Returns:
            the passage's rank, 1 + the number of passages with a higher score (the last rank for a score of 0); and its
            lead, its score less the highest score of another passage.
        """
        ranks, leads = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        for start, scores in self._scores(queries):
            every = np.arange(len(scores))
            rows = np.asarray(wanted[start : start + len(scores)])
            own = scores[every, rows]
            better = (scores > own[:, None]).sum(axis=1)
            ranks.append(np.where(own > 0, better + 1, scores.shape[1]))
            scores[every, rows] = 0
            leads.append(own - scores.max(axis=1))
        return np.concatenate(ranks), np.concatenate(leads)

    def best(self, queries: Any, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return scores and rows of the best passages of each query, best first."""
        k = min(k, self.passages.shape[0])
        all_scores, all_rows = [np.empty((0, k), np.float32)], [np.empty((0, k), np.int64)]
        for _, scores in self._scores(queries):
            rows = np.argpartition(-scores, k - 1, axis=1)[:, :k]
            chosen = np.take_along_axis(scores, rows, axis=1)
            order = np.argsort(-chosen, axis=1, kind="stable")
            all_scores.append(np.take_along_axis(chosen, order, axis=1))
            all_rows.append(np.take_along_axis(rows, order, axis=1))
        return np.concatenate(all_scores), np.concatenate(all_rows)

    def _scores(self, queries: Any) -> Iterable[tuple[int, NDArray[np.float32]]]:
        for start in tqdm(range(0, queries.shape[0], _TEXTS_AT_ONCE), f"search {queries.shape[0]:,} texts"):
            yield start, (queries[start : start + _TEXTS_AT_ONCE] @ self._inverted).toarray()
