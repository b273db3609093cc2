"""`disco train`: train a query encoder from a configuration, with sentence-transformers' trainer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentence_transformers import SparseEncoder, SparseEncoderTrainingArguments
from transformers import set_seed

from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder, query_encoder
from disco_pyserini.encoding.locate import locate_transformer
from disco_pyserini.errors import InputError
from disco_pyserini.extras import check_extra
from disco_pyserini.training.batches import ShuffledBatchSampler, SimilarLengthBatchSampler
from disco_pyserini.training.card import StudentCard, add_section
from disco_pyserini.training.config import TrainingConfig
from disco_pyserini.training.epochs import FollowEpochs
from disco_pyserini.training.evaluator import StoredVectorsEvaluator
from disco_pyserini.training.live_documents import LiveDocuments
from disco_pyserini.training.losses import LOSSES, LossContext, QueryLoss
from disco_pyserini.training.material import Material, prepare
from disco_pyserini.training.run import FINAL, Trained, checkpoint_to_resume, save_final, trainer_arguments
from disco_pyserini.training.student import export_masked_lm, student
from disco_pyserini.training.watch import DistillationTrainer, FollowSteps, StopOnCollapse

logger = logging.getLogger(__name__)


def train(config: TrainingConfig | Mapping[str, Any], encoder: DiscoDocumentEncoder | None = None) -> Trained:
    """Distil a query encoder, evaluate it and save it.

    Args:
        config: from `disco_pyserini.read_config`, or nested dicts with the same sections and fields.
        encoder: the document encoder that the configuration names, if it is already open.

    Returns:
        the encoder's folder, and its scores on the dev queries.

    Raises:
        InputError: the configuration or a file that it names cannot be used.
        DiscoError: training collapsed, or a file could not be written; complete checkpoints are kept for resuming.
    """
    check_extra("train", "training")
    if not isinstance(config, TrainingConfig):
        config = TrainingConfig.check(config, "the training configuration")

    arguments = make_arguments(config)
    resume = checkpoint_to_resume(arguments)
    set_seed(arguments.seed)
    if encoder is None:
        encoder = document_encoder(config.model.document_encoder, max_length=config.model.document_max_length)
    logger.info("document encoder %s", encoder.model_name)
    material = prepare(config, encoder, arguments.seed)
    for note in material.notes:
        logger.warning("%s", note)
    model = make_student(config, encoder)
    vocabulary_size = len(encoder.vocabulary)
    evaluator = StoredVectorsEvaluator(material.dev, encoder.separator) if material.dev else None
    del encoder
    loss = make_loss(config, model, material)
    epochs = material.epochs
    trainer = DistillationTrainer(
        model=model,
        args=arguments,
        train_dataset=epochs.dataset(),
        loss=loss,
        evaluator=evaluator,
        callbacks=[FollowEpochs(epochs), FollowSteps(loss), StopOnCollapse(loss, vocabulary_size)],
    )
    queries = len(material.candidates)
    logger.info("training on %s queries, %s texts in an epoch", f"{queries:,}", f"{len(epochs):,}")
    result = trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    scores = evaluator(model) if evaluator else {}
    folder = Path(arguments.output_dir) / FINAL
    if trainer.is_world_process_zero():
        save_final(model, folder, lambda aside: add_section(aside, config, queries, scores, material.notes))
        if config.export_query:
            export_masked_lm(model, Path(config.export_query), route="query")
    seconds = result.metrics["train_runtime"]
    return Trained(folder, scores, seconds, result.metrics["train_samples_per_second"], tuple(material.notes))


def make_arguments(config: TrainingConfig) -> SparseEncoderTrainingArguments:
    """Return the trainer's arguments: those of the configuration, plus the settings that this training needs.

    With dev queries, evaluate each epoch and keep the best checkpoint by nDCG@3, unless configured otherwise.

    Raises:
        InputError: a field is unknown, or sentence-transformers rejects a value.
    """
    sampler = ShuffledBatchSampler if config.batches == "shuffled" else SimilarLengthBatchSampler
    every = "epoch" if config.evaluates else None
    return trainer_arguments(config.arguments, every, router_mapping={"query": "query"}, batch_sampler=sampler)


def make_student(config: TrainingConfig, encoder: DiscoDocumentEncoder) -> SparseEncoder:
    """Return the student; its query route starts from another checkpoint if the configuration names one.

    Raises:
        InputError: that checkpoint has a different vocabulary.
    """
    start, reader, base = None, None, encoder.model_name
    if config.model.reader:
        reader = encoder.folder if config.model.reader == "document" else locate_transformer(config.model.reader)
    if config.model.query_encoder:
        query = query_encoder(config.model.query_encoder)
        if query.vocabulary != encoder.vocabulary:
            raise InputError(
                f"model.query_encoder {config.model.query_encoder!r} has another vocabulary ({len(query.vocabulary):,} "
                f"tokens) than the document encoder ({len(encoder.vocabulary):,} tokens): their vectors have no common "
                "dimensions: start from a checkpoint of one family"
            )
        start, base = query.folder, query.model_name
    model = student(encoder.folder, start, config.model.max_length, config.model.document_max_length, reader)
    card = StudentCard(license=config.licence or None, local_files_only=True, generate_widget_examples=False)
    if not Path(base).is_dir():  # otherwise it is a hub id
        card.base_model = base
    card.register_model(model)
    model.model_card_data = card
    return model


def make_loss(config: TrainingConfig, model: SparseEncoder, material: Material) -> QueryLoss:
    """Return the loss named in the configuration."""
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
