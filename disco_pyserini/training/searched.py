"""A teacher without files or Java: exhaustive search of the vectors in memory with encoded rewrites."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

import numpy as np
import torch
from numpy.typing import NDArray

from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.fusion import RULES

logger = logging.getLogger(__name__)

_SCORES_AT_ONCE = 1 << 24
_LOGGED = 1_000


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A query with its encoded rewrites.

    Attributes:
        qid: the query.
        rewrites: E_d of each rewrite.
        shares: the weight of each in the fusion; they sum to 1.
        distractor: E_d of another text; half of the query's documents are then the best for that text.
    """

    qid: str
    rewrites: Sequence[WeightVector]
    shares: Sequence[float] = (1.0,)
    distractor: WeightVector | None = None

    def mean(self) -> WeightVector:
        """Return the weighted mean of the rewrites' vectors: its scores are the weighted means of their scores."""
        if len(self.rewrites) == 1:
            return self.rewrites[0]
        terms, places = np.unique(np.concatenate([one.terms for one in self.rewrites]), return_inverse=True)
        weights = [one.weights * share for one, share in zip(self.rewrites, self.shares, strict=True)]
        return WeightVector(terms, np.bincount(places, np.concatenate(weights), len(terms)).astype(np.float32))


def search_all(
    documents: DocumentVectors,
    queries: Sequence[Rewritten],
    qrels: Mapping[str, Mapping[str, int]],
    depth: int,
    rule: str = "mean",
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield for each query the scores of its best documents, by exhaustive search.

    The score t(x, d) of one rewrite is E_d(rewrite) · E_d(d). Several are fused by exact scores: every rewrite scores
    every document that any of them finds.

    Args:
        documents: all documents.
        queries: the encoded rewrites of each query.
        qrels: judged documents are always scored and do not count towards ``depth``.
        depth: how many other documents to keep for each search: one for the mean of all rewrites or, if the rule does
            not take the mean of the scores, one for each rewrite.
        rule: how to fuse the scores of several rewrites, a name in `disco_pyserini.training.fusion.RULES`.
    """
    fusion = RULES.get(rule)
    most = max((2 + len(query.rewrites) for query in queries), default=1)
    at_once = max(1, _SCORES_AT_ONCE // (most * max(1, len(documents))))
    for done, chunk in enumerate(batched(queries, at_once)):
        if done * at_once % _LOGGED < at_once:
            logger.info("searched with the rewrites of %s of %s queries", f"{done * at_once:,}", f"{len(queries):,}")
        searches = [[query.mean()] if fusion.linear else list(query.rewrites) for query in chunk]
        far = [[query.distractor] if query.distractor else [] for query in chunk]
        flat = [vector for group in zip(searches, far, strict=True) for part in group for vector in part]
        scores = documents.all_scores(flat)
        start = 0
        for query, near, distractors in zip(chunk, searches, far, strict=True):
            own = scores[start : start + len(near)]
            other = scores[start + len(near) : start + len(near) + len(distractors)]
            start += len(near) + len(distractors)
            judged = [documents.rows[docid] for docid in qrels.get(query.qid, ()) if docid in documents.rows]
            kept = depth // 2 if len(other) else depth
            rows, known = list(judged), set(judged)
            for one in own:
                rows += [row for row in _best(one, kept, judged) if row not in known]
                known.update(rows)
            for one in other:
                rows += _best(one, depth - kept, rows)
            fused = own[:, rows].astype(np.float64)
            values = fused[0] if len(fused) == 1 else fusion.fuse(fused, np.array(query.shares))
            yield query.qid, {documents.ids[row]: score for row, score in zip(rows, values.tolist(), strict=True)}


def _best(scores: NDArray[np.float32], k: int, taken: Collection[int]) -> list[int]:
    """Return the rows of the k best documents that are not taken yet, best first."""
    found = torch.from_numpy(scores).topk(min(k + len(taken), len(scores))).indices.tolist()
    others = set(taken)
    return [row for row in found if row not in others][:k]
