"""`disco demo`, as a user runs it, and what it leaves behind."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from disco_pyserini.evaluation import evaluate
from disco_pyserini.trec import read_qrels, read_run

pytestmark = pytest.mark.slow


def ndcg(demo: Path, name: str) -> float:
    return evaluate(read_run(demo / f"run.{name}.txt"), read_qrels(demo / "qrels.test.txt"), ["nDCG@3"]).mean("nDCG@3")


def test_disco_comes_close_to_splade_on_human_rewrites(demo: Path) -> None:
    disco = ndcg(demo, "disco.conversation")
    assert disco >= ndcg(demo, "splade.human") - 0.05
    assert disco >= ndcg(demo, "splade.utterance") + 0.20


def test_the_table_shows_what_the_runs_hold(demo: Path, demo_output: str) -> None:
    for system, form in (
        ("BM25", "utterance"),
        ("BM25", "conversation"),
        ("BM25", "human"),
        ("SPLADE", "utterance"),
        ("SPLADE", "human"),
        ("DiSCo", "conversation"),
    ):
        row = re.search(rf"^\s*{system}\s+{form}\s+(\d\.\d+)", demo_output, flags=re.MULTILINE)
        assert row, demo_output
        assert float(row[1]) == round(ndcg(demo, f"{system.lower()}.{form}"), 3)


def test_the_printed_pyserini_command_reproduces_the_run_exactly(
    demo: Path, demo_output: str, warm_python: str
) -> None:
    [command] = re.findall(r"^\s*(python -m pyserini\.search\.lucene .*)$", demo_output, flags=re.MULTILINE)
    words = [warm_python, *shlex.split(command)[1:]]
    subprocess.run(words, cwd=demo.parent, check=True, capture_output=True)
    assert (demo / "run.pyserini.txt").read_bytes() == (demo / "run.disco.conversation.txt").read_bytes()


def test_it_ends_with_the_chat_of_the_readme(demo_output: str) -> None:
    found = re.findall(r"^    finds   (\S+):", demo_output, flags=re.MULTILINE)
    assert found == ["tarfile.TarFile.add#1", "tarfile.TarFile.getnames#1", "tarfile.TarFile.extractall#1"]
    assert "(the question alone finds random.Random.shuffle#1)" in demo_output
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^    finds   (\S+):", readme, flags=re.MULTILINE) == found


def test_a_folder_of_something_else_is_left_alone(warm_python: str, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    done = subprocess.run(
        [warm_python, "-m", "disco_pyserini", "demo", "--output", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "holds something else" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
