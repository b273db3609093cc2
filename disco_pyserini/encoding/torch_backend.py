"""The SPLADE forward pass in torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from disco_pyserini.encoding.devices import resolve_device
from disco_pyserini.encoding.locate import weight_files
from disco_pyserini.encoding.projection import Projection, screening_pays
from disco_pyserini.encoding.tokens import Tokens
from disco_pyserini.errors import InputError

# Tokens per batch, and logits in memory at once. On a CPU, more tokens are not faster, and 16 MiB of logits are not
# returned to the operating system after every batch. A GPU would be idle with so few. (GPU values are not measured.)
_CPU = (1 << 10, 1 << 22)
_GPU = (1 << 15, 1 << 27)


# Padding changed an impact in float32 before rounding by at most 2e-4, on a BERT-base-sized model.
_PADDING_NOISE = 5e-4


def open_float32(folder: Path, tokenizer_name: str | None, device: str | None) -> tuple[TorchModel, Tokens]:
    """Open a checkpoint to compute in float32; see `disco_pyserini.encoding.backends.Backend`."""
    return _open(folder, tokenizer_name, device, bf16=False)


def open_bfloat16(folder: Path, tokenizer_name: str | None, device: str | None) -> tuple[TorchModel, Tokens]:
    """Open a checkpoint to compute in bfloat16; see `disco_pyserini.encoding.backends.Backend`."""
    return _open(folder, tokenizer_name, device, bf16=True)


def _open(folder: Path, tokenizer_name: str | None, device: str | None, bf16: bool) -> tuple[TorchModel, Tokens]:
    where = resolve_device(device)  # before the weights are read
    model, tokens = load_body(folder, tokenizer_name)
    return TorchModel(model, where, bf16), tokens


class TorchModel:
    """A masked LM in torch.

    Args:
        body: the model that `load_body` returns.
        device: where it runs.
        bf16: compute in bfloat16 instead of float32.
    """

    def __init__(self, body: Any, device: torch.device, bf16: bool) -> None:
        self._body = body.to(device, torch.bfloat16 if bf16 else torch.float32)
        self._device = device
        # bfloat16 is too coarse to make impacts independent of the batch.
        self.padding_noise = 0.0 if bf16 else _PADDING_NOISE
        self.batch_tokens, block = _CPU if device.type == "cpu" else _GPU
        self._projection = Projection(body.get_output_embeddings(), block, screening_pays(device, body.dtype))

    @torch.inference_mode()
    def weights(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the weights (texts, vocabulary) of texts given as token ids."""
        padded = torch.zeros(len(ids), max(map(len, ids)), dtype=torch.long)
        mask = torch.zeros_like(padded)
        for row, tokens in enumerate(ids):
            padded[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        mask = mask.to(self._device)
        states = self._body(input_ids=padded.to(self._device), attention_mask=mask).logits
        # Replace padding with the text's first token, which does not change the maximum over tokens.
        states = torch.where(mask.bool().unsqueeze(-1), states, states[:, :1])
        # log(1 + x), not log1p(x): bit-identical to Pyserini.
        return torch.log(1 + self._projection.highest(states).float()).cpu().numpy()


def load_body(folder: Path, tokenizer_name: str | None) -> tuple[Any, Tokens]:
    """Load a masked LM and its tokenizer. The model then returns the inputs of its vocabulary projection as ``logits``.

    The weights of the projection are those of the model's ``get_output_embeddings()``.

    Raises:
        InputError: the checkpoint is not a masked LM with such a projection, or the tokenizer does not match it.
    """
    model = _load_masked_lm(folder)
    tokens = Tokens.load(tokenizer_name or str(folder))
    head = model.get_output_embeddings()
    size = len(head.weight)
    if len(tokens.vocabulary) != size:
        raise InputError(
            f"{folder}: the tokenizer has {len(tokens.vocabulary)} tokens, but the model's head {size}: "
            "they are not of one checkpoint; name the right tokenizer with tokenizer_name"
        )
    probe = torch.tensor([[size // 2]])
    with torch.inference_mode():
        expected = model(probe).logits
        head.forward = lambda states: states
        if not torch.allclose(nn.functional.linear(model(probe).logits, head.weight, head.bias), expected, atol=1e-4):
            raise InputError(
                f"{folder}: expected a model whose last step is the projection to the vocabulary, "
                f"{type(model).__name__} does more: it cannot be used here"
            )
    return model, tokens


def _load_masked_lm(folder: Path) -> Any:
    from transformers import AutoModelForMaskedLM
    from transformers.utils import logging

    weight_files(folder)  # raises an error if there are none
    show_progress = logging.is_progress_bar_enabled()
    verbosity = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        model, report = AutoModelForMaskedLM.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, UnpicklingError) as problem:
        raise InputError(f"{folder}: not a masked-LM checkpoint: {_first_line(problem)}") from problem
    finally:
        logging.set_verbosity(verbosity)
        if show_progress:
            logging.enable_progress_bar()
    _check_weights(model, report, folder)
    return model.eval()


def _check_weights(model: Any, report: dict[str, Any], folder: Path) -> None:
    missing = sorted(report["missing_keys"])
    if missing:
        raise InputError(
            f"{folder}: {len(missing)} weights of a masked LM are not in the checkpoint ({', '.join(missing[:3])}…): "
            "SPLADE needs the masked-LM head; was this saved from a model without one?"
        )
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise InputError(
                f"{folder}: the weights in {name} are not finite (NaN or infinity): the checkpoint is broken"
            )


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).strip().splitlines()), type(problem).__name__)
