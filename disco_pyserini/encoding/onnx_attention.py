"""Attention as one operation of ONNX Runtime, for exported models.

The operation keeps the attention scores of few tokens in the cache at a time. Written as products and a softmax, they
are an array of heads x tokens x tokens, and ONNX Runtime does not recognise them in what torch exports.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import bidirectional_mask_function, eager_mask

FUSED = "onnx-runtime"
"""The name of this attention implementation in transformers."""


def _attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, scaling: float, **_: Any
) -> tuple[Tensor, None]:
    """Return softmax(query key' scaling + mask) value, (batch, tokens, heads, width), and no attention weights.

    Args:
        module: the attention layer, which is not looked at.
        query: (batch, heads, tokens, width).
        key: (batch, heads, tokens, width), or with fewer heads, each used by several of the query.
        value: as the keys.
        attention_mask: added to the scores, or None.
        scaling: the factor of the products.
    """
    heads, shared = query.shape[1], query.shape[1] // key.shape[1]
    inputs = [query, key.repeat_interleave(shared, dim=1), value.repeat_interleave(shared, dim=1)]
    flat = [states.transpose(1, 2).flatten(2) for states in inputs]
    mask = [] if attention_mask is None else [None, None, attention_mask]
    found = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        [*flat, *mask],
        {"num_heads": heads, "scale": float(scaling)},
        dtype=query.dtype,
        shape=flat[2].shape,
        version=1,
    )
    return found.reshape(*found.shape[:2], heads, -1), None


def _mask(*, mask_function: Any, attention_mask: Tensor | None = None, **sizes: Any) -> Tensor | None:
    """Return the mask of eager attention, or None if every token sees all others: adding zeros takes time."""
    if mask_function is bidirectional_mask_function and attention_mask is None:
        return None
    mask: Tensor = eager_mask(mask_function=mask_function, attention_mask=attention_mask, **sizes)
    return mask


AttentionInterface.register(FUSED, _attention)
AttentionMaskInterface.register(FUSED, _mask)
