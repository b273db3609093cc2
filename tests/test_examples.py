"""The programs in examples/ run, and print what they are there to show."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
CLIMATE = "The climate of Lerduvale is a matter of taste."

pytestmark = pytest.mark.slow

Run = Callable[..., str]


@pytest.fixture(scope="module", name="folder")
def copy_of_the_demo(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, since some examples write into it."""
    return Path(shutil.copytree(demo, tmp_path_factory.mktemp("examples") / "demo"))


@pytest.fixture(scope="module")
def run(warm_python: str) -> Run:
    def run(name: str, *arguments: object) -> str:
        command = [warm_python, str(EXAMPLES / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_every_example_is_tested_and_listed() -> None:
    names = sorted(path.name for path in EXAMPLES.glob("*.py"))
    assert re.findall(r'= run\("(\w+\.py)"', Path(__file__).read_text(encoding="utf-8")) == names
    listed = re.findall(
        r"^\| \[(.*?)\]\((.*?)\) \|", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    notebooks = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))  # tested in test_notebooks.py
    assert listed == [(name, name) for name in (*names, *notebooks)]


def test_search(run: Run, folder: Path) -> None:
    printed = run("01_search.py", folder)
    alone, conversation = printed.split("Found with the conversation:")
    assert "Lerduvale" not in alone and "3. " in alone
    assert re.search(rf"1\. place-000002-climate \(\d+\) {CLIMATE}", conversation)


def test_own_documents(run: Run) -> None:
    first, *hits = run("02_own_documents.py").splitlines()
    assert re.fullmatch(r"4 documents, \d+ postings", first)
    assert len(hits) == 2
    assert hits[0].startswith("warranty: Every lamp has a warranty of two years.")


def test_openai_messages(run: Run, folder: Path) -> None:
    printed = run("03_openai_messages.py", folder)
    assert re.search(rf"^system: Answer .*\n\n\[place-000002-climate\] {CLIMATE}", printed)
    assert printed.splitlines()[-1].startswith("user: ") and "Is it chilly there in winter?" in printed.splitlines()[-1]


def test_explain_a_hit(run: Run, folder: Path) -> None:
    printed = run("04_explain_a_hit.py", folder)
    score = re.search(r"^place-000002-climate has the score (\d+): ", printed)
    terms = re.findall(r"^(\S+) +(\d+) +(\d+) +(\d+)( +from the earlier turns)?$", printed, flags=re.MULTILINE)
    assert score and sum(int(product) for *_, product, _ in terms) == int(score[1])
    assert all(int(query) * int(document) == int(product) for _, query, document, product, _ in terms)
    assert "##uvale" in [token for token, *_, earlier in terms if earlier]


def test_compare_query_forms(run: Run, folder: Path) -> None:
    printed = run("05_compare_query_forms.py", folder)
    rows = re.findall(r"^(\S+) +(0\.\d+) +(0\.\d+) +1: ", printed, flags=re.MULTILINE)
    ndcg = {form: float(value) for form, value, _ in rows}
    assert list(ndcg) == ["utterance", "user-turns", "last:2", "conversation", "human"]
    assert ndcg["utterance"] + 0.2 < ndcg["user-turns"] < ndcg["conversation"] < ndcg["human"]


def test_train_with_your_own_teacher(run: Run, folder: Path) -> None:
    printed = run("06_train_with_your_own_teacher.py", folder)
    assert "813 queries have teacher scores" in printed
    ndcg = re.search(r"^nDCG@3 on the dev split: (0\.\d+)$", printed, flags=re.MULTILINE)
    assert ndcg and float(ndcg[1]) > 0.7
    assert (folder / "my-encoder" / "final" / "modules.json").is_file()


def test_custom_loss(run: Run, folder: Path) -> None:
    printed = run("07_custom_loss.py", folder)
    assert len(re.findall(r"^huber \d+\.\d{3}$", printed, flags=re.MULTILINE)) == 20
    assert f"The encoder is in {folder}/huber-encoder/final" in printed
    assert "HuberLoss" in (folder / "huber-encoder" / "final" / "README.md").read_text(encoding="utf-8")


def test_fuse_two_teachers(run: Run, folder: Path) -> None:
    printed = run("08_fuse_two_teachers.py", folder)
    rows = re.findall(r"^(\w+) +nDCG@3 (0\.\d+) +R@10 (0\.\d+)$", printed, flags=re.MULTILINE)
    ndcg = {name: float(value) for name, value, _ in rows}
    assert list(ndcg) == ["bm25", "splade", "fused"]
    assert ndcg["bm25"] + 0.2 < ndcg["fused"] != ndcg["splade"]


def test_langchain(run: Run, folder: Path) -> None:
    lines = run("09_langchain.py", folder).splitlines()
    assert lines[0] == "System: Answer from these passages:"
    assert lines[1].startswith(CLIMATE)
    assert lines[-1] == "Human: Is it chilly there in winter?"


def test_pyserini(run: Run, folder: Path) -> None:
    printed = run("10_pyserini.py", folder)
    assert "1. place-000002-climate " in printed
    assert printed.splitlines()[-1] == "DiscoSearcher finds the same"
