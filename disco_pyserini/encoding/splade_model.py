"""Texts to SPLADE weights, in batches of similar length, with any backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from disco_pyserini.encoding.backends import BACKENDS, Model
from disco_pyserini.encoding.static_weights import is_static, open_static
from disco_pyserini.impacts import WeightVector


class SpladeModel:
    """The tokenizer and the model of a checkpoint.

    Args:
        folder: a Hugging Face checkpoint: ``config.json`` and safetensors or ``.bin`` weights, read without unpickling.
        tokenizer_name: the tokenizer's folder or hub id, if it is not beside the weights.
        device: a torch device; by default the first GPU, or the CPU if there is no GPU. ONNX runs on the CPU.
        batch_tokens: tokens per forward pass, padding included; bounds memory. By default a fast value.
        backend: the name of a backend in `BACKENDS`.

    Raises:
        InputError: the backend is unknown; or the checkpoint has no weights, no language-model head, a tokenizer that
            does not fit it, or weights that are not finite.
    """

    def __init__(
        self, folder: Path, tokenizer_name: str | None, device: str | None, batch_tokens: int | None, backend: str
    ) -> None:
        self.model: Model
        if is_static(folder):
            self.model, self.tokens = open_static(folder, tokenizer_name)
        else:
            self.model, self.tokens = BACKENDS.get(backend)(folder, tokenizer_name, device)
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
        """Yield groups of text indices, longest first, each with at most `batch_tokens` tokens when padded."""
        batch: list[int] = []
        for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
            if batch and (len(batch) + 1) * lengths[batch[0]] > self.batch_tokens:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch
