"""Evaluation of any `SparseEncoder` on a conversational collection: of a finished one, or while it trains."""

from __future__ import annotations

from itertools import batched

import numpy as np
from sentence_transformers import SparseEncoder
from sentence_transformers.base.evaluation import BaseEvaluator

from disco_pyserini.conversation import SEPARATOR
from disco_pyserini.datasets.registry import OpenCollection, open_collection
from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.evaluator import DevSet, StoredVectorsEvaluator

_PASSAGES_AT_ONCE = 1024


class ConversationalEvaluator(BaseEvaluator):
    """nDCG@3, MRR, R@10 and R@100 of a `SparseEncoder` over all passages of a collection, and its active dimensions.

    Call it with a model, or pass it to sentence-transformers' ``SparseEncoderTrainer``. Queries and passages are
    encoded at each call, each by its own route if the model has two. The passages are held in memory.

    Args:
        collection: a collection, or a name for `disco_pyserini.open_collection`.
        split: the name of a split.
        form: what the queries are: ``conversation``, ``user-turns``, ``last:N``, ``utterance``, or a rewrite such as
            ``human``.

    Raises:
        InputError: there is no such collection, split or form, or it has no judgments or no passages.
    """

    def __init__(self, collection: str | OpenCollection, split: str, form: str = "conversation") -> None:
        super().__init__()
        opened = open_collection(collection) if isinstance(collection, str) else collection
        self.primary_metric = "nDCG@3"
        self.name = f"{opened.benchmark.name} {opened.split(split)} {form}"
        self.texts, self.qrels = opened.judged(split, form)
        self.passages = {passage.id: passage.contents for passage in opened.passages(split)}

    def __call__(
        self, model: SparseEncoder, output_path: str | None = None, epoch: float = -1, steps: int = -1
    ) -> dict[str, float]:
        """Return the measures by name; with an ``output_path``, also append them to ``measures.jsonl`` there."""
        separator = getattr(model.tokenizer, "sep_token", None) or SEPARATOR
        dev = DevSet(self.name, self.texts, self.qrels, self._documents(model))
        return StoredVectorsEvaluator([dev], separator)(model, output_path, epoch, steps)

    def _documents(self, model: SparseEncoder) -> DocumentVectors:
        vectors: list[WeightVector] = []
        for texts in batched(self.passages.values(), _PASSAGES_AT_ONCE):
            encoded = model.encode_document(
                list(texts), convert_to_sparse_tensor=True, save_to_cpu=True, show_progress_bar=False
            ).coalesce()
            rows, terms = encoded.indices().numpy()
            values = encoded.values().float().numpy()
            ends = np.cumsum(np.bincount(rows, minlength=len(texts)))[:-1]
            vectors += map(WeightVector, np.split(terms.astype(np.int32), ends), np.split(values, ends))
        return DocumentVectors.from_weights(list(self.passages), vectors, model.get_embedding_dimension())
