"""`disco train` with ``trains: documents``: train a document encoder that also reads stand-alone queries."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sentence_transformers import SparseEncoderTrainingArguments
from transformers import set_seed

from disco_pyserini.datasets.named import open_passages, open_qrels, open_topics
from disco_pyserini.encoding import document_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.extras import check_extra
from disco_pyserini.training.batches import ShuffledBatchSampler
from disco_pyserini.training.card import StudentCard
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.encoder_teachers import CandidatePool, TeacherVectors, teacher_vectors
from disco_pyserini.training.losses import Regularisation
from disco_pyserini.training.regularisers import Regulariser
from disco_pyserini.training.run import FINAL, Trained, checkpoint_to_resume, save_final, trainer_arguments
from disco_pyserini.training.siamese import SiameseLoss, encode_all, siamese
from disco_pyserini.training.siamese_config import SiameseConfig
from disco_pyserini.training.siamese_evaluator import SiameseEvaluator, lower_bias
from disco_pyserini.training.watch import DistillationTrainer, FollowSteps, StopOnCollapse

logger = logging.getLogger(__name__)


def train_documents(config: SiameseConfig | Mapping[str, Any]) -> Trained:
    """Train the encoder, evaluate it and save it.

    Args:
        config: from `disco_pyserini.training.config.read_siamese_config`, or nested dicts with the same sections and
            fields.

    Returns:
        the encoder's folder, and its measures on the dev queries, if there are any.

    Raises:
        InputError: the configuration or a file that it names cannot be used.
        DiscoError: training collapsed, or a file could not be written; complete checkpoints are kept for resuming.
    """
    check_extra("train", "training")
    if not isinstance(config, SiameseConfig):
        config = SiameseConfig.check(config, "the training configuration")
    from datasets import Dataset

    arguments = make_document_arguments(config)
    resume = checkpoint_to_resume(arguments)
    set_seed(arguments.seed)
    passages = {passage.id: passage.contents for passage in open_passages(config.data.corpus)}
    contents = list(passages.values())
    queries, labels = _queries(config)
    evaluator = _evaluator(config, passages, arguments.seed)
    output = Path(arguments.output_dir)
    folder = document_encoder(config.encoder).folder
    teachers = _teachers(config, queries, contents, output / "teachers")
    logger.info("%s queries, %s passages", f"{len(queries):,}", f"{len(contents):,}")
    candidates = CandidatePool(teachers, config.pool, arguments.seed)
    model = siamese(folder, config.max_length)
    model.model_card_data = StudentCard(license=config.licence or None, local_files_only=True)
    model.model_card_data.register_model(model)
    vectors = _document_vectors(teachers)
    loss = SiameseLoss(
        *(model, contents, candidates, config.scale),
        _regularisation(config.queries, vectors),
        _regularisation(config.documents, vectors),
    )
    trainer = DistillationTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"query": [queries[label] for label in labels], "label": labels}),
        loss=loss,
        evaluator=evaluator,
        callbacks=[FollowSteps(loss), StopOnCollapse(loss, len(model.tokenizer))],
    )
    before = evaluator(model, None if resume else str(output / "eval"), 0, 0) if evaluator else {}
    # A resumed run has loaded no checkpoint yet: these are the measures of the encoder that training starts from.
    logger.info("before training: %s", before)
    result = trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    if evaluator:
        lowered = lower_bias(model, evaluator, before["expected_flops"])
        logger.info("all biases lowered by %.4f, so that expected FLOPS are those before training", lowered)
    scores = evaluator(model) if evaluator else {}
    final = output / FINAL
    if trainer.is_world_process_zero():
        save_final(model, final)
    seconds = result.metrics["train_runtime"]
    return Trained(final, scores, seconds, result.metrics["train_samples_per_second"])


def make_document_arguments(config: SiameseConfig) -> SparseEncoderTrainingArguments:
    """Return the trainer's arguments: those of the configuration, plus the settings that this training needs.

    Raises:
        InputError: a field is unknown, or sentence-transformers rejects a value.
    """
    every = "steps" if config.dev else None
    return trainer_arguments(config.arguments, every, batch_sampler=ShuffledBatchSampler, bf16=True)


def _queries(config: SiameseConfig) -> tuple[list[str], list[int]]:
    """Return the distinct query texts, and the row of each query of an epoch."""
    rows: dict[str, int] = {}
    labels: list[int] = []
    for entry in config.data.queries:
        for text in open_topics(entry.topics).values():
            labels += [rows.setdefault(text, len(rows))] * entry.repeat
    return list(rows), labels


def _teachers(
    config: SiameseConfig, queries: Sequence[str], contents: Sequence[str], folder: Path
) -> list[TeacherVectors]:
    """Return each teacher's vectors of the queries and passages, which are kept in a folder."""
    return [
        TeacherVectors(
            teacher_vectors(each, queries, folder, _encode_sparse),
            teacher_vectors(each, contents, folder, _encode_sparse),
            each.weight,
        )
        for each in config.teachers
    ]


def _encode_sparse(name: str, texts: Sequence[str]) -> csr_matrix:
    encoder = document_encoder(name)
    return encode_all(siamese(encoder.folder, encoder.max_length), texts)


def _document_vectors(teachers: Sequence[TeacherVectors]) -> DocumentVectors:
    """Return the passages' vectors of the first sparse teacher; none if there is no sparse teacher."""
    for teacher in teachers:
        if isinstance(vectors := teacher.passages, csr_matrix):
            total, size = vectors.shape
            return DocumentVectors(list(map(str, range(total))), vectors.indptr, vectors.indices, vectors.data, size)
    return DocumentVectors.from_weights([], [], 0)


def _regularisation(settings: Regulariser, documents: DocumentVectors) -> Regularisation | None:
    function = settings.function(documents)
    return (settings, function) if function else None


def _evaluator(config: SiameseConfig, passages: Mapping[str, str], seed: int) -> SiameseEvaluator | None:
    if not config.dev:
        return None
    qrels = open_qrels(config.dev.qrels)
    relevant = [docid for judged in qrels.values() for docid in judged]
    if missing := [docid for docid in relevant if docid not in passages]:
        raise InputError(f"{config.dev.qrels}: {len(missing)} documents are not in the corpus, such as {missing[0]!r}")
    others = np.random.default_rng(seed).choice(len(passages), min(config.dev.passages, len(passages)), replace=False)
    ids = list(passages)
    searched = dict.fromkeys([*relevant, *(ids[place] for place in sorted(others.tolist()))])
    return SiameseEvaluator(open_topics(config.dev.topics), qrels, {docid: passages[docid] for docid in searched})
