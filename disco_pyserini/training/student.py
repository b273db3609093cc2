"""The trainable sentence-transformers models: plain SPLADE and the asymmetric student."""

from __future__ import annotations

from pathlib import Path
from types import MethodType
from typing import Any

import torch
from sentence_transformers import SparseEncoder
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.sparse_encoder.modules import SpladePooling
from torch import Tensor, nn


def splade(folder: Path) -> SparseEncoder:
    """Return a symmetric SPLADE encoder made from a masked-LM checkpoint."""
    return SparseEncoder(modules=_route(folder), device=_device())


def student(
    document_encoder: Path, query_encoder: Path | None = None, max_length: int = 256, document_max_length: int = 256
) -> SparseEncoder:
    """Return a student with a trainable query route and a frozen document route.

    Args:
        document_encoder: folder of a masked LM.
        query_encoder: initialises the query route; the document encoder by default. Both have the same vocabulary.
        max_length: the maximum query length in tokens.
        document_max_length: the maximum document length in tokens.
    """
    query, document = _route(query_encoder or document_encoder), _route(document_encoder)
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
    transformer = Transformer(str(folder), transformer_task="fill-mask")
    head = transformer.auto_model.get_output_embeddings()
    pooling = SpladePooling("max", embedding_dimension=len(head.weight))
    head.forward = MethodType(lambda self, states: states, head)
    # The head's parameters belong to the transformer; with a plain function, the pooling does not own them too.
    pooling.forward = lambda features: _pool(features, head)
    return [transformer, pooling]


def _pool(features: dict[str, Tensor], head: nn.Linear) -> dict[str, Tensor]:
    """Return SPLADE weights, max over tokens of log(1 + relu(logit)), with the values and gradients of `SpladePooling`.

    For each vocabulary entry, only the highest token has a gradient, and only if its logit is above 0. The logits are
    computed first without a graph to find these tokens, then again with a graph for the few hundred active ones.
    ``token_embeddings`` are the head's inputs (batch, length, width).
    """
    states, outside = features["token_embeddings"], features["attention_mask"] == 0
    with torch.no_grad():
        logits = nn.functional.linear(states, head.weight, head.bias)
        highest, token = logits.masked_fill_(outside.unsqueeze(-1), -torch.inf).max(dim=1)
        row, term = (highest > 0).nonzero(as_tuple=True)
        token = token[row, term]
    active = (states[row, token] * head.weight[term]).sum(dim=-1)
    if head.bias is not None:
        active = active + head.bias[term]
    weights = torch.zeros(highest.shape, dtype=torch.float32, device=states.device)
    features["sentence_embedding"] = weights.index_put((row, term), torch.log1p(torch.relu(active.float())))
    return features


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
