"""How much a model computes, and how fast this machine computes at best."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import perf_counter

import torch
from transformers import AutoConfig


def operations(folder: Path, lengths: Iterable[int], projection: bool = True) -> float:
    """Additions and multiplications in the matrix products of texts of so many tokens, for a BERT in a folder.

    With or without those of the projection to the vocabulary.
    """
    config = AutoConfig.from_pretrained(folder)
    width, layers = config.hidden_size, config.num_hidden_layers
    weights = layers * (4 * width**2 + 2 * width * config.intermediate_size) + width**2
    if projection:
        weights += width * config.vocab_size
    return float(sum(2 * tokens * weights + 4 * layers * tokens**2 * width for tokens in lengths))


def matrix_speed(device: str, dtype: torch.dtype) -> float:
    """Additions and multiplications a second in products of square matrices, larger ones on faster devices.

    In bfloat16, a processor without instructions for it needs a minute for what takes others a fraction of a second.
    """
    for side in (256, 512, 1024, 2048, 4096, 8192):
        matrix = torch.randn(side, side, dtype=dtype, device=device)
        product = partial(torch.mm, matrix, matrix)
        product()
        if synchronised(product) > 0.05:
            break
    return 10 * 2 * side**3 / synchronised(lambda: [product() for _ in range(10)])


def synchronised(work: Callable[[], object]) -> float:
    """Seconds that work takes, a GPU's part included."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return perf_counter() - began
