"""Whole training runs of a few steps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SparseEncoder
from torch import Tensor
from transformers import AutoModelForMaskedLM

from disco_pyserini import DiscoDocumentEncoder, DiscoQueryEncoder
from disco_pyserini.cli.main import main
from disco_pyserini.encoding import query_encoder
from disco_pyserini.training.distillation import train
from training.conftest import Configure

TEXT = "who wrote the album [SEP] the band wrote it [SEP] what band"


def weights(folder: Path, route: str) -> dict[str, Tensor]:
    [file] = folder.glob(f"{route}_0_*/model.safetensors")
    return load_file(file)


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["disco", "kl", "contrastive", "margin-mse"])
def test_the_query_route_learns_and_the_document_route_stays_as_it_was(
    loss: str, configure: Configure, checkpoint: Path
) -> None:
    trained = train(configure("--loss.name", loss))
    before = load_file(checkpoint / "model.safetensors")
    assert same(weights(trained.folder, "document"), before)
    assert not same(weights(trained.folder, "query"), before)


def test_documents_can_be_encoded_at_every_step(configure: Configure, checkpoint: Path, collection: Path) -> None:
    corpus = ["--documents", "live", "--data.corpus", str(collection / "corpus.jsonl"), "--data.vectors", "null"]
    trained = train(configure(*corpus))
    assert same(weights(trained.folder, "document"), load_file(checkpoint / "model.safetensors"))
    assert not same(weights(trained.folder, "query"), weights(trained.folder, "document"))


def test_a_document_encoder_that_is_open_is_used(configure: Configure, checkpoint: Path) -> None:
    trained = train(configure("--document-encoder", "not-there"), DiscoDocumentEncoder(str(checkpoint)))
    assert same(weights(trained.folder, "document"), load_file(checkpoint / "model.safetensors"))


def test_the_command_trains_and_overrides(
    configure: Configure,
    collection: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure()
    config = str(tmp_path / "config.yaml")
    monkeypatch.setattr(
        "sys.argv", ["disco", "train", config, "--loss.name", "kl", "--output-dir", str(tmp_path / "kl")]
    )
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 0
    output = capsys.readouterr()
    assert f"{tmp_path / 'kl' / 'final'}: trained in" in output.out
    logged = output.err.splitlines()
    assert f"reading vectors from {collection / 'vectors'}" in logged
    assert "training on 20 queries, 20 texts in an epoch" in logged
    assert "name kl" in (tmp_path / "kl" / "final" / "README.md").read_text()
    monkeypatch.setattr("sys.argv", ["disco", "train", config, "--learning-speed", "1"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert "did you mean 'learning_rate'?" in capsys.readouterr().err


def test_a_trained_model_loads_in_all_ways(configure: Configure, checkpoint: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    trained = train(configure("--export-query", str(bare)))
    ours = DiscoQueryEncoder(str(trained.folder), max_length=64, device="cpu")
    plain = SparseEncoder(str(trained.folder), device="cpu")
    expected = ours.weights([TEXT])[0]
    found = plain.encode_query(TEXT, convert_to_sparse_tensor=False)
    active = {ours.vocabulary[term]: float(found[term]) for term in found.nonzero().ravel().tolist()}
    assert active == pytest.approx(expected, abs=1e-5)
    document = plain.encode_document(TEXT, convert_to_sparse_tensor=False)
    assert int((document > 0).sum()) == len(DiscoDocumentEncoder(str(checkpoint)).weights([TEXT])[0])
    assert query_encoder(f"disco:{trained.folder}", max_length=64).encode(TEXT) == ours.encode(TEXT)
    assert DiscoQueryEncoder(str(bare), max_length=64).encode(TEXT) == ours.encode(TEXT)
    assert AutoModelForMaskedLM.from_pretrained(bare).config.vocab_size == len(ours.vocabulary)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [3, 7])
def test_a_resumed_run_ends_with_the_same_weights(steps: int, configure: Configure) -> None:
    """Five steps make an epoch: one run is resumed in the first epoch, the other in the second."""
    common = {
        "regulariser": {"name": "flops", "weight": 0.01, "warmup_steps": 8},
        "sampling": {"strategy": "mixed", "candidates": 6},
    }
    saving = ["--max-steps", "9", "--save-strategy", "steps", "--save-steps", str(steps)]
    whole = train(configure(*saving, **common))
    before = weights(whole.folder, "query")
    resumed = train(
        configure(*saving, "--resume-from-checkpoint", str(whole.folder.with_name(f"checkpoint-{steps}")), **common)
    )
    assert same(weights(resumed.folder, "query"), before)


def test_mixed_precision_trains(configure: Configure, checkpoint: Path) -> None:
    trained = train(configure("--bf16", "true", "--use-cpu", "true"))
    assert not same(weights(trained.folder, "query"), load_file(checkpoint / "model.safetensors"))


@pytest.mark.slow
def test_processes_of_torchrun_train_one_model(configure: Configure, checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "final"
    configure()
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words += ["-m", "disco_pyserini", "train", str(tmp_path / "config.yaml"), "--use-cpu", "true", "--max-steps", "2"]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("trained in") == 1
    before = load_file(checkpoint / "model.safetensors")
    assert same(weights(folder, "document"), before)
    assert not same(weights(folder, "query"), before)
