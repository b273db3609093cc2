"""`disco compare` on a small collection, and its numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from disco_pyserini.datasets.turns import read_turns
from disco_pyserini.reproduction.turn_comparison import compare
from disco_pyserini.trec import read_qrels

LONG = "a long passage " * 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    turns = [
        {
            "qid": f"c_{turn}",
            "conversation_id": "c",
            "history": [[f"question {earlier}", "an [answer]"] for earlier in range(1, turn)],
            "utterance": f"question {turn}",
            "manual_rewrite": f"rewritten {turn}",
        }
        for turn in range(1, 7)
    ]
    (tmp_path / "turns.jsonl").write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    (tmp_path / "qrels.txt").write_text("".join(f"c_{turn} 0 good 1\n" for turn in range(1, 6)))
    (tmp_path / "corpus.jsonl").write_text(
        "".join(
            json.dumps({"id": docid, "contents": f"{docid} {LONG}"}) + "\n" for docid in ("good", "bad", "[red]ugly")
        )
    )

    def write(name: str, first: list[str]) -> None:
        lines = []
        for turn, docid in enumerate(first, 1):
            other = "bad" if docid == "good" else "good"
            lines += [f"c_{turn} Q0 {docid} 1 2.0 t\n", f"c_{turn} Q0 {other} 2 1.0 t\n"]
        (tmp_path / name).write_text("".join(lines))

    write("old.txt", ["bad", "bad", "bad", "good", "good"])
    write("new.txt", ["good", "good", "good", "bad", "good"])
    write("same.txt", ["bad", "bad", "bad", "good", "good"])
    return tmp_path


def disco(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "disco_pyserini", "compare", *arguments]
    common = ["--qrels", "qrels.txt", "--turns", "turns.jsonl", "--measure", "MRR"]
    return subprocess.run(
        [*words, *common], cwd=folder, capture_output=True, text=True, env={**os.environ, "COLUMNS": "80"}
    )


def test_wins_and_losses(folder: Path) -> None:
    runs = [folder / name for name in ("old.txt", "new.txt")]
    turns = {query.qid: query for query in read_turns(folder / "turns.jsonl")}
    found = compare(runs, read_qrels(folder / "qrels.txt"), turns, "MRR")
    [other] = found.others
    assert (sorted(other.wins), other.losses) == (["c_1", "c_2", "c_3"], ["c_4"])
    assert other.differences == {"c_1": 0.5, "c_2": 0.5, "c_3": 0.5, "c_4": -0.5, "c_5": 0.0}
    assert found.baseline.top("c_1", 1) == ["bad"]
    assert other.p == pytest.approx(0.3739, abs=1e-4)


def test_turns_side_by_side_at_80_columns(folder: Path) -> None:
    done = disco(folder, "old.txt", "new.txt", "--corpus", "corpus.jsonl", "--limit", "1")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "MRR over 5 queries; old.txt: 0.7000" in done.stdout
    assert "new.txt: 0.9000 (+0.2000, p = 0.37 by a paired t-test)" in " ".join(done.stdout.split())
    assert "3 better, 1 worse, 1 equal" in " ".join(done.stdout.split())
    assert done.stdout.count("turn 1: MRR +0.5000") == 1
    assert "turn 4: MRR -0.5000" in done.stdout
    assert "turn 2" not in done.stdout
    for text in ("question 4", "rewritten 4", "an [answer]", "old.txt: 1.0000", "new.txt: 0.5000", "good  relevant"):
        assert text in done.stdout
    assert "good a long passage" in done.stdout


def test_one_turn_and_several_runs(folder: Path) -> None:
    done = disco(folder, "old.txt", "new.txt", "same.txt", "--query", "c_5")
    assert done.stdout.count("c_5, turn 5: MRR +0.0000") == 2
    assert "Holm–Bonferroni" in done.stdout
    assert "(1 earlier turn)" in done.stdout
    unknown = disco(folder, "old.txt", "new.txt", "--query", "c_6")
    assert unknown.returncode == 2
    assert "no judged query 'c_6'" in unknown.stderr


def test_what_a_terminal_would_obey_is_not_printed(folder: Path) -> None:
    for name in ("turns.jsonl", "corpus.jsonl"):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace("question 1", r"\u001b]0;owned").replace("a long", r"\u009bx a long"))
    (folder / "old.txt").rename(folder / "o\x1b[2Jld.txt")
    done = disco(folder, "o\x1b[2Jld.txt", "new.txt", "--corpus", "corpus.jsonl")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and "\x9b" not in done.stdout
    for text in ("\ufffd]0;owned", "o\ufffd[2Jld.txt: 0.7000", "\ufffdx a long"):
        assert text in done.stdout
    failed = disco(folder, "new.txt", "o\x1b[2Jld.txt", "--query", "c_6")
    assert failed.stderr.startswith("error: ") and "\x1b" not in failed.stderr


def test_bad_requests(folder: Path) -> None:
    assert "at least two different runs" in disco(folder, "old.txt").stderr
    (folder / "qrels.txt").write_text("x_1 0 good 1\nc_1 0 good 1\n")
    done = disco(folder, "old.txt", "new.txt")
    assert done.returncode == 2
    assert "the judged query 'x_1' is not among the 6 turns" in done.stderr
