"""What every training run does: the trainer's arguments, resuming, and saving the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from sentence_transformers import SparseEncoder, SparseEncoderTrainingArguments

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import folder_aside
from disco_pyserini.training.watch import last_checkpoint

FINAL = "final"
"""The trained model's folder in the run's output folder, beside the checkpoints."""


@dataclass(frozen=True)
class Trained:
    """The result of a training run.

    Attributes:
        folder: the `SparseEncoder`, which ``--encoder disco:FOLDER`` also takes.
        scores: measures on the dev queries, if there are any.
        seconds: the duration of all steps, including evaluation and checkpoints.
        queries_per_second: training queries per second of that duration.
        notes: queries and documents that were left out.
    """

    folder: Path
    scores: dict[str, float]
    seconds: float
    queries_per_second: float
    notes: tuple[str, ...] = ()


def trainer_arguments(
    configured: Mapping[str, Any], evaluate_every: str | None, **defaults: Any
) -> SparseEncoderTrainingArguments:
    """Return the trainer's arguments.

    Args:
        configured: section ``arguments`` of the configuration, which precedes all else.
        evaluate_every: ``epoch`` or ``steps``, after which to evaluate and to save; the checkpoint with the best nDCG@3
            is then kept. None without dev queries.
        defaults: other arguments that this kind of training needs.

    Raises:
        InputError: a field is unknown, or sentence-transformers rejects a value.
    """
    fields: dict[str, Any] = {
        "report_to": "none",
        "logging_steps": 25,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "use_cpu": not torch.cuda.is_available(),  # otherwise bf16 is refused on a CPU
        **defaults,
    }
    if evaluate_every:
        fields |= {
            "eval_strategy": evaluate_every,
            "save_strategy": evaluate_every,
            "load_best_model_at_end": True,
            "metric_for_best_model": "eval_nDCG@3",
            "greater_is_better": True,
        }
    try:
        return SparseEncoderTrainingArguments(**fields | dict(configured))
    except (TypeError, ValueError) as problem:
        raise InputError(f"arguments: sentence-transformers refuses them: {problem}") from problem


def checkpoint_to_resume(arguments: SparseEncoderTrainingArguments) -> Path | None:
    """Return the checkpoint that ``resume_from_checkpoint`` names; None to start from the beginning.

    Raises:
        InputError: there is no such checkpoint.
    """
    wanted = arguments.resume_from_checkpoint
    if wanted in (None, False):
        return None
    if wanted in (True, "last"):
        return last_checkpoint(Path(arguments.output_dir))
    if not Path(wanted).is_dir():
        raise InputError(f"{wanted}: no such checkpoint: name its folder, or say last")
    return Path(wanted)


def leave_process_group() -> None:
    """Leave the processes of torchrun, if there are any.

    A process that exits without leaving them can abort: threads of torch's backend still wait for the others.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def save_final(model: SparseEncoder, folder: Path, complete: Callable[[Path], None] = lambda folder: None) -> None:
    """Save the trained model; one of an earlier run is replaced when the new one is whole.

    Args:
        model: the trained model.
        folder: where to save it.
        complete: adds to the new folder before it takes its place.

    Raises:
        DiscoError: a file could not be written.
    """
    try:
        with folder_aside(folder, replace=True) as aside:
            model.save_pretrained(str(aside))
            complete(aside)
    except (DiscoError, RuntimeError, SafetensorError) as problem:
        raise DiscoError(f"cannot save the trained model to {folder}: {problem}: checkpoints are intact") from problem
