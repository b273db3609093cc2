"""Training of a document encoder: pooling, candidates, loss, and the command on a small corpus."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from checkpoints import make_checkpoint
from safetensors.torch import load_file, save_file
from scipy.sparse import csr_matrix
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from torch import nn
from typer.testing import CliRunner

from disco_pyserini import DiscoDocumentEncoder
from disco_pyserini.cli.main import app
from disco_pyserini.errors import InputError
from disco_pyserini.training.config import read_siamese_config
from disco_pyserini.training.document_training import train_documents
from disco_pyserini.training.encoder_teachers import CandidatePool, TeacherVectors, teacher_vectors
from disco_pyserini.training.pooling import pool
from disco_pyserini.training.siamese import SiameseLoss, encode, encode_all, siamese
from disco_pyserini.training.siamese_config import EncoderTeacher, Pool, SiameseConfig
from disco_pyserini.training.siamese_evaluator import SiameseEvaluator, lower_bias
from disco_pyserini.training.watch import DistillationTrainer

from .conftest import passages, queries


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sparse and a dense encoder, a corpus, topics and qrels."""
    folder = tmp_path_factory.mktemp("siamese")
    make_checkpoint(folder / "start")
    make_checkpoint(folder / "bert", seed=1)
    dense = Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[dense, Pooling(dense.get_embedding_dimension())]).save_pretrained(
        str(folder / "dense")
    )
    with (folder / "passages.jsonl").open("w", encoding="utf-8") as file:
        for passage in passages():
            file.write(json.dumps({"id": passage.id, "contents": passage.contents}) + "\n")
    texts = {query.qid: query.text("human") for query in queries()}
    (folder / "topics.tsv").write_text("".join(f"{qid}\t{text}\n" for qid, text in texts.items()), encoding="utf-8")
    (folder / "qrels.txt").write_text("".join(f"{qid} 0 d{i} 1\n" for i, qid in enumerate(texts)), encoding="utf-8")
    return folder


def config(setup: Path, output: Path, **changes: Any) -> dict[str, Any]:
    fields = {
        "trains": "documents",
        "encoder": str(setup / "start"),
        "max_length": 32,
        "data": {
            "corpus": str(setup / "passages.jsonl"),
            "queries": [{"topics": str(setup / "topics.tsv"), "repeat": 2}],
        },
        "teachers": [
            {"encoder": str(setup / "dense"), "kind": "dense"},
            {"encoder": str(setup / "start"), "kind": "sparse", "weight": 2},
        ],
        "pool": {"top": 2, "top_depth": 4, "band": 2, "depth": 20},
        "documents": {"name": "idf-flops", "weight": 0.01},
        "queries": {"name": "flops", "weight": 0.01},
        "dev": {"topics": str(setup / "topics.tsv"), "qrels": str(setup / "qrels.txt"), "passages": 30},
        "arguments": {
            "output_dir": str(output),
            "max_steps": 4,
            "eval_steps": 2,
            "save_steps": 2,
            "per_device_train_batch_size": 4,
            "learning_rate": 1e-3,
        },
    }
    return {**fields, **changes}


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Which of equal values argmax finds depends on the number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_pooling_is_splade_with_its_gradients() -> None:
    torch.manual_seed(0)
    head = nn.Linear(16, 3000)
    states = torch.randn(3, 5, 16, requires_grad=True)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0]])
    logits = head(states).masked_fill(mask.unsqueeze(-1) == 0, -torch.inf)
    expected = torch.log1p(torch.relu(logits)).amax(dim=1)
    found = pool(states, mask, head)
    # bfloat16 only misses terms whose weight is nearly 0.
    torch.testing.assert_close(found, expected, atol=0.02, rtol=1e-3)
    active = (found > 0).float()
    by_pooling = torch.autograd.grad((found * active).sum(), [states, head.weight, head.bias])
    by_formula = torch.autograd.grad((expected * active).sum(), [states, head.weight, head.bias])
    for gradient, wanted in zip(by_pooling, by_formula, strict=True):
        torch.testing.assert_close(gradient, wanted, atol=1e-3, rtol=1e-3)


def test_a_text_has_the_vector_that_the_document_encoder_gives(setup: Path) -> None:
    texts = [passage.contents for passage in passages()[:20]]
    model = siamese(setup / "start", 256)
    expected = np.zeros((20, len(model.tokenizer)), np.float32)
    for row, vector in zip(expected, DiscoDocumentEncoder(str(setup / "start")).weight_vectors(texts), strict=True):
        row[vector.terms] = vector.weights
    with torch.no_grad():
        np.testing.assert_allclose(encode(model, texts).numpy(), expected, atol=0.02)
    np.testing.assert_allclose(encode_all(model, texts, at_once=7).toarray(), expected, atol=0.1)


def sparse_teacher(weight: float = 1.0) -> TeacherVectors:
    queries = csr_matrix(np.array([[1, 0], [0, 2]], np.float32))
    documents = csr_matrix(np.array([[4, 0], [2, 1], [0, 3], [0, 0]], np.float32))
    return TeacherVectors(queries, documents, weight)


def test_joint_scores_are_0_for_an_average_passage_and_1_for_the_best() -> None:
    dense = TeacherVectors(np.eye(2, dtype=np.float32), np.array([[9, 1], [1, 1], [1, 1], [1, 9]], np.float32), 3.0)
    candidates = CandidatePool([sparse_teacher(), dense], Pool(top=1, top_depth=1, band=1, depth=3), seed=1)
    sparse_scores = np.array([[4, 2, 0, 0], [0, 2, 6, 0]])
    dense_scores = np.array([[9, 1, 1, 1], [1, 1, 1, 9]])

    def normal(scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        mean = scores.mean(axis=1, keepdims=True)
        shifted: np.ndarray[Any, Any] = (scores - mean) / (scores.max(axis=1, keepdims=True) - mean)
        return shifted

    expected = (normal(sparse_scores) + 3 * normal(dense_scores)) / 4
    np.testing.assert_allclose(candidates.scores(np.array([0, 1]), np.arange(4)), expected, atol=1e-6)
    np.testing.assert_array_equal(candidates.rankings(np.array([0, 1])), np.argsort(-expected, axis=1)[:, :3])


def test_a_draw_depends_on_seed_step_and_query() -> None:
    generator = np.random.default_rng(5)
    teacher = TeacherVectors(generator.random((6, 8), np.float32), generator.random((90, 8), np.float32), 1.0)
    settings = Pool(top=2, top_depth=5, band=3, depth=40)
    candidates = CandidatePool([teacher], settings, seed=7)
    rows = np.array([3, 1])
    drawn, scores = candidates.draw(rows, step=4)
    again, _ = CandidatePool([teacher], settings, seed=7).draw(rows, step=4)
    np.testing.assert_array_equal(drawn, again)
    np.testing.assert_allclose(scores, candidates.scores(rows, drawn))
    assert drawn.tolist() != candidates.draw(rows, step=5)[0].tolist()
    for ranking in candidates.rankings(rows):
        assert len(np.intersect1d(drawn, ranking[:5])) >= 2
        assert len(np.intersect1d(drawn, ranking[5:])) >= 3


def test_a_teacher_whose_weights_changed_encodes_again(setup: Path, tmp_path: Path) -> None:
    dense = shutil.copytree(setup / "dense", tmp_path / "dense")
    teacher = EncoderTeacher(encoder=str(dense), kind="dense")

    def vectors() -> Any:
        return teacher_vectors(teacher, ["salt", "harbour"], tmp_path, encode_sparse=lambda name, texts: csr_matrix(()))

    before = vectors()
    weights = load_file(dense / "model.safetensors")
    assert np.array_equal(vectors(), before) and len(list(tmp_path.glob("*.npy"))) == 1
    name = next(name for name in weights if "word_embeddings" in name)
    save_file(weights | {name: weights[name].flip(0)}, dense / "model.safetensors")
    assert not np.array_equal(vectors(), before)


def test_the_divergence_falls(setup: Path) -> None:
    contents = [passage.contents for passage in passages()]
    texts = [query.text("human") for query in queries()]
    model = siamese(setup / "start", 64)
    generator = np.random.default_rng(2)
    teacher = TeacherVectors(generator.random((20, 4), np.float32), generator.random((60, 4), np.float32), 1.0)
    candidates = CandidatePool([teacher], Pool(top=2, top_depth=5, band=2, depth=30), 1)
    loss = SiameseLoss(model, contents, candidates, scale=5)
    loss.counts_steps = False  # the same passages at every step
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    rows = torch.arange(8)
    divergences = []
    for _ in range(15):
        features = model.preprocess([texts[row] for row in rows])
        part = loss([features], rows)["kl"]
        optimiser.zero_grad()
        part.backward()
        optimiser.step()
        divergences.append(float(part))
    assert divergences[-1] < 0.7 * divergences[0]


@pytest.fixture(scope="module")
def trained(setup: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of the command."""
    output = tmp_path_factory.mktemp("trained")
    file = output / "config.yaml"
    file.write_text(yaml.safe_dump(config(setup, output)), encoding="utf-8")
    done = CliRunner().invoke(app, ["train", str(file), "--pool.depth", "25"])
    assert done.exit_code == 0, done.output
    assert "nDCG@3" in done.output
    return output


def test_the_command_writes_an_encoder(setup: Path, trained: Path) -> None:
    texts = [passages()[0].contents]
    before, after = (DiscoDocumentEncoder(str(folder)) for folder in (setup / "start", trained / "final"))
    assert after.weights(texts) != before.weights(texts)


def test_expected_flops_are_at_most_those_before_training(setup: Path, trained: Path) -> None:
    texts = {query.qid: query.text("human") for query in queries()}
    searched = {passage.id: passage.contents for passage in passages()}
    evaluator = SiameseEvaluator(texts, {qid: {"d0": 1} for qid in texts}, searched)
    model = siamese(setup / "start", 64)
    before = evaluator(model)["expected_flops"]
    assert lower_bias(model, evaluator, before) == 0
    limit = 0.7 * before
    lowered = lower_bias(model, evaluator, limit)
    assert 0.6 * before < evaluator(model)["expected_flops"] <= 1.01 * limit
    start = siamese(setup / "start", 64)[0].auto_model.get_output_embeddings().bias
    torch.testing.assert_close(model[0].auto_model.get_output_embeddings().bias, start - lowered)


def test_the_curve_begins_with_the_checkpoint_that_training_starts_from(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "eval" / "measures.jsonl").read_text("utf-8").splitlines()]
    assert [line["step"] for line in lines[:3]] == [0, 2, 4]
    assert all(line["expected_flops"] > 0 for line in lines)


def test_the_card_shows_no_training_text(trained: Path) -> None:
    card = (trained / "final" / "README.md").read_text(encoding="utf-8")
    assert not any(query.text("human") in card for query in queries())


def test_a_resumed_run_ends_with_the_same_weights(setup: Path, trained: Path, tmp_path: Path) -> None:
    changes = config(setup, tmp_path)
    settings = SiameseConfig.check(changes, "test")
    arguments = {**settings.arguments, "max_steps": 4}
    pool_settings = Pool(top=2, top_depth=4, band=2, depth=25)

    def run(**more: Any) -> None:
        train_documents(settings.model_copy(update={"arguments": {**arguments, **more}, "pool": pool_settings}))

    class Stopped(Exception):
        pass

    original = DistillationTrainer.training_step

    def stopping(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == 3:
            raise Stopped
        return original(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(DistillationTrainer, "training_step", stopping)
        run()
    run(resume_from_checkpoint="last")
    whole, resumed = (load_file(folder / "checkpoint-4" / "model.safetensors") for folder in (trained, tmp_path))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_wrong_configuration_is_refused(setup: Path, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config(setup, tmp_path)), encoding="utf-8")
    assert read_siamese_config(file, ["--scale", "5"]).scale == 5
    with pytest.raises(InputError, match="top <= top_depth"):
        read_siamese_config(file, ["--pool.top", "7"])
    with pytest.raises(InputError, match="unknown field"):
        read_siamese_config(file, ["--candidates", "7"])
    dense_only = config(setup, tmp_path, teachers=[{"encoder": "x", "kind": "dense"}])
    with pytest.raises(InputError, match="name a teacher of kind sparse"):
        SiameseConfig.check(dense_only, "test")
