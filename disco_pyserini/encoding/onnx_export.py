"""Exporting a checkpoint to ONNX: token ids of one text in, its weights and the positions of their tokens out.

The positions are zeros unless the input ``locate`` is true.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from disco_pyserini.encoding.causal import Echo, echo_of
from disco_pyserini.encoding.gated_splade import GatedSplade
from disco_pyserini.encoding.onnx_attention import FUSED
from disco_pyserini.encoding.torch_backend import load_body
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import temporary_folder, write_bytes_aside

# Vocabulary entries per block, whose logits are in memory at once.
_BLOCK = 2048

# The largest size of an ONNX file.
_BYTES = 1 << 31


class _Splade(nn.Module):
    """Takes the maximum over tokens inside the graph, before relu and log, so that its output is a single row."""

    def __init__(self, body: Any, echo: Echo | None) -> None:
        super().__init__()
        self.echo = echo
        self.body = body
        head = body.get_output_embeddings()
        # Separate matrices: the projection is often tied to the embeddings, which are stored transposed.
        blocks = head.weight.detach().t().split(_BLOCK, dim=1)
        self.blocks = nn.ParameterList(nn.Parameter(block.contiguous()) for block in blocks)
        self.bias = head.bias

    def forward(self, input_ids: Tensor, locate: Tensor) -> tuple[Tensor, Tensor]:
        texts, start, skipped = input_ids, 0, 0
        if self.echo:
            start, skipped = input_ids.shape[1] - self.echo.after, self.echo.before
            texts = torch.cat([input_ids[:, :start], input_ids[:, skipped:]], dim=1)
        states = self.body(input_ids=texts).logits[0, start:]
        logits = [states @ block for block in self.blocks]
        highest = torch.cat([block.amax(dim=0) for block in logits])
        positions = _positions(locate, torch.arange(states.shape[0]) + skipped, logits)
        # Adding the bias after the maximum gives the same numbers, and touches only one row.
        highest = highest if self.bias is None else highest + self.bias
        return torch.log(1 + torch.relu(highest)).unsqueeze(0), positions.unsqueeze(0)


class _GatedSplade(nn.Module):
    """The same for a gated encoder: projects only tokens with a gate, and applies the gates to the logits.

    With 8-bit states that are already gated, rounding errors would make the logits of nearly closed tokens positive.
    """

    def __init__(self, body: GatedSplade) -> None:
        super().__init__()
        self.body = body
        weight, bias = body.head.weight.detach()[:, :-1], body.head.weight.detach()[:, -1]
        self.blocks = nn.ParameterList(nn.Parameter(block.contiguous()) for block in torch.split(weight.t(), _BLOCK, 1))
        self.biases = nn.ParameterList(nn.Parameter(block.contiguous()) for block in torch.split(bias, _BLOCK))

    def forward(self, input_ids: Tensor, locate: Tensor) -> tuple[Tensor, Tensor]:
        states, gates = self.body.states_and_gates(input_ids, None)
        # The first token is kept even if its gate is closed: the maximum needs one, and its logits are then 0.
        first = torch.arange(input_ids.shape[1]) == 0
        used = (first | (gates[0] > 0)).nonzero().squeeze(1)
        torch._check(used.shape[0] > 0)  # for the exporter
        states, gates = states[0, used], gates[0, used].unsqueeze(1)
        logits = [(states @ block + bias) * gates for block, bias in zip(self.blocks, self.biases, strict=True)]
        highest = torch.cat([block.amax(dim=0) for block in logits])
        positions = _positions(locate, used, logits)
        return torch.log(1 + torch.relu(highest)).unsqueeze(0), positions.unsqueeze(0)


def _positions(locate: Tensor, tokens: Tensor, logits: list[Tensor]) -> Tensor:
    """Return the position of the token with the highest logit of each vocabulary entry.

    Args:
        locate: whether to look for it, which takes a tenth of the time of a small model; if not, zeros are returned.
        tokens: (tokens,) their positions.
        logits: (tokens, entries), the vocabulary in blocks.
    """

    def found(tokens: Tensor, *logits: Tensor) -> Tensor:
        return tokens[torch.cat([block.argmax(dim=0) for block in logits])]

    def nothing(tokens: Tensor, *logits: Tensor) -> Tensor:
        return torch.zeros(sum(block.shape[1] for block in logits), dtype=torch.int64)

    positions: Tensor = torch.cond(locate, found, nothing, (tokens, *logits))
    return positions


def export(folder: Path, tokenizer_name: str | None, int8: bool, file: Path) -> None:
    """Write the ONNX file of a checkpoint, with the tokenizer in its metadata.

    With ``int8``, matrix products use 7-bit weights with a scale per column, and 8-bit activations with a scale that is
    computed for each text at run time. (With 8-bit weights, the sums overflow on processors without VNNI.)

    Raises:
        InputError: the checkpoint is not a SPLADE encoder, or too large for an ONNX file.
        DiscoError: the file cannot be written, or torch cannot export the model.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    body, tokens = load_body(folder, tokenizer_name)
    body.set_attn_implementation(FUSED)
    gated = isinstance(body, GatedSplade)
    splade = _GatedSplade(body).eval() if gated else _Splade(body, echo_of(body.config, tokens)).eval()
    size = sum(parameter.nbytes for parameter in splade.parameters())
    if size >= _BYTES:
        raise InputError(
            f"{folder}: its weights take {size / 1e9:.1f} GB in 32 bits, and an ONNX file holds at most "
            f"{_BYTES / 1e9:.1f} GB: use the backend torch or torch-bf16"
        )
    with temporary_folder(file, ".making", "set PYSERINI_CACHE to a folder that can be written") as temporary:
        made, smaller = temporary / "made.onnx", temporary / "int8.onnx"
        with _quiet():
            try:
                torch.onnx.export(
                    splade,
                    (torch.arange(16).unsqueeze(0), torch.tensor(True)),
                    made,
                    input_names=["input_ids", "locate"],
                    output_names=["weights", "positions"],
                    dynamic_shapes={"input_ids": {1: torch.export.Dim.DYNAMIC}, "locate": {}},
                    external_data=False,
                    dynamo=True,
                )
                if int8:
                    quantize_dynamic(
                        made, smaller, ["MatMul"], per_channel=True, reduce_range=True, weight_type=QuantType.QInt8
                    )
            except torch.onnx.OnnxExporterError as problem:
                raise DiscoError(f"{folder}: torch cannot export this model to ONNX: {problem}") from problem
            except OSError as problem:
                raise DiscoError(
                    f"cannot write {file}: {problem.strerror or problem}: make room there, or set PYSERINI_CACHE to a "
                    "folder on a larger disk"
                ) from problem
        model = onnx.load(smaller if int8 else made)
    # After the temporary folder: a process killed while it removes it makes the file, and the folder, again.
    _remove_traces(model.graph)
    onnx.helper.set_model_props(model, {"disco": json.dumps(tokens.to_json())})
    with write_bytes_aside(file) as out:
        out.write(model.SerializeToString())


def _remove_traces(graph: Any) -> None:
    """Remove where each node comes from: paths of this machine, and numbers that count the exports of this process."""
    for node in graph.node:
        del node.metadata_props[:]
        for attribute in node.attribute:
            _remove_traces(attribute.g)


@contextlib.contextmanager
def _quiet() -> Any:
    """Silence the exporter and the quantiser."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
