"""What happens around the steps: logs, evaluation, the best checkpoint, collapse, and a full disk."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from sentence_transformers import SparseEncoder

from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.encoding import DiscoQueryEncoder
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.evaluation import evaluate
from disco_pyserini.training.distillation import train
from disco_pyserini.training.document_vectors import load_vectors
from disco_pyserini.training.evaluator import DevSet, StoredVectorsEvaluator
from disco_pyserini.training.student import student
from disco_pyserini.training.watch import last_checkpoint
from disco_pyserini.vectors import open_vectors
from training.conftest import Configure, queries

QRELS = {query.qid: {f"d{i}": 2, f"d{i + 20}": 1} for i, query in enumerate(queries())}


def dev(collection: Path) -> list[str]:
    return ["--dev.turns", str(collection / "turns.jsonl"), "--dev.qrels", str(collection / "qrels.txt")]


def test_the_evaluator_measures_an_exhaustive_search(checkpoint: Path, collection: Path, tmp_path: Path) -> None:
    model = student(checkpoint, max_length=64).to("cpu").eval()
    encoder = DiscoQueryEncoder(str(checkpoint), max_length=64, device="cpu")
    documents = load_vectors(open_vectors(collection / "vectors"), encoder.vocabulary)
    texts = {query.qid: query.text("conversation") for query in queries()}
    run = {}
    dense = documents.matrix().to_dense()
    for qid, vector in zip(texts, encoder.weight_vectors(list(texts.values())), strict=True):
        weights = torch.zeros(len(encoder.vocabulary))
        weights[vector.terms] = torch.tensor(vector.weights)
        run[qid] = dict(zip(documents.ids, (dense @ weights).tolist(), strict=True))
    expected = evaluate(run, QRELS)
    found = StoredVectorsEvaluator([DevSet("c", texts, QRELS, documents)])(model, str(tmp_path), epoch=1, steps=5)
    for name in ("nDCG@3", "MRR", "R@10", "R@100"):
        assert found[name] == pytest.approx(expected.mean(name), abs=1e-6)
    assert json.loads((tmp_path / "measures.jsonl").read_text())["nDCG@3"] == found["nDCG@3"]


def test_loss_parts_and_active_dimensions_are_logged_and_the_best_checkpoint_is_kept(
    configure: Configure, collection: Path
) -> None:
    rising = ["--max-steps", "15", "--save-total-limit", "1", "--learning-rate", "5e-3"]
    trained = train(configure(*dev(collection), *rising, "--save-strategy", "epoch", "--licence", "cc-by-nc-sa-4.0"))
    state = json.loads((last_checkpoint(trained.folder.parent) / "trainer_state.json").read_text())
    losses = [entry for entry in state["log_history"] if "loss" in entry]
    for entry in losses:
        assert entry["loss"] == pytest.approx(entry["kl"] + entry["contrastive"] + entry["anti_zero"], abs=1e-3)
        assert entry["active_query_dimensions"] > 0
    measured = [entry["eval_nDCG@3"] for entry in state["log_history"] if "eval_nDCG@3" in entry]
    assert len(measured) == 3
    assert trained.scores["nDCG@3"] == pytest.approx(max(measured), abs=1e-6)
    card = (trained.folder / "README.md").read_text()
    assert "license: cc-by-nc-sa-4.0" in card
    for part in ("turns.jsonl", "teacher.json", "name disco", "kl_weight 0.99", "nDCG@3", "strategy band"):
        assert part in card.split("## Distillation")[1]
    best = SparseEncoder(state["best_model_checkpoint"], device="cpu").state_dict()
    final = SparseEncoder(str(trained.folder), device="cpu").state_dict()
    assert all(torch.equal(best[name], weights) for name, weights in final.items())


def test_the_representation_loss_and_a_collection_by_name(configure: Configure, tmp_path: Path) -> None:
    world = tmp_path / "world"
    DemoWorld(size=240).write(world)
    train_split, dev_split = f"{world}/train", f"{world}/dev"
    sections = {
        "model": {"document_encoder": "disco-tiny"},
        "data": {"turns": train_split, "qrels": train_split, "corpus": train_split, "vectors": None},
        "dev": {"turns": dev_split, "qrels": dev_split},
        "teacher": {"files": [], "rewrites": ["human"]},
        "loss": {"name": "representation-mse"},
    }
    trained = train(configure("--max-steps", "2", "--load-best-model-at-end", "false", **sections))
    assert trained.scores.keys() >= {"nDCG@3", "R@100"}


@pytest.mark.parametrize(
    ("bias", "message"), [(-1000.0, "the query vectors are empty"), (1000.0, "the query vectors are dense")]
)
def test_collapse_stops_training(
    bias: float, message: str, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    import disco_pyserini.training.distillation as module

    def broken(*arguments: object) -> object:
        model = student(*arguments)  # type: ignore[arg-type]
        head = model[0].sub_modules["query"][0].auto_model.get_output_embeddings()
        head.bias.data.fill_(bias)
        return model

    monkeypatch.setattr(module, "student", broken)
    with pytest.raises(DiscoError, match=f"training stopped at step 1: {message}"):
        train(configure())


def test_a_checkpoint_that_was_not_finished_does_not_count(configure: Configure) -> None:
    trained = train(configure("--save-strategy", "steps", "--save-steps", "2"))
    folder = trained.folder.parent
    assert last_checkpoint(folder).name == "checkpoint-4"
    (folder / "checkpoint-4" / "trainer_state.json").write_text("{")
    assert last_checkpoint(folder).name == "checkpoint-2"
    resumed = train(configure("--save-strategy", "steps", "--save-steps", "2", "--resume-from-checkpoint", "last"))
    assert resumed.folder.is_dir()
    with pytest.raises(InputError, match="found none: start without resuming"):
        train(configure("--resume-from-checkpoint", "last", output="elsewhere"))
    with pytest.raises(InputError, match="no such checkpoint"):
        train(configure("--resume-from-checkpoint", str(folder / "checkpoint-9")))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]).returncode:
        pytest.skip("only root can make a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_full_disk_leaves_earlier_checkpoints_intact(configure: Configure, small_disk: Path) -> None:
    output = str(small_disk / "out")
    saving = ["--save-strategy", "steps", "--save-steps", "1", "--max-steps", "9", "--output-dir", output]
    with pytest.raises(DiscoError, match=r"cannot write the checkpoint .*earlier checkpoints are intact"):
        train(configure(*saving))
    checkpoints = sorted(path.name for path in Path(output).glob("checkpoint-*"))
    assert checkpoints
    assert last_checkpoint(Path(output)).name == checkpoints[-1]
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert train(configure(*saving, "--resume-from-checkpoint", "last")).folder.is_dir()
