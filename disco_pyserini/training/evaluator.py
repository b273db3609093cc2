"""Evaluation during training: exhaustive search of the stored document vectors, without an index or Java."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from statistics import fmean

import torch
from sentence_transformers import SparseEncoder
from sentence_transformers.base.evaluation import BaseEvaluator

from disco_pyserini.conversation import SEPARATOR
from disco_pyserini.evaluation import DEFAULT_MEASURES, evaluate
from disco_pyserini.training.document_vectors import DocumentVectors

_QUERIES_AT_ONCE = 64
_HITS = 100
_SHOWN = ("nDCG@3", "MRR")
"""The measures that are shown for each of several collections."""


@dataclass(frozen=True, slots=True)
class DevSet:
    """The queries of one collection to evaluate on.

    Attributes:
        name: its name.
        texts: the query texts by query id.
        qrels: judgments; queries without judgments are not searched.
        documents: all documents.
    """

    name: str
    texts: Mapping[str, str]
    qrels: Mapping[str, Mapping[str, int]]
    documents: DocumentVectors


class StoredVectorsEvaluator(BaseEvaluator):
    """nDCG@3, MRR, R@10 and R@100 of the query route over all stored documents, and its mean active dimensions.

    With several collections, these are the means over the collections, followed by nDCG@3 and MRR of each. ``MRR``
    uses the top 100 documents. Query weights are not rounded to impacts.

    Args:
        collections: what to evaluate on.
        separator: the encoder's separator, which replaces `disco_pyserini.conversation.SEPARATOR` in the texts.
    """

    def __init__(self, collections: Sequence[DevSet], separator: str = SEPARATOR) -> None:
        super().__init__()
        self.primary_metric = DEFAULT_MEASURES[0]
        self.collections = collections
        self.separator = separator

    def __call__(
        self, model: SparseEncoder, output_path: str | None = None, epoch: float = -1, steps: int = -1
    ) -> dict[str, float]:
        """Return the measures by name; with an ``output_path``, also append them to ``measures.jsonl`` there."""
        found = [self._measure(model, collection) for collection in self.collections]
        measures = {name: fmean(one[name] for one in found) for name in found[0]}
        if len(found) > 1:
            measures |= {
                f"{collection.name} {name}": one[name]
                for collection, one in zip(self.collections, found, strict=True)
                for name in _SHOWN
            }
        self.store_metrics_in_model_card_data(model, measures, int(epoch), steps)
        append_measures(measures, output_path, epoch, steps)
        return measures

    def _measure(self, model: SparseEncoder, collection: DevSet) -> dict[str, float]:
        texts = {qid: text for qid, text in collection.texts.items() if qid in collection.qrels}
        run: dict[str, dict[str, float]] = {}
        active = 0
        for chunk in batched(texts, _QUERIES_AT_ONCE):
            vectors = model.encode_query(
                [texts[qid].replace(SEPARATOR, self.separator) for qid in chunk],
                convert_to_sparse_tensor=False,
                show_progress_bar=False,
            )
            active += int((vectors > 0).sum())
            scores, rows = collection.documents.best(torch.as_tensor(vectors), _HITS)
            for qid, values, places in zip(chunk, scores.tolist(), rows.tolist(), strict=True):
                run[qid] = {collection.documents.ids[row]: score for row, score in zip(places, values, strict=True)}
        result = evaluate(run, {qid: collection.qrels[qid] for qid in texts})
        measures = {name: result.mean(name) for name in DEFAULT_MEASURES}
        return {**measures, "active_query_dimensions": active / len(texts)}


def append_measures(measures: Mapping[str, float], folder: str | None, epoch: float, steps: int) -> None:
    """Append the measures of a checkpoint to ``measures.jsonl`` in a folder; nothing without one."""
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with (Path(folder) / "measures.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"epoch": epoch, "step": steps, **measures}) + "\n")
