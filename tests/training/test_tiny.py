"""The commands that train disco-tiny, on a very small world and for a few steps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from disco_pyserini import DiscoDocumentEncoder, DiscoQueryEncoder
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.demo_world.entities import make_cluster
from disco_pyserini.training.tiny import WORLD_SEED

CONFIG = Path(__file__).parents[2] / "runs" / "training" / "disco-tiny.yaml"
SMALL = "{seed: 13, size: 600, conversations_per_cluster: 2}"


def test_the_documented_commands_train_both_encoders(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "disco_pyserini.training.tiny", "--output", str(tmp_path), "--passages", "600"]
    done = subprocess.run([*words, "--conversations", "4", "--epochs", "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    words = [sys.executable, "-m", "disco_pyserini", "train", str(CONFIG)]
    words += ["--document-encoder", str(tmp_path / "document"), "--export-query", str(tmp_path / "query")]
    words += ["--data.demo_world", SMALL, "--dev.demo_world", SMALL, "--num-train-epochs", "1"]
    # Of several steps: the first one of the warm-up learns nothing.
    words += ["--per-device-train-batch-size", "8", "--output-dir", str(tmp_path / "run")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    document, query = DiscoDocumentEncoder(str(tmp_path / "document")), DiscoQueryEncoder(str(tmp_path / "query"))
    assert document.vocabulary == query.vocabulary
    text = "Where was the harbour built?"
    assert document.weights([text]) != query.weights([text])


def entity_names(world: DemoWorld) -> set[str]:
    return {
        entity.name for number in range(world.size // 56) for entity in make_cluster(world.seed, number, world._namer)
    }


@pytest.mark.parametrize(
    "world",
    [
        DemoWorld(seed=WORLD_SEED, size=30_000),
        DemoWorld(**yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["data"]["demo_world"]),
    ],
)
def test_the_training_worlds_share_no_name_with_the_demos(world: DemoWorld) -> None:
    assert entity_names(world).isdisjoint(entity_names(DemoWorld()))
