"""The trainable sentence-transformers models: plain SPLADE and the asymmetric student."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from types import MethodType
from typing import Any

import torch
from sentence_transformers import SparseEncoder
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.sparse_encoder.modules import SpladePooling
from torch import Tensor, nn
from transformers import AutoTokenizer, BertForMaskedLM, BertModel

from disco_pyserini.encoding.gated_splade import gated_splade
from disco_pyserini.training.pooling import pool


def splade(folder: Path) -> SparseEncoder:
    """Return a symmetric SPLADE encoder made from a masked-LM checkpoint."""
    return SparseEncoder(modules=_route(folder), device=_device())


def student(
    document_encoder: Path,
    query_encoder: Path | None = None,
    max_length: int = 256,
    document_max_length: int = 256,
    reader: Path | None = None,
) -> SparseEncoder:
    """Return a student with a trainable query route and a frozen document route.

    Args:
        document_encoder: folder of a masked LM.
        query_encoder: initialises the query route; the document encoder by default. Both have the same vocabulary.
        max_length: the maximum query length in tokens.
        document_max_length: the maximum document length in tokens.
        reader: the folder of a BERT model. The query route is then a new gated encoder with this reader; if it is the
            document encoder's folder, the two share the word embeddings.

    Raises:
        InputError: the reader or the document encoder is not a BERT, or their vocabularies differ in size.
    """
    document = _route(document_encoder)
    query = _gated_route(document_encoder, reader) if reader else _route(query_encoder or document_encoder)
    query[0].max_seq_length = max_length
    document[0].max_seq_length = document_max_length
    for module in document:
        module.requires_grad_(False).eval()
        # Trainers call model.train() before every step, which would switch the frozen route's dropout back on.
        module.train = MethodType(lambda self, mode=True: self, module)
    router = Router.for_query_document(query, document, default_route=None, allow_empty_key=False)
    return SparseEncoder(modules=[router], device=_device())


def export_masked_lm(model: SparseEncoder, folder: Path, route: str | None = None) -> None:
    """Write the masked LM of a plain encoder, or of one route of a student, as a Hugging Face checkpoint."""
    first: Any = model[0]
    transformer = first if route is None else first.sub_modules[route][0]
    transformer.auto_model.save_pretrained(folder)
    transformer.tokenizer.save_pretrained(folder)


def _route(folder: Path) -> list[Any]:
    """Return a transformer and SPLADE pooling that keep the batch × length × vocabulary tensor out of the graph.

    Both remain ordinary sentence-transformers modules, so that a saved model does not need this package.
    """
    own_code = {"trust_remote_code": False}  # else transformers asks on the terminal whether to run it
    transformer = Transformer(
        str(folder),
        transformer_task="fill-mask",
        model_kwargs=dict(own_code),
        processor_kwargs=dict(own_code),
        config_kwargs=dict(own_code),
    )
    transformer.auto_model.float()  # shipped weights are stored in 16 bits
    head = transformer.auto_model.get_output_embeddings()
    pooling = SpladePooling("max", embedding_dimension=len(head.weight))
    head.forward = MethodType(lambda self, states: states, head)
    # The head's parameters belong to the transformer; with a plain function, the pooling does not own them too.
    pooling.forward = lambda features: _pooled(features, head)
    return [transformer, pooling]


def _gated_route(document_encoder: Path, reader: Path) -> list[Any]:
    document = BertForMaskedLM.from_pretrained(document_encoder, dtype=torch.float32)
    own = reader.samefile(document_encoder)
    body = None if own else BertModel.from_pretrained(reader, add_pooling_layer=False, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(document_encoder, trust_remote_code=False)
    with TemporaryDirectory() as folder:
        gated_splade(document, tokenizer.sep_token_id, body).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return _route(Path(folder))


def _pooled(features: dict[str, Tensor], head: nn.Linear) -> dict[str, Tensor]:
    features["sentence_embedding"] = pool(features["token_embeddings"], features["attention_mask"], head)
    return features


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
