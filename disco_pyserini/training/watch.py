"""The trainer, its callbacks, and complete checkpoints."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from sentence_transformers import SparseEncoderTrainer
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import only_run
from disco_pyserini.training.losses import QueryLoss

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_STATE = "trainer_state.json"  # the last file that the trainer writes into a checkpoint


class FollowSteps(TrainerCallback):
    """Keeps the step of a loss equal to the trainer's, also in a resumed run."""

    def __init__(self, loss: QueryLoss) -> None:
        self.loss = loss
        loss.counts_steps = False

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Set the loss's step."""
        self.loss.step = state.global_step


class StopOnCollapse(TrainerCallback):
    """Stops training when the query vectors have become empty or dense: training cannot recover from that.

    Args:
        loss: counts the active dimensions.
        vocabulary_size: the number of dimensions.
        dense_share: the share of active dimensions at or above which vectors count as dense.
    """

    def __init__(self, loss: QueryLoss, vocabulary_size: int, dense_share: float = 0.9) -> None:
        self.loss = loss
        self.vocabulary_size = vocabulary_size
        self.dense_share = dense_share

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Check the last batch.

        Raises:
            DiscoError: none of its dimensions were active, or nearly all.
        """
        active = float(self.loss.active_dimensions)
        if 0 < active < self.dense_share * self.vocabulary_size:
            return
        what, remedy = (
            ("the query vectors are empty or not finite", "lower the regulariser's weight or the learning rate")
            if not active > 0
            else ("the query vectors are dense", "raise the regulariser's weight, or lower the learning rate")
        )
        raise DiscoError(
            f"training stopped at step {state.global_step}: {what}: {active:.0f} of {self.vocabulary_size:,} "
            f"dimensions are active on average: {remedy}; earlier checkpoints in {args.output_dir} are intact"
        )


class DistillationTrainer(SparseEncoderTrainer):
    """The stock trainer, which also logs active query dimensions and removes incomplete checkpoints that it wrote."""

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log the active dimensions together with the loss, to every logging integration."""
        if "loss" in logs and isinstance(self.loss, QueryLoss):
            logs = {**logs, "active_query_dimensions": round(float(self.loss.active_dimensions), 1)}
        super().log(logs, start_time)

    def train(self, *arguments: Any, **options: Any) -> Any:
        """Train while no other process trains into the same folder."""
        first = self.is_world_process_zero()
        with only_run(Path(self.args.output_dir)) if first else nullcontext():
            return super().train(*arguments, **options)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        folder = Path(self._get_output_dir(trial=trial)) / f"checkpoint-{self.state.global_step}"
        try:
            super()._save_checkpoint(model, trial)
        except (OSError, RuntimeError, SafetensorError) as problem:  # torch and safetensors wrap OS errors
            if not is_complete(folder):
                shutil.rmtree(folder, ignore_errors=True)
            raise DiscoError(
                f"cannot write the checkpoint {folder}: {problem}: earlier checkpoints are intact: free some disk "
                "space, then continue with --resume-from-checkpoint last"
            ) from problem


def is_complete(checkpoint: Path) -> bool:
    """Whether a checkpoint was written completely."""
    try:
        json.loads((checkpoint / _STATE).read_bytes())
    except (OSError, ValueError):
        return False
    return True


def last_checkpoint(folder: Path) -> Path:
    """Return the newest complete checkpoint of a run; ignore incomplete ones left by a killed process.

    Raises:
        InputError: there are no complete checkpoints.
    """
    found = [
        (int(match[1]), path) for path in folder.glob("checkpoint-*") if (match := _CHECKPOINT.fullmatch(path.name))
    ]
    whole = sorted((step, path) for step, path in found if is_complete(path))
    if not whole:
        raise InputError(f"{folder}: expected a complete checkpoint to resume from, found none: start without resuming")
    return whole[-1][1]
