"""`disco data`, and the other commands that take the name of a collection, as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from published import make_topiocqa

from disco_pyserini.trec import read_qrels, read_topics


@pytest.fixture
def cache(tmp_path: Path, shared_data: Path) -> Path:
    """A cache folder that has TopiOCQA and CAsT 2020."""
    folder = tmp_path / "cache" / "disco"
    make_topiocqa(folder / "topiocqa")
    (folder / "cast2020").symlink_to(shared_data / "cast2020")
    return tmp_path / "cache"


def disco(cache: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "disco_pyserini", *map(str, arguments)]
    environment = {**os.environ, "PYSERINI_CACHE": str(cache)}
    return subprocess.run(words, capture_output=True, text=True, env=environment)


def test_list(cache: Path) -> None:
    done = disco(cache, "data", "list")
    rows = [line.strip().split(maxsplit=4) for line in done.stdout.splitlines()]
    assert ["cast2022", "test", "205", "not", "fetched"] in [line.split()[:5] for line in done.stdout.splitlines()]
    assert ["cast2020", "annotated", "217", "217"] in [row[:4] for row in rows]
    assert ["topiocqa", "dev", "2,514", "6", "CC BY-NC-SA 4.0"] in rows
    assert ["topiocqa", "train", "45,450", "incomplete", "CC BY-NC-SA 4.0"] in rows
    assert ["demo-world", "test", "296", "296", "Apache-2.0"] in rows
    assert done.stderr == ""


def test_topics_and_qrels(cache: Path, shared_data: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    done = disco(cache, "data", "topics", "cast2020", "--split", "test", "--query", "automatic", "--output", output)
    assert (done.stdout, done.stderr) == (f"216 topics in {output}\n", "")
    assert read_topics(output)["81_2"] == "Why did garage door opener stop working?"
    for kind in ("topics", "qrels"):
        done = disco(cache, "data", kind, "cast2020", "--split", "test", "--output", output)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {output}: exists already: add --overwrite to replace it, or")
        assert read_topics(output)["81_2"] == "Why did garage door opener stop working?"
    done = disco(cache, "data", "qrels", "cast2020", "--split", "test", "--output", output, "--overwrite")
    assert done.stdout == f"40,451 judgments of 208 turns in {output}\n"
    assert read_qrels(output) == read_qrels(shared_data / "cast2020" / "2020qrels.txt")
    options = (
        "--split",
        "test",
        "--query",
        "human",
        "--from",
        shared_data / "ikat2023",
        "--output",
        output,
        "--overwrite",
    )
    done = disco(cache, "data", "topics", "ikat2023", *options)
    assert f"331 topics in {output}" in done.stdout
    assert done.stderr == "left out, without a human rewrite: 1 query: 12-1_12\n"


def test_row_numbers(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "r.tsv").write_text("4\tfirst\n9\tnone\n")
    options = ("--split", "dev", "--ids", "rows", "--output", tmp_path / "out", "--overwrite")
    done = disco(cache, "data", "topics", "topiocqa", "--query", f"llm:{tmp_path / 'r.tsv'}", *options)
    assert (tmp_path / "out").read_text() == "4\tfirst\n"
    assert "left out, without a" in done.stderr and "5 queries: 0, 1, 2, 3, 5" in done.stderr
    assert "rewrites of no turn in topiocqa: 1 query: 9" in done.stderr
    disco(cache, "data", "qrels", "topiocqa", *options)
    assert (tmp_path / "out").read_text().splitlines()[3:] == ["3 0 20 1", "4 0 21 1", "5 0 22 1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cast2022"], "error: cast2022: expected 2022_evaluation_topics_tree_v1.0.json or"),
        (["cast2022"], "`disco data get cast2022` fetches it, --from names another folder"),
        (["cast20"], "error: no collection, file or folder 'cast20': did you mean 'cast20"),
        (["cast2020"], "error: cast2020: expected a split (test, annotated), none was named"),
        (["cast2020", "--split", "test", "--query", "t5"], "named 't5': there are automatic, human, and conversation,"),
    ],
)
def test_what_is_missing_is_said(cache: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    done = disco(cache, "data", "topics", *arguments, "--output", tmp_path / "out")
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_evaluate_and_rewrite_take_names(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "run.txt").write_text("1_1 Q0 10 1 2.0 t\n2_3 Q0 21 1 2.0 t\n")
    names = ("--qrels", "topiocqa/dev", "--turns", "topiocqa/dev", "--by-depth", "--measures", "R@1")
    done = disco(cache, "evaluate", "--run", tmp_path / "run.txt", *names)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["all", "6", "0.1667"] in [row[:3] for row in rows], done.stderr
    assert ["1", "2", "0.5000"] in [row[:3] for row in rows]
    done = disco(cache, "evaluate", "--run", tmp_path / "run.txt", "--qrels", "gone.txt")
    assert done.returncode == 2 and "no collection, file or folder 'gone.txt'" in done.stderr
    options = ("--server", "http://127.0.0.1:9", "--server-model", "m", "--output", tmp_path / "r.jsonl")
    done = disco(cache, "rewrite", "--turns", "topiocqa/test", *options)
    assert done.returncode == 2 and "topiocqa: expected a split (train, dev), found 'test'" in done.stderr


def test_responses_are_kept_in_our_layout(tmp_path: Path) -> None:
    from disco_pyserini.datasets.registry import open_collection
    from disco_pyserini.datasets.turns import read_turns, write_turns

    make_topiocqa(tmp_path / "topiocqa")
    queries = list(open_collection("topiocqa", tmp_path / "topiocqa").queries("dev"))
    write_turns(queries, tmp_path / "turns.jsonl")
    assert list(read_turns(tmp_path / "turns.jsonl")) == queries
    assert json.loads((tmp_path / "turns.jsonl").read_text().splitlines()[0])["response"] == "Olav, [SEP] they say"
