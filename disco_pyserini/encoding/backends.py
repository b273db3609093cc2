"""Backends: what runs the forward pass of a SPLADE encoder.

A backend is a function, registered by name (docs/extending.md), that opens a checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.encoding.tokens import Tokens
from disco_pyserini.extensions import Registry
from disco_pyserini.extras import has_extra

DEFAULT_BACKEND = "torch"


class Model(Protocol):
    """A language model with SPLADE's pooling: ``weight = max over tokens of log(1 + relu(logit))``."""

    @property
    def batch_tokens(self) -> int:
        """Tokens per forward pass, padding included: a number that is fast and fits into memory."""

    @property
    def padding_noise(self) -> float:
        """The largest change that padding can make to an impact before rounding.

        If it could change how an impact is rounded, the encoder encodes the text again, alone, so that impacts do not
        depend on the batch. 0 if padding changes nothing, or if the backend is too coarse for this to help.
        """

    def weights(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the weights (texts, vocabulary) of texts given as token ids."""


@runtime_checkable
class LocatingModel(Protocol):
    """A model that also says which token of a text gives each weight. All built-in backends have one."""

    def locate_weights(self, ids: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the weights (vocabulary) of one text, and which of its tokens gives each weight (vocabulary).

        The second array holds positions in ``ids``: those of the maxima that SPLADE takes. Where a weight is 0, its
        position means nothing.
        """


class Backend(Protocol):
    """Opens a checkpoint."""

    def __call__(self, folder: Path, tokenizer_name: str | None, device: str | None) -> tuple[Model, Tokens]:
        """Return the model of a checkpoint, and its tokenizer.

        Args:
            folder: a Hugging Face checkpoint of a masked or causal LM.
            tokenizer_name: the tokenizer's folder or hub id, if it is not beside the weights.
            device: a torch device; None for the best one that the backend can use.

        Raises:
            InputError: the checkpoint is not a SPLADE encoder, or the backend cannot use the device.
        """


BACKENDS: Registry[Backend] = Registry(
    "backend",
    "backends",
    {
        DEFAULT_BACKEND: "disco_pyserini.encoding.torch_backend:open_float32",
        "torch-bf16": "disco_pyserini.encoding.torch_backend:open_bfloat16",
        "onnx": "disco_pyserini.encoding.onnx_backend:open_float32",
        "onnx-int8": "disco_pyserini.encoding.onnx_backend:open_int8",
    },
)


def quick_backend() -> str:
    """Return the backend that answers a single question soonest: ONNX if its files can be made here, else torch.

    Importing torch takes several seconds. Both give the same impacts, but for rounding.
    """
    return "onnx" if has_extra("onnx") else DEFAULT_BACKEND
