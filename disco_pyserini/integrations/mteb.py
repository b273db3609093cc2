"""mteb: a collection as a retrieval task, and an encoder card as a model."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from disco_pyserini.extras import check_extra

check_extra("mteb", "the mteb task")

import torch
from datasets import Dataset
from mteb.abstasks.retrieval import AbsTaskRetrieval
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.models.abs_encoder import AbsEncoder
from mteb.models.model_meta import ModelMeta, ScoringFunction
from mteb.types import PromptType

from disco_pyserini.datasets.registry import OpenCollection, open_collection
from disco_pyserini.encoding import document_encoder, query_encoder


class ConversationalRetrieval(AbsTaskRetrieval):
    """A split of a conversational collection as a retrieval task; its main score is nDCG@3.

    Each query is the text of a turn, so any model of mteb can be evaluated. Turns without judgments are left out.

    Args:
        collection: a collection, or a name for `disco_pyserini.open_collection`.
        split: the name of a split.
        form: what the queries are: ``conversation``, ``user-turns``, ``last:N``, ``utterance``, or a rewrite such as
            ``human``.

    Raises:
        InputError: there is no such collection, split or form, or it has no judgments or no passages.
    """

    def __init__(self, collection: str | OpenCollection, split: str, form: str = "conversation") -> None:
        opened = open_collection(collection) if isinstance(collection, str) else collection
        name = f"{Path(opened.benchmark.name).name}-{split}-{form}"  # also a file name of mteb's
        texts, qrels = opened.judged(split, form)
        queries = [{"id": qid, "text": text} for qid, text in texts.items()]
        judged = {query["id"]: dict(qrels[query["id"]]) for query in queries}
        passages = [{"id": one.id, "text": one.contents, "title": ""} for one in opened.passages(split)]
        self.metadata = TaskMetadata(
            name=name,
            description=opened.benchmark.title,
            # mteb stores results by revision, so that changed files are evaluated anew.
            dataset={"path": name, "revision": sha256(repr((queries, judged, passages)).encode()).hexdigest()[:16]},
            type="Retrieval",
            category="t2t",
            task_subtypes=["Conversational retrieval"],
            eval_splits=[split],
            eval_langs=["eng-Latn"],
            main_score="ndcg_at_3",
        )
        super().__init__()
        data = {
            "queries": Dataset.from_list(queries),
            "corpus": Dataset.from_list(passages),
            "relevant_docs": judged,
            "top_ranked": None,
        }
        self.dataset = {"default": {split: data}}
        self.data_loaded = True


class DiscoModel(AbsEncoder):
    """The encoders of a card as a model of mteb: sparse vectors of unquantised weights, compared by dot product.

    Args:
        name: the name of an encoder card, or the path or hub id of a checkpoint.

    Raises:
        InputError: there is no such encoder, or it cannot be opened.
    """

    def __init__(self, name: str) -> None:
        self.queries = query_encoder(name)
        self.documents = document_encoder(name)
        self.mteb_model_meta = ModelMeta.create_empty(
            {
                "name": name if "/" in name else f"disco-pyserini/{name}",
                "revision": self.queries.revision[:16],
                "model_type": ["sparse"],
                "similarity_fn_name": ScoringFunction.DOT_PRODUCT,
            }
        )

    def encode(self, inputs: Any, *, prompt_type: PromptType | None = None, **kwargs: Any) -> torch.Tensor:
        """Return the vectors of mteb's batches, (texts, vocabulary), as a sparse tensor.

        Args:
            inputs: batches with ``text``.
            prompt_type: queries go through the query encoder, everything else through the document encoder.
            **kwargs: what else mteb says about the task; not used.
        """
        encoder = self.queries if prompt_type == PromptType.query else self.documents
        vectors = [vector for batch in inputs for vector in encoder.weight_vectors(batch["text"])]
        rows = torch.repeat_interleave(torch.tensor([len(vector.terms) for vector in vectors]))
        terms = torch.cat([torch.from_numpy(vector.terms).long() for vector in vectors])
        weights = torch.cat([torch.from_numpy(vector.weights) for vector in vectors])
        size = (len(vectors), len(encoder.vocabulary))
        return torch.sparse_coo_tensor(torch.stack([rows, terms]), weights, size, check_invariants=False)

    def similarity(self, embeddings1: torch.Tensor, embeddings2: torch.Tensor) -> torch.Tensor:
        """Return the dot products of sparse vectors, (queries, documents)."""
        products: torch.Tensor = torch.sparse.mm(embeddings1, embeddings2.T).to_dense()
        return products
