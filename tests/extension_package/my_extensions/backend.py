"""A backend: torch in double precision, one text at a time; slow, and a reference for others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForMaskedLM

from disco_pyserini.encoding.tokens import Tokens


class Float64Model:
    """A masked language model with SPLADE's pooling."""

    batch_tokens = 1024
    padding_noise = 0.0  # nothing is padded

    def __init__(self, model: Any) -> None:
        self.model = model

    @torch.inference_mode()
    def weights(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the weights (texts, vocabulary) of texts given as token ids."""
        highest = [self.model(torch.tensor([tokens], device=self.model.device)).logits[0].amax(0) for tokens in ids]
        weights: NDArray[np.float32] = torch.log1p(torch.relu(torch.stack(highest))).float().cpu().numpy()
        return weights


def open_float64(folder: Path, tokenizer_name: str | None, device: str | None) -> tuple[Float64Model, Tokens]:
    """Return the model of a checkpoint, and its tokenizer."""
    model = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float64).eval().to(device or "cpu")
    return Float64Model(model), Tokens.load(tokenizer_name or str(folder))
