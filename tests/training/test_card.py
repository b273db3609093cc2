"""The model card of a trained encoder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from sentence_transformers import SparseEncoder

from disco_pyserini.training.distillation import train
from training.conftest import Configure, queries


@pytest.fixture
def card(configure: Configure, request: pytest.FixtureRequest) -> str:
    trained = train(configure("--max-steps", "1"))
    return (trained.folder / "README.md").read_text(encoding="utf-8")


def test_the_card_says_what_the_model_is(card: str, checkpoint: Path) -> None:
    size = json.loads((checkpoint / "config.json").read_text())["vocab_size"]
    assert f"It maps inputs to a {size}-dimensional sparse vector space" in card
    assert f"**Output Dimensionality:** {size} dimensions" in card
    assert f"- **Base model:** {checkpoint}" in card
    assert "None-dimensional" not in card
    assert "Unknown](" not in card.split("Training Dataset")[0]


def test_the_card_shows_no_training_text(card: str) -> None:
    assert "widget" not in card
    assert "Samples:" not in card
    for query in queries():
        assert query.text("conversation") not in card
        assert query.text("utterance") not in card


def test_the_usage_of_a_gated_student_runs(warm_python: str, configure: Configure) -> None:
    trained = train(configure("--max-steps", "1", "--reader", "document"))
    card = (trained.folder / "README.md").read_text(encoding="utf-8")
    assert "| query encoder | gated, with the reader `document` |" in card
    snippet = card.split("```python\n")[1].split("```")[0].replace("sparse_encoder_model_id", str(trained.folder))
    done = subprocess.run([warm_python, "-c", snippet], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tensor(")


def test_a_hub_id_is_named_as_base_model(
    configure: Configure, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The hub's cache holds the checkpoint, as after a download."""
    cache = tmp_path / "hub" / "models--someone--splade"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("abc")
    (cache / "snapshots").mkdir()
    (cache / "snapshots" / "abc").symlink_to(checkpoint)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    trained = train(configure("--max-steps", "1", "--document-encoder", "someone/splade"))
    card = (trained.folder / "README.md").read_text(encoding="utf-8")
    assert "\nbase_model: someone/splade\n" in card
    assert "- **Base model:** [someone/splade](https://huggingface.co/someone/splade)" in card
    assert SparseEncoder(str(trained.folder), device="cpu").get_embedding_dimension()
