"""`disco train`: a configuration becomes a query encoder, by sentence-transformers' trainer."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SparseEncoder, SparseEncoderTrainingArguments
from transformers import set_seed

from disco_pyserini.conversation import SEPARATOR
from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder, query_encoder
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.extras import check_extra
from disco_pyserini.training.batches import ShuffledBatchSampler, SimilarLengthBatchSampler
from disco_pyserini.training.card import StudentCard, add_section
from disco_pyserini.training.config import TrainingConfig
from disco_pyserini.training.evaluator import StoredVectorsEvaluator
from disco_pyserini.training.live_documents import LiveDocuments
from disco_pyserini.training.losses import LOSSES, LossContext, QueryLoss
from disco_pyserini.training.material import Material, prepare
from disco_pyserini.training.student import export_masked_lm, student
from disco_pyserini.training.watch import DistillationTrainer, FollowSteps, StopOnCollapse, last_checkpoint

logger = logging.getLogger(__name__)

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
        notes: what was left out of the data.
    """

    folder: Path
    scores: dict[str, float]
    seconds: float
    queries_per_second: float
    notes: tuple[str, ...]


def train(config: TrainingConfig | Mapping[str, Any]) -> Trained:
    """Distil a query encoder, evaluate it and save it.

    Args:
        config: from `disco_pyserini.read_config`, or the same sections and fields as nested dicts.

    Returns:
        where the encoder is, and how it does on the dev queries.

    Raises:
        InputError: the configuration or a file that it names cannot be used.
        DiscoError: training collapsed, or a file could not be written; complete checkpoints stay, to resume from.
    """
    check_extra("train", "training")
    if not isinstance(config, TrainingConfig):
        config = TrainingConfig.check(config, "the training configuration")
    from datasets import Dataset

    arguments = make_arguments(config)
    resume = _checkpoint(arguments)
    set_seed(arguments.seed)
    encoder = document_encoder(config.model.document_encoder, max_length=config.model.document_max_length)
    logger.info("document encoder %s", encoder.model_name)
    material = prepare(config, encoder, arguments.seed)
    for note in material.notes:
        logger.warning("%s", note)
    model = make_student(config, encoder)
    separator = encoder.separator
    vocabulary_size = len(encoder.vocabulary)
    del encoder
    loss = make_loss(config, model, material)
    evaluator = None
    if material.dev:
        texts = {qid: text.replace(SEPARATOR, separator) for qid, text in material.dev.texts.items()}
        evaluator = StoredVectorsEvaluator(texts, material.dev.qrels, material.documents)
    trainer = DistillationTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict(
            {
                "query": [text.replace(SEPARATOR, separator) for text in material.texts],
                "label": list(range(len(material.texts))),
            }
        ),
        loss=loss,
        evaluator=evaluator,
        callbacks=[FollowSteps(loss), StopOnCollapse(loss, vocabulary_size)],
    )
    logger.info("training on %s queries", f"{len(material.texts):,}")
    result = trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    scores = evaluator(model) if evaluator else {}
    folder = Path(arguments.output_dir) / FINAL
    if trainer.is_world_process_zero():
        _save(model, folder, config, len(material.texts), scores, material.notes)
    seconds = result.metrics["train_runtime"]
    return Trained(folder, scores, seconds, result.metrics["train_samples_per_second"], tuple(material.notes))


def make_arguments(config: TrainingConfig) -> SparseEncoderTrainingArguments:
    """The trainer's arguments: those of the configuration, and what this training needs.

    With dev queries, each epoch is evaluated and the best checkpoint by nDCG@3 kept, unless they say otherwise.

    Raises:
        InputError: a field is unknown, or sentence-transformers refuses a value.
    """
    sampler = ShuffledBatchSampler if config.data.batches == "shuffled" else SimilarLengthBatchSampler
    fields: dict[str, Any] = {
        "router_mapping": {"query": "query"},
        "batch_sampler": sampler,
        "report_to": "none",
        "logging_steps": 25,
        "dataloader_pin_memory": torch.cuda.is_available(),
    }
    if config.dev.source:
        fields |= {
            "eval_strategy": "epoch",
            "save_strategy": "epoch",
            "load_best_model_at_end": True,
            "metric_for_best_model": "eval_nDCG@3",
            "greater_is_better": True,
        }
    try:
        return SparseEncoderTrainingArguments(**fields | dict(config.arguments))
    except (TypeError, ValueError) as problem:
        raise InputError(f"arguments: sentence-transformers refuses them: {problem}") from problem


def make_student(config: TrainingConfig, encoder: DiscoDocumentEncoder) -> SparseEncoder:
    """The student, whose query route starts from another checkpoint if the configuration names one.

    Raises:
        InputError: that checkpoint has another vocabulary.
    """
    start, base = None, encoder.model_name
    if config.model.query_encoder:
        query = query_encoder(config.model.query_encoder)
        if query.vocabulary != encoder.vocabulary:
            raise InputError(
                f"model.query_encoder {config.model.query_encoder!r} has another vocabulary ({len(query.vocabulary):,} "
                f"tokens) than the document encoder ({len(encoder.vocabulary):,} tokens): their vectors have no common "
                "dimensions: start from a checkpoint of one family"
            )
        start, base = query.folder, query.model_name
    model = student(encoder.folder, start, config.model.max_length, config.model.document_max_length)
    card = StudentCard(license=config.licence or None, local_files_only=True, generate_widget_examples=False)
    if not Path(base).is_dir():  # then it is a hub id
        card.base_model = base
    card.register_model(model)
    model.model_card_data = card
    return model


def make_loss(config: TrainingConfig, model: SparseEncoder, material: Material) -> QueryLoss:
    """The loss that the configuration names."""
    function = config.regulariser.function(material.documents)
    return LOSSES.get(config.loss.name).from_context(
        LossContext(
            config.loss,
            model,
            LiveDocuments(model, material.contents) if config.documents == "live" else material.documents,
            material.sampler,
            (config.regulariser, function) if function else None,
            material.rewrites,
        )
    )


def _checkpoint(arguments: SparseEncoderTrainingArguments) -> Path | None:
    wanted = arguments.resume_from_checkpoint
    if wanted in (None, False):
        return None
    if wanted in (True, "last"):
        return last_checkpoint(Path(arguments.output_dir))
    if not Path(wanted).is_dir():
        raise InputError(f"{wanted}: no such checkpoint: name its folder, or say last")
    return Path(wanted)


def _save(
    model: SparseEncoder,
    folder: Path,
    config: TrainingConfig,
    queries: int,
    scores: dict[str, float],
    notes: Sequence[str],
) -> None:
    aside = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        model.save_pretrained(str(aside))
        add_section(aside, config, queries, scores, notes)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
        if config.export_query:
            export_masked_lm(model, Path(config.export_query), route="query")
    except (OSError, RuntimeError) as problem:
        shutil.rmtree(aside, ignore_errors=True)
        raise DiscoError(f"cannot save the trained model to {folder}: {problem}: checkpoints are intact") from problem
