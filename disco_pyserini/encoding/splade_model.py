"""Texts to SPLADE weights, in batches of similar length, with either backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.encoding.tokens import Tokens
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import WeightVector


class Backend(StrEnum):
    """What runs the model."""

    torch = "torch"
    torch_bf16 = "torch-bf16"
    onnx = "onnx"
    onnx_int8 = "onnx-int8"


def check_backend(name: str) -> Backend:
    """Return the backend of a name.

    Raises:
        InputError: there is none.
    """
    try:
        return Backend(name)
    except ValueError:
        raise InputError(f"unknown backend {name!r}: expected one of {', '.join(Backend)}") from None


class Model(Protocol):
    """A masked language model with SPLADE's pooling: ``weight = max over tokens of log(1 + relu(logit))``."""

    def weights(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the weights (texts, vocabulary) of texts given as token ids."""

    @property
    def batch_tokens(self) -> int:
        """How many tokens at once are fast."""


class SpladeModel:
    """A tokenizer and a model of one checkpoint.

    Args:
        folder: a Hugging Face checkpoint: ``config.json`` and safetensors or ``.bin`` weights, read without unpickling.
        tokenizer_name: a tokenizer's folder or hub id where it is not beside the weights.
        device: a torch device; by default the first GPU, or the CPU where there is none. ONNX runs on the CPU.
        batch_tokens: how many tokens, padding included, go through the model at once; it bounds memory. By default
            what is fast.
        backend: what runs the model.

    Raises:
        InputError: no weights, no masked-LM head, a tokenizer of another size, or weights that are not finite.
    """

    def __init__(
        self, folder: Path, tokenizer_name: str | None, device: str | None, batch_tokens: int | None, backend: Backend
    ) -> None:
        self.model: Model
        self.tokens: Tokens
        if backend in (Backend.torch, Backend.torch_bf16):
            from disco_pyserini.encoding.torch_backend import open_torch

            self.model, self.tokens = open_torch(folder, tokenizer_name, device, bf16=backend is Backend.torch_bf16)
        else:
            from disco_pyserini.encoding.onnx_backend import open_onnx

            self.model, self.tokens = open_onnx(folder, tokenizer_name, device, int8=backend is Backend.onnx_int8)
        self.batch_tokens = batch_tokens or self.model.batch_tokens

    def weights(self, texts: Sequence[str], max_length: int) -> list[WeightVector]:
        """Encode texts in batches of similar length."""
        ids = self.tokens.ids(texts, max_length)
        vectors: list[WeightVector | None] = [None] * len(ids)
        for batch in self._batches([len(tokens) for tokens in ids]):
            for index, row in zip(batch, self.model.weights([ids[index] for index in batch]), strict=True):
                terms = np.flatnonzero(row).astype(np.int32)
                vectors[index] = WeightVector(terms, row[terms])
        return [vector for vector in vectors if vector is not None]

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Group positions, longest first, so that each group takes at most `batch_tokens` when padded."""
        batch: list[int] = []
        for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
            if batch and (len(batch) + 1) * lengths[batch[0]] > self.batch_tokens:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch
