"""The sentence-transformers models that are trained: plain SPLADE, and the asymmetric student."""

from __future__ import annotations

from pathlib import Path
from types import MethodType
from typing import Any

import torch
from sentence_transformers import SparseEncoder
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.sparse_encoder.modules import SpladePooling


def splade(folder: Path) -> SparseEncoder:
    """A masked-LM checkpoint as a symmetric SPLADE encoder."""
    return SparseEncoder(modules=_route(folder), device=_device())


def student(document_encoder: Path) -> SparseEncoder:
    """A trainable query route beside a frozen document route, both starting from the document encoder's weights."""
    query, document = _route(document_encoder), _route(document_encoder)
    for module in document:
        module.requires_grad_(False).eval()
        # Trainers call model.train() before every step, which would switch the frozen route's dropout back on.
        module.train = MethodType(lambda self, mode=True: self, module)  # type: ignore[method-assign]
    router = Router.for_query_document(query, document, default_route=None, allow_empty_key=False)
    return SparseEncoder(modules=[router], device=_device())


def export_masked_lm(model: SparseEncoder, folder: Path, route: str | None = None) -> None:
    """Write the masked LM of a plain encoder, or of one route of a student, as a Hugging Face checkpoint."""
    transformer = model[0] if route is None else model[0].sub_modules[route][0]
    transformer.auto_model.save_pretrained(folder)
    transformer.tokenizer.save_pretrained(folder)


def _route(folder: Path) -> list[Any]:
    pooling = SpladePooling("max")
    pooling.forward = MethodType(_pool_maximum_first, pooling)  # type: ignore[method-assign]
    return [Transformer(str(folder), transformer_task="fill-mask"), pooling]


def _pool_maximum_first(pooling: SpladePooling, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Pool as `SpladePooling` does, to the same numbers, but activate after the maximum over tokens, not before.

    That keeps one batch × length × vocabulary tensor for the backward pass instead of three. The module stays an
    ordinary `SpladePooling`, so that a saved model needs nothing of this package.
    """
    outside = features["attention_mask"].unsqueeze(-1) == 0
    highest = features["token_embeddings"].masked_fill_(outside, 0).amax(dim=1)
    features["sentence_embedding"] = torch.log1p(torch.relu(highest)).float()
    return features


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
