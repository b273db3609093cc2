"""Evaluation of an encoder of queries and passages: a search of some passages, and its expected FLOPS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sentence_transformers import SparseEncoder
from sentence_transformers.base.evaluation import BaseEvaluator

from disco_pyserini.evaluation import DEFAULT_MEASURES, evaluate
from disco_pyserini.training.evaluator import append_measures
from disco_pyserini.training.siamese import encode_all

_HITS = 100


class SiameseEvaluator(BaseEvaluator):
    """nDCG@3, MRR, R@10 and R@100 of an exhaustive search, active dimensions, and expected FLOPS.

    Args:
        queries: texts by query id.
        qrels: judgments; queries without judgments are not searched.
        passages: texts by id: all passages that are searched.
    """

    def __init__(
        self, queries: Mapping[str, str], qrels: Mapping[str, Mapping[str, int]], passages: Mapping[str, str]
    ) -> None:
        super().__init__()
        self.primary_metric = DEFAULT_MEASURES[0]
        self.queries = {qid: text for qid, text in queries.items() if qid in qrels}
        self.qrels = {qid: qrels[qid] for qid in self.queries}
        self.passages = passages

    def __call__(
        self, model: SparseEncoder, output_path: str | None = None, epoch: float = -1, steps: int = -1
    ) -> dict[str, float]:
        """Return the measures by name; with an ``output_path``, also append them to ``measures.jsonl`` there."""
        queries = encode_all(model, list(self.queries.values()))
        passages = encode_all(model, list(self.passages.values()))
        scores = (queries @ passages.T).toarray()
        ids = list(self.passages)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :_HITS]
        run = {
            qid: {ids[place]: float(row[place]) for place in places.tolist()}
            for qid, row, places in zip(self.queries, scores, best, strict=True)
        }
        result = evaluate(run, self.qrels)
        measures = {name: result.mean(name) for name in DEFAULT_MEASURES}
        in_queries, in_passages = _shares(queries), _shares(passages)
        measures |= {
            "active_query_dimensions": float(in_queries.sum()),
            "active_document_dimensions": float(in_passages.sum()),
            "expected_flops": float(in_queries @ in_passages),
        }
        self.store_metrics_in_model_card_data(model, measures, int(epoch), steps)
        append_measures(measures, output_path, epoch, steps)
        return measures


def lower_bias(model: SparseEncoder, evaluator: SiameseEvaluator, limit: float) -> float:
    """Lower the bias of all terms by the least amount that keeps the expected FLOPS within a limit; return the amount.

    This removes the lowest weights, which cost most and matter least.

    Args:
        model: changed in place.
        evaluator: has the queries and the passages.
        limit: the highest expected FLOPS.
    """
    vectors = [encode_all(model, list(texts.values())) for texts in (evaluator.queries, evaluator.passages)]
    for each in vectors:
        each.data = np.expm1(each.data)  # back to logits
    low, high = 0.0, max(float(each.data.max()) for each in vectors)
    if _cost(vectors, low) <= limit:
        return 0.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if _cost(vectors, middle) <= limit else (middle, high)
    with torch.no_grad():
        model[0].auto_model.get_output_embeddings().bias -= high
    return high


def _cost(logits: Sequence[csr_matrix], threshold: float) -> float:
    queries, passages = (_shares(csr_matrix(each > threshold)) for each in logits)
    return float(queries @ passages)


def _shares(vectors: csr_matrix) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of the vectors in which each term is active."""
    counts = np.bincount(vectors.indices, minlength=vectors.shape[1])
    shares: np.ndarray[tuple[int], np.dtype[np.float64]] = counts / vectors.shape[0]
    return shares
