"""The commands that train disco-tiny, on a very small world and for a few steps."""

from __future__ import annotations

import re
import shlex
import subprocess
from itertools import batched
from pathlib import Path

import pytest
from typer.testing import CliRunner

from disco_pyserini import DiscoDocumentEncoder, DiscoQueryEncoder
from disco_pyserini.cli.main import app
from disco_pyserini.datasets.named import open_qrels, open_turns
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.demo_world.entities import make_cluster
from disco_pyserini.training import tiny

CONFIG = Path(__file__).parents[2] / "runs" / "training" / "disco-tiny.yaml"
DATA_COMMAND = re.compile(r"disco (data demo-world .*)")


def run(python: str, *words: str) -> None:
    done = subprocess.run([python, "-m", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def write_world(text: str | None, folder: Path, passages: int, conversations: int) -> dict[str, int]:
    """Run the command that a text documents, for a small world in another folder; return the documented numbers."""
    [command] = DATA_COMMAND.findall(text or "")
    group, name, *words = shlex.split(command)
    options = dict(batched(words, 2))
    small = {"--output": str(folder), "--passages": str(passages), "--conversations": str(conversations)}
    done = CliRunner().invoke(app, [group, name, *(word for pair in {**options, **small}.items() for word in pair)])
    assert done.exit_code == 0, done.output
    return {name.removeprefix("--"): int(value) for name, value in options.items() if name != "--output"}


@pytest.mark.slow
def test_the_documented_commands_train_both_encoders(
    warm_python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the configuration expects tiny-world/
    write_world(tiny.__doc__, tmp_path / "first", 600, 4)
    run(warm_python, "disco_pyserini.training.tiny", "--data", "first/train", "--output", ".", "--epochs", "1")
    write_world(CONFIG.read_text(encoding="utf-8"), tmp_path / "tiny-world", 600, 2)
    words = ["--document-encoder", "document", "--export-query", "query", "--num-train-epochs", "1"]
    # Of several steps: the first one of the warm-up learns nothing.
    words += ["--per-device-train-batch-size", "8", "--output-dir", "run"]
    run(warm_python, "disco_pyserini", "train", str(CONFIG), *words)
    document, query = DiscoDocumentEncoder("document"), DiscoQueryEncoder("query")
    assert document.vocabulary == query.vocabulary
    text = "Where was the harbour built?"
    assert document.weights([text]) != query.weights([text])


def test_the_written_world_is_the_one_that_was_trained_on(tmp_path: Path) -> None:
    numbers = write_world(CONFIG.read_text(encoding="utf-8"), tmp_path, 600, 8)
    assert numbers == {"passages": 60_000, "seed": 13, "conversations": 8}
    world = DemoWorld(seed=13, size=600, conversations_per_cluster=8)
    assert list(open_turns(f"{tmp_path}/train").values()) == list(world.queries("train"))
    assert open_qrels(f"{tmp_path}/train") == world.qrels("train")


def entity_names(world: DemoWorld) -> set[str]:
    return {
        entity.name for number in range(world.size // 56) for entity in make_cluster(world.seed, number, world._namer)
    }


@pytest.mark.parametrize("text", [tiny.__doc__, CONFIG.read_text(encoding="utf-8")], ids=["document", "query"])
def test_the_training_worlds_share_no_name_with_the_demos(text: str, tmp_path: Path) -> None:
    numbers = write_world(text, tmp_path, 60, 1)
    world = DemoWorld(seed=numbers["seed"], size=numbers["passages"])
    assert entity_names(world).isdisjoint(entity_names(DemoWorld()))
