"""Encoders without inference: a fixed weight for each token of the text.

These are checkpoints of sentence-transformers' `SparseStaticEmbedding`, the query route of document-only SPLADE
encoders. The weights are usually IDFs. The model needs no backend: numpy does all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.encoding.checkpoint_files import read_object
from disco_pyserini.encoding.tokens import Tokens, check_size
from disco_pyserini.errors import InputError


class StaticModel:
    """Gives each token of a text its weight, however often the token occurs.

    Args:
        weight: the weight of each token of the vocabulary.
    """

    batch_tokens = 1 << 16
    padding_noise = 0.0

    def __init__(self, weight: NDArray[np.float32]) -> None:
        # Trained weights can be negative. Impacts cannot.
        self._weight = np.maximum(weight, 0)

    def weights(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the weights (texts, vocabulary) of texts given as token ids."""
        rows = np.zeros((len(ids), len(self._weight)), np.float32)
        for row, tokens in zip(rows, map(list, ids), strict=True):
            row[tokens] = self._weight[tokens]
        return rows

    def locate_weights(self, ids: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """See `disco_pyserini.encoding.backends.LocatingModel`; of a repeated token, the first counts."""
        positions = np.zeros(len(self._weight), np.int64)
        positions[list(reversed(ids))] = np.arange(len(ids))[::-1]
        return self.weights([ids])[0], positions


def is_static(folder: Path) -> bool:
    """Whether a folder holds a `SparseStaticEmbedding`."""
    # Every checkpoint of a language model names its type.
    return "model_type" not in (config := read_object(folder / "config.json")) and "frozen" in config


def open_static(folder: Path, tokenizer_name: str | None) -> tuple[StaticModel, Tokens]:
    """Open the folder of a `SparseStaticEmbedding`; see `disco_pyserini.encoding.backends.Backend`.

    Raises:
        InputError: there are no weights, they are not finite, or the tokenizer does not match them.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    file = folder / "model.safetensors"
    try:
        weight = load_file(file)["weight"].astype(np.float32)
    except (OSError, SafetensorError, KeyError) as problem:
        raise InputError(f"{file}: expected the token weights of a SparseStaticEmbedding: {problem}") from problem
    if weight.ndim != 1 or not np.isfinite(weight).all():
        raise InputError(f"{file}: expected one finite weight for each token: the checkpoint is broken")
    tokens = Tokens.load(tokenizer_name or str(folder))
    check_size(folder, tokens, len(weight), tokenizer_name)
    tokens.add_no_special_tokens()
    return StaticModel(weight[: len(tokens.vocabulary)]), tokens
