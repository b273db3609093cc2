"""The SPLADE forward pass in torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from disco_pyserini.encoding import gated_splade  # noqa: F401  (makes gated encoders known to transformers)
from disco_pyserini.encoding.causal import Echo, check_attention, echo_of, is_causal_lm
from disco_pyserini.encoding.cores import cores, threads_for_one_text
from disco_pyserini.encoding.devices import resolve_device
from disco_pyserini.encoding.locate import document_folder, weight_files
from disco_pyserini.encoding.projection import Projection, screening_pays, used_tokens
from disco_pyserini.encoding.tokens import Tokens, check_size
from disco_pyserini.errors import InputError

# Tokens per batch, and logits in memory at once. On a CPU, more tokens are not faster, and 2 MiB of logits stay in a
# core's cache: with 16 MiB, an encoder of width 128 was 1.7 times slower. A GPU would be idle with so few. (GPU values
# are not measured.)
_CPU = (1 << 10, 1 << 19)
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
    return TorchModel(model, where, bf16, echo_of(model.config, tokens)), tokens


class TorchModel:
    """A language model in torch.

    Args:
        body: the model that `load_body` returns.
        device: where it runs.
        bf16: compute in bfloat16 instead of float32.
        echo: how a causal LM reads each text twice; None to read it once.
    """

    def __init__(self, body: Any, device: torch.device, bf16: bool, echo: Echo | None = None) -> None:
        self._echo = echo
        self._body = body.to(device, torch.bfloat16 if bf16 else torch.float32)
        self._device = device
        self._parameters = sum(weights.numel() for weights in body.parameters())
        # bfloat16 is too coarse to make impacts independent of the batch.
        self.padding_noise = 0.0 if bf16 else _PADDING_NOISE
        self.batch_tokens, block = _CPU if device.type == "cpu" else _GPU
        self._projection = Projection(body.get_output_embeddings(), block, screening_pays(device, body.dtype))

    @torch.inference_mode()
    def weights(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the weights (texts, vocabulary) of texts given as token ids."""
        with self._threads(ids):
            return _activated(self._projection.highest(self._states(ids)[0]))

    @torch.inference_mode()
    def locate_weights(self, ids: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """See `disco_pyserini.encoding.backends.LocatingModel`."""
        with self._threads([ids]):
            states, positions = self._states([ids])
            highest, which = self._projection.highest_and_where(states[0])
        read = positions[0, which].cpu().numpy()
        # The second reading of a text lacks the special tokens before it.
        return _activated(highest), read + (self._echo.before if self._echo else 0)

    @contextmanager
    def _threads(self, ids: Sequence[Sequence[int]]) -> Iterator[None]:
        """Use no more threads than the container allows, and for a short text no more than pay."""
        before = torch.get_num_threads()
        number = threads_for_one_text(len(ids[0]), self._parameters) if len(ids) == 1 else cores()
        if self._device.type != "cpu" or number >= before:
            yield
            return
        torch.set_num_threads(number)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def _states(self, ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the states of tokens that can have weights (texts, tokens, width), and their positions in the text.

        With echo, positions count from the start of the second reading.
        """
        texts = [self._echo.twice(tokens) if self._echo else (tokens, 0) for tokens in ids]
        padded = torch.zeros(len(texts), max(len(tokens) for tokens, _ in texts), dtype=torch.long)
        mask = torch.zeros_like(padded)
        pooled = torch.zeros_like(padded, dtype=torch.bool)
        for row, (tokens, start) in enumerate(texts):
            padded[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
            pooled[row, start : len(tokens)] = True
        states = self._body(input_ids=padded.to(self._device), attention_mask=mask.to(self._device)).logits
        states, positions, outside = used_tokens(states, ~pooled.to(self._device))
        # Replace the other tokens with the text's first used one, which does not change the maximum over tokens.
        states = torch.where(outside.unsqueeze(-1), states[:, :1], states)
        starts = torch.tensor([start for _, start in texts], device=positions.device).unsqueeze(1)
        return states, torch.where(outside, positions[:, :1], positions) - starts


def _activated(highest: torch.Tensor) -> NDArray[np.float32]:
    # log(1 + x), not log1p(x): bit-identical to Pyserini.
    return torch.log(1 + highest.float()).cpu().numpy()


def load_body(folder: Path, tokenizer_name: str | None) -> tuple[Any, Tokens]:
    """Load a masked or causal LM and its tokenizer.

    The model then returns the inputs of its vocabulary projection as ``logits``. The weights of the projection are
    those of the model's ``get_output_embeddings()``, without outputs beyond the tokenizer.

    Raises:
        InputError: the checkpoint is not a language model with such a projection, or the tokenizer does not match it.
    """
    model = _load_lm(folder)
    tokens = Tokens.load(tokenizer_name or str(document_folder(folder) or folder))
    head = model.get_output_embeddings()
    check_size(folder, tokens, len(head.weight), tokenizer_name)
    probe = torch.tensor([[len(tokens.vocabulary) // 2]])
    with torch.inference_mode():
        expected = model(probe).logits
        head.forward = lambda states: states
        if not torch.allclose(nn.functional.linear(model(probe).logits, head.weight, head.bias), expected, atol=1e-4):
            raise InputError(
                f"{folder}: expected a model whose last step is the projection to the vocabulary, "
                f"{type(model).__name__} does more: it cannot be used here"
            )
    if len(tokens.vocabulary) < len(head.weight):  # The outputs beyond the tokenizer are padding.
        head.weight = nn.Parameter(head.weight[: len(tokens.vocabulary)])
        head.bias = None if head.bias is None else nn.Parameter(head.bias[: len(tokens.vocabulary)])
    return model, tokens


def _load_lm(folder: Path) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM
    from transformers.utils import logging

    weight_files(folder)  # raises an error if there are none
    show_progress = logging.is_progress_bar_enabled()
    verbosity = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        causal = is_causal_lm(config)
        model, report = (AutoModelForCausalLM if causal else AutoModelForMaskedLM).from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as problem:  # transformers checks few fields of a configuration: any error can come from a bad one
        raise InputError(f"{folder}: not a checkpoint of a masked or causal LM: {_first_line(problem)}") from problem
    finally:
        logging.set_verbosity(verbosity)
        if show_progress:
            logging.enable_progress_bar()
    _check_weights(model, report, folder, "causal" if causal else "masked")
    model.eval()
    if causal:
        check_attention(model, folder)
        model.config.use_cache = False
    return model


def _check_weights(model: Any, report: dict[str, Any], folder: Path, kind: str) -> None:
    missing = sorted(report["missing_keys"])
    if missing:
        raise InputError(
            f"{folder}: {len(missing)} weights of a {kind} LM are not in the checkpoint ({', '.join(missing[:3])}…): "
            f"SPLADE needs the {kind}-LM head; was this saved from a model without one?"
        )
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise InputError(
                f"{folder}: the weights in {name} are not finite (NaN or infinity): the checkpoint is broken"
            )


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).strip().splitlines()), type(problem).__name__)
