"""The evaluator of any `SparseEncoder`, in sentence-transformers' own trainer."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import Dataset
from sentence_transformers import SparseEncoder, SparseEncoderTrainer, SparseEncoderTrainingArguments
from sentence_transformers.sparse_encoder.losses import SparseMultipleNegativesRankingLoss, SpladeLoss

from disco_pyserini import ConversationalEvaluator, open_collection
from disco_pyserini.evaluation import DEFAULT_MEASURES, evaluate
from training.conftest import passages, queries


def test_measures_of_a_plain_encoder(collection: Path, checkpoint: Path) -> None:
    """The measures are those of all dot products."""
    model = SparseEncoder(str(checkpoint), device="cpu")
    found = ConversationalEvaluator(str(collection), "all", "human")(model)
    texts = {query.qid: query.text("human") for query in queries()}
    documents = {passage.id: passage.contents for passage in passages()}
    scores = model.similarity(model.encode(list(texts.values())), model.encode(list(documents.values())))
    run = {qid: dict(zip(documents, row, strict=True)) for qid, row in zip(texts, scores.tolist(), strict=True)}
    expected = evaluate(run, open_collection(str(collection)).qrels("all"))
    for name in DEFAULT_MEASURES:
        assert found[name] == pytest.approx(expected.mean(name), abs=1e-4)


def test_in_the_trainer(collection: Path, checkpoint: Path, tmp_path: Path) -> None:
    model = SparseEncoder(str(checkpoint), device="cpu")
    pairs = {
        "anchor": [query.text("human") for query in queries()],
        "positive": [one.contents for one in passages()][:20],
    }
    trainer = SparseEncoderTrainer(
        model,
        SparseEncoderTrainingArguments(
            str(tmp_path), max_steps=2, eval_strategy="steps", eval_steps=1, report_to="none", use_cpu=True
        ),
        Dataset.from_dict(pairs),
        loss=SpladeLoss(model, SparseMultipleNegativesRankingLoss(model), document_regularizer_weight=1e-3),
        evaluator=ConversationalEvaluator(str(collection), "all"),
    )
    trainer.train()
    measured = [one["eval_nDCG@3"] for one in trainer.state.log_history if "eval_nDCG@3" in one]
    assert len(measured) == 2
