"""Evaluation during training: exhaustive search of the stored document vectors, without an index or Java."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import batched
from pathlib import Path

import torch
from sentence_transformers import SparseEncoder
from sentence_transformers.base.evaluation import BaseEvaluator

from disco_pyserini.evaluation import DEFAULT_MEASURES, evaluate
from disco_pyserini.training.document_vectors import DocumentVectors

_QUERIES_AT_ONCE = 64
_HITS = 100


class StoredVectorsEvaluator(BaseEvaluator):
    """nDCG@3, MRR, R@10 and R@100 of the query route over all stored documents, and its mean active dimensions.

    ``MRR`` uses the top 100 documents. Query weights are not rounded to impacts.

    Args:
        queries: texts by query id.
        qrels: judgments; queries without judgments are not searched.
        documents: all documents.
    """

    def __init__(
        self, queries: Mapping[str, str], qrels: Mapping[str, Mapping[str, int]], documents: DocumentVectors
    ) -> None:
        super().__init__()
        self.primary_metric = DEFAULT_MEASURES[0]
        self.queries = {qid: text for qid, text in queries.items() if qid in qrels}
        self.qrels = {qid: qrels[qid] for qid in self.queries}
        self.documents = documents

    def __call__(
        self, model: SparseEncoder, output_path: str | None = None, epoch: float = -1, steps: int = -1
    ) -> dict[str, float]:
        """Return the measures by name; with an ``output_path``, also append them to ``measures.jsonl`` there."""
        run: dict[str, dict[str, float]] = {}
        active = 0
        for chunk in batched(self.queries, _QUERIES_AT_ONCE):
            vectors = model.encode_query(
                [self.queries[qid] for qid in chunk], convert_to_sparse_tensor=False, show_progress_bar=False
            )
            active += int((vectors > 0).sum())
            scores, rows = self.documents.best(torch.as_tensor(vectors), _HITS)
            for qid, values, places in zip(chunk, scores.tolist(), rows.tolist(), strict=True):
                run[qid] = {self.documents.ids[row]: score for row, score in zip(places, values, strict=True)}
        result = evaluate(run, self.qrels)
        measures = {name: result.mean(name) for name in DEFAULT_MEASURES}
        measures["active_query_dimensions"] = active / len(self.queries)
        self.store_metrics_in_model_card_data(model, measures, int(epoch), steps)
        if output_path is not None:
            with (Path(output_path) / "measures.jsonl").open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"epoch": epoch, "step": steps, **measures}) + "\n")
        return measures
