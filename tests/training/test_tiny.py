"""The command that trains disco-tiny, on a very small world and for a few steps."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from disco_pyserini import DiscoDocumentEncoder, DiscoQueryEncoder
from disco_pyserini.datasets.demo_world import DemoWorld
from disco_pyserini.datasets.demo_world.entities import make_cluster
from disco_pyserini.training.tiny import WORLD_SEED


def test_the_documented_command_trains_both_encoders(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "disco_pyserini.training.tiny", "--output", str(tmp_path), "--passages", "600"]
    words += ["--conversations", "4", "--document-epochs", "1", "--query-epochs", "1"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"DiSCo  conversation MRR 0\.\d+  query terms \d+", done.stderr)
    document, query = DiscoDocumentEncoder(str(tmp_path / "document")), DiscoQueryEncoder(str(tmp_path / "query"))
    assert document.vocabulary == query.vocabulary
    text = "Where was the harbour built?"
    assert document.weights([text]) != query.weights([text])


def entity_names(world: DemoWorld) -> set[str]:
    return {
        entity.name for number in range(world.size // 56) for entity in make_cluster(world.seed, number, world._namer)
    }


def test_the_training_world_shares_no_name_with_the_demos() -> None:
    assert entity_names(DemoWorld(seed=WORLD_SEED, size=30_000)).isdisjoint(entity_names(DemoWorld()))
