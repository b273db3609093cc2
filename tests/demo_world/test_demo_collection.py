"""The demo world as a collection like any other: by name, without files."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from disco_pyserini.cli.main import app
from disco_pyserini.datasets.named import open_qrels, open_topics, open_turns
from disco_pyserini.datasets.registry import COLLECTIONS, open_collection
from disco_pyserini.demo_world import DemoWorld


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_its_splits_are_those_of_the_default_world(split: str) -> None:
    collection = open_collection("demo-world")
    queries = list(collection.queries(split))
    assert queries == list(DemoWorld().queries(split))
    assert len(queries) == COLLECTIONS.get("demo-world").splits[split]
    assert collection.qrels(split) == DemoWorld().qrels(split)
    assert list(collection.passages(split)) == list(DemoWorld().passages())


def test_names_of_topics_qrels_and_turns() -> None:
    topics = open_topics("demo-world/test/human")
    assert topics.keys() == open_turns("demo-world/test").keys() == open_qrels("demo-world/test").keys()
    assert topics == {query.qid: query.rewrites["human"] for query in DemoWorld().queries("test")}


def test_nothing_is_downloaded(empty_cache: Path) -> None:
    done = CliRunner().invoke(app, ["data", "get", "demo-world"])
    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == "nothing to fetch: this collection needs no files"
    assert not empty_cache.exists()


def test_topics_and_qrels_of_the_command_line(tmp_path: Path) -> None:
    DemoWorld().write(tmp_path / "world")
    for name in ("demo-world", str(tmp_path / "world")):
        for kind in ("topics", "qrels"):
            output = tmp_path / kind / Path(name).name
            done = CliRunner().invoke(app, ["data", kind, name, "--split", "dev", "--output", str(output)])
            assert done.exit_code == 0, done.output
    for kind in ("topics", "qrels"):
        assert (tmp_path / kind / "demo-world").read_bytes() == (tmp_path / kind / "world").read_bytes()
