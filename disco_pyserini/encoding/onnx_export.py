"""Exporting a checkpoint to ONNX: token ids of one text in, its weights out."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from disco_pyserini.encoding.torch_backend import load_body
from disco_pyserini.errors import DiscoError
from disco_pyserini.files import write_bytes_aside

# Vocabulary entries per block, whose logits are in memory at once.
_BLOCK = 2048


class _Splade(nn.Module):
    """Takes the maximum over tokens inside the graph, before relu and log, so that its output is a single row."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body
        head = body.get_output_embeddings()
        # Separate matrices: the projection is often tied to the embeddings, which are stored transposed.
        blocks = head.weight.detach().t().split(_BLOCK, dim=1)
        self.blocks = nn.ParameterList(nn.Parameter(block.contiguous()) for block in blocks)
        self.bias = head.bias

    def forward(self, input_ids: Tensor) -> Tensor:
        states = self.body(input_ids=input_ids).logits
        highest = torch.cat([(states @ block).amax(dim=1) for block in self.blocks], dim=1)
        # Adding the bias after the maximum gives the same numbers, and touches only one row.
        highest = highest if self.bias is None else highest + self.bias
        return torch.log(1 + torch.relu(highest))


def export(folder: Path, tokenizer_name: str | None, int8: bool, file: Path) -> None:
    """Write the ONNX file of a checkpoint, with the tokenizer in its metadata.

    With ``int8``, matrix products use 7-bit weights with a scale per column, and 8-bit activations with a scale that is
    computed for each text at run time. (With 8-bit weights, the sums overflow on processors without VNNI.)

    Raises:
        InputError: the checkpoint is not a SPLADE encoder.
        DiscoError: the file cannot be written, or torch cannot export the model.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    body, tokens = load_body(folder, tokenizer_name)
    # ONNX Runtime recognises eager attention and fuses it into one operation.
    body.set_attn_implementation("eager")
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=file.parent) as temporary:
        made, smaller = Path(temporary) / "made.onnx", Path(temporary) / "int8.onnx"
        with _quiet():
            try:
                torch.onnx.export(
                    _Splade(body).eval(),
                    (torch.arange(16).unsqueeze(0),),
                    made,
                    input_names=["input_ids"],
                    output_names=["weights"],
                    dynamic_shapes={"input_ids": {1: torch.export.Dim.DYNAMIC}},
                    external_data=False,
                    dynamo=True,
                )
            except torch.onnx.OnnxExporterError as problem:
                raise DiscoError(f"{folder}: torch cannot export this model to ONNX: {problem}") from problem
            if int8:
                quantize_dynamic(
                    made, smaller, ["MatMul"], per_channel=True, reduce_range=True, weight_type=QuantType.QInt8
                )
        model = onnx.load(smaller if int8 else made)
        onnx.helper.set_model_props(model, {"disco": json.dumps(tokens.to_json())})
        with write_bytes_aside(file) as out:
            out.write(model.SerializeToString())


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
