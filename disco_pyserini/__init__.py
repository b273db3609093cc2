"""DiSCo for Pyserini: conversational search with distilled SPLADE query encoders.

Everything in ``__all__`` is imported on first use, so that ``import disco_pyserini`` loads neither torch nor Java.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disco_pyserini.conversation import Conversation, Turn, flatten
    from disco_pyserini.datasets.registry import OpenCollection, open_collection
    from disco_pyserini.encoding import (
        DiscoDocumentEncoder,
        DiscoQueryEncoder,
        Reading,
        document_encoder,
        query_encoder,
    )
    from disco_pyserini.errors import DiscoError, InputError
    from disco_pyserini.evaluation import Evaluation, evaluate
    from disco_pyserini.lucene.bm25 import Bm25Searcher, build_bm25_index
    from disco_pyserini.passages import Passage, read_passages
    from disco_pyserini.search import (
        DiscoSearcher,
        Explanation,
        Hit,
        IndexSummary,
        TermScore,
        build_index,
        update_index,
    )
    from disco_pyserini.training.config import TrainingConfig, read_config
    from disco_pyserini.training.conversational_evaluator import ConversationalEvaluator
    from disco_pyserini.training.distillation import train
    from disco_pyserini.training.losses import (
        ContrastiveLoss,
        DiscoLoss,
        KLDistillationLoss,
        MarginMSELoss,
        QueryLoss,
        RepresentationMSELoss,
        SampledLoss,
    )
    from disco_pyserini.training.run import Trained
    from disco_pyserini.training.teachers import read_teacher, write_teacher
    from disco_pyserini.trec import read_qrels, read_run, read_topics, write_run
    from disco_pyserini.vectors import encode_corpus, open_vectors

__version__ = "0.1.0"

_HOME = {
    "Bm25Searcher": "lucene.bm25",
    "ContrastiveLoss": "training.losses",
    "Conversation": "conversation",
    "ConversationalEvaluator": "training.conversational_evaluator",
    "DiscoDocumentEncoder": "encoding",
    "DiscoError": "errors",
    "DiscoLoss": "training.losses",
    "DiscoQueryEncoder": "encoding",
    "DiscoSearcher": "search",
    "Evaluation": "evaluation",
    "Explanation": "search",
    "Hit": "search",
    "IndexSummary": "search",
    "InputError": "errors",
    "KLDistillationLoss": "training.losses",
    "MarginMSELoss": "training.losses",
    "OpenCollection": "datasets.registry",
    "Passage": "passages",
    "QueryLoss": "training.losses",
    "Reading": "encoding",
    "RepresentationMSELoss": "training.losses",
    "SampledLoss": "training.losses",
    "TermScore": "search",
    "Trained": "training.run",
    "TrainingConfig": "training.config",
    "Turn": "conversation",
    "build_bm25_index": "lucene.bm25",
    "build_index": "search",
    "document_encoder": "encoding",
    "encode_corpus": "vectors",
    "evaluate": "evaluation",
    "flatten": "conversation",
    "open_collection": "datasets.registry",
    "open_vectors": "vectors",
    "query_encoder": "encoding",
    "read_config": "training.config",
    "read_passages": "passages",
    "read_qrels": "trec",
    "read_run": "trec",
    "read_teacher": "training.teachers",
    "read_topics": "trec",
    "train": "training.distillation",
    "update_index": "search",
    "write_run": "trec",
    "write_teacher": "training.teachers",
}
"""The module of each public name."""

__all__ = [
    "Bm25Searcher",
    "ContrastiveLoss",
    "Conversation",
    "ConversationalEvaluator",
    "DiscoDocumentEncoder",
    "DiscoError",
    "DiscoLoss",
    "DiscoQueryEncoder",
    "DiscoSearcher",
    "Evaluation",
    "Explanation",
    "Hit",
    "IndexSummary",
    "InputError",
    "KLDistillationLoss",
    "MarginMSELoss",
    "OpenCollection",
    "Passage",
    "QueryLoss",
    "Reading",
    "RepresentationMSELoss",
    "SampledLoss",
    "TermScore",
    "Trained",
    "TrainingConfig",
    "Turn",
    "build_bm25_index",
    "build_index",
    "document_encoder",
    "encode_corpus",
    "evaluate",
    "flatten",
    "open_collection",
    "open_vectors",
    "query_encoder",
    "read_config",
    "read_passages",
    "read_qrels",
    "read_run",
    "read_teacher",
    "read_topics",
    "train",
    "update_index",
    "write_run",
    "write_teacher",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
