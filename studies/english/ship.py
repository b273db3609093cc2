"""Make the weights that ship from the trained ones: ``python -m studies.english.ship --help``.

Weights are stored in 16 bits. Students that started from the same weights and were trained with different seeds become
one, whose weights are their mean (Wortsman et al., ICML 2022, arXiv 2203.05482): less of it is chance. A gated query
encoder is stored without the weights and the tokenizer that it shares with its document encoder, and without positions
that its maximum length never reaches; loading takes the rest from the document encoder's folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer
from safetensors.torch import save_file
from transformers import AutoModelForMaskedLM, AutoTokenizer

from disco_pyserini.encoding.gated_splade import WEIGHTS, GatedSplade
from disco_pyserini.encoding.locate import checksum, locate_route
from disco_pyserini.errors import InputError

MAX_LENGTH = 256
"""Tokens of a conversation, as on the card."""

MARGIN = 0.2
"""Of the shipped gates. On held-out conversations, it was the best of 0.1 (which students are trained with) to 0.3."""

POSITIONS = "reader.embeddings.position_embeddings.weight"


def main(
    output: Annotated[Path, typer.Option(help="Folder to write to, such as encoders/english/query.")],
    document: Annotated[Path, typer.Option(help="The document encoder's checkpoint, or where it was written to.")],
    student: Annotated[
        list[Path] | None,
        typer.Option(help="A trained student; repeat it for the mean of several. Without it, write the encoder."),
    ] = None,
    gate_margin: Annotated[float, typer.Option(help="The margin of the student's gates.", min=0)] = MARGIN,
) -> None:
    """Write a document encoder, or the query encoder of students, as it ships."""
    if student:
        write_query_encoder([locate_route(each, "query") for each in student], document, output, gate_margin)
    else:
        write_document_encoder(document, output)
    size = sum(path.stat().st_size for path in output.iterdir())
    print(f"{output}: {size / 1e6:.2f} MB, for its card: sha256: {checksum(output)}")


def write_document_encoder(source: Path, output: Path) -> None:
    """Write a masked LM in 16 bits, with its vocabulary as plain text."""
    AutoModelForMaskedLM.from_pretrained(source).half().save_pretrained(output)
    _write_tokenizer(source, output)


def write_query_encoder(sources: Sequence[Path], document: Path, output: Path, gate_margin: float = MARGIN) -> None:
    """Write a gated encoder without the weights of its document encoder, which must be those in ``document``.

    Args:
        sources: the query route of a student, or those of several, whose weights are averaged.
        document: the document encoder's folder.
        output: the folder to write to.
        gate_margin: the margin of the gates; see `disco_pyserini.encoding.gated_splade`.

    Raises:
        InputError: a student was trained with another document encoder, or its reader is not that of the others.
    """
    output.mkdir(parents=True, exist_ok=True)
    own = AutoModelForMaskedLM.from_pretrained(document, dtype=torch.float32).state_dict()
    students = [GatedSplade.from_pretrained(source) for source in sources]
    config = students[0].config
    for source, model in zip(sources, students, strict=True):
        for name, tensor in model.document.state_dict().items():
            if not torch.equal(tensor, own[name]):
                raise InputError(f"{source}: its document encoder is not the one in {document}: {name} differs")
        if model.config.reader != config.reader:
            raise InputError(f"{source}: its reader is not that of {sources[0]}: expected students of one set-up")
    config.gate_margin = gate_margin
    config.document_folder = os.path.relpath(document, output)
    config.reader["max_position_embeddings"] = MAX_LENGTH
    states = [model.state_dict() for model in students]
    names = [name for name in states[0] if not name.startswith(("document.", "head."))]
    weights = {name: torch.stack([state[name] for state in states]).mean(dim=0) for name in names}
    weights[POSITIONS] = weights[POSITIONS][:MAX_LENGTH]
    stored = {name: tensor.half().contiguous() for name, tensor in weights.items()}
    config.save_pretrained(output)
    save_file(stored, output / WEIGHTS, {"format": "pt"})


def _write_tokenizer(source: Path, output: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(source)
    ids = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (output / "vocab.txt").write_text("".join(f"{token}\n" for token, _ in ids), encoding="utf-8")
    (output / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "BertTokenizer", "do_lower_case": true, "model_max_length": 512}\n', encoding="utf-8"
    )


if __name__ == "__main__":
    typer.run(main)
