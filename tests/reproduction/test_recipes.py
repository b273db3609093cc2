"""The recipes that run offline, from the first command to the report, and what the docs say that they score."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from reproduction.browser import browser

from disco_pyserini.reproduction.driver import lacking
from disco_pyserini.reproduction.execute import execute, missing
from disco_pyserini.reproduction.plan import in_order, plan
from disco_pyserini.reproduction.recipe import find_recipe
from disco_pyserini.trec import read_qrels, read_topics

REPOSITORY = Path(__file__).parents[2]
REPRODUCTION = REPOSITORY / "docs" / "reproduction.md"


def green(python: str, name: str, folder: Path, *conditions: str) -> Path:
    """Reproduce some conditions of a collection, or all; return the report."""
    report = folder / "report.html"
    words = [python, "-m", "disco_pyserini", "reproduce", "--collection", name, "--report", str(report)]
    words += [word for condition in conditions for word in ("--condition", condition)]
    done = subprocess.run([*words, "--output", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    recipe = [one for one in find_recipe(name).conditions if not conditions or one.name in conditions]
    checks = sum(len(condition.expected) for condition in recipe) * 5
    assert len(re.findall(r" \[OK(?:ish)?\]", done.stdout)) == checks
    return report


@pytest.mark.slow
def test_demo_world(warm_python: str, tmp_path: Path, demo: Path) -> None:
    report = green(warm_python, "demo-world", tmp_path)
    with browser(tmp_path / "profile") as chrome:
        chrome.get(report.as_uri())
        text = chrome.find_element("css selector", "main").text
        assert "Demo world, test split" in text
        assert "query terms" in text
        assert "▲" in text or "▼" in text
        assert len(chrome.find_elements("css selector", "figure svg")) == 2
        assert chrome.get_log("browser") == []
    # Pyserini's own command ranks as `disco demo` does.
    run = tmp_path / "demo-world" / "run.test.bm25.human.txt"
    assert run.read_bytes() == (demo / "run.bm25.human.txt").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "conditions"),
    [
        ("minicoll", ("bm25.conversation", "splade.human", "english-tiny")),
        ("minicoll-cast2022-responses", ("splade.human", "english")),
    ],
)
def test_real_conversations(
    name: str, conditions: Sequence[str], warm_python: str, tmp_path: Path, shared_data: Path
) -> None:
    assert find_recipe(name).data == shared_data / name
    green(warm_python, name, tmp_path, *conditions)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cast2019", "cast2020", "cast2021", "cast2022", "ikat2023", "ikat2024", "ikat2025"])
def test_topics_and_judgments_of_the_publishers_files(
    name: str, tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything up to the passages, which are not on this machine."""
    (tmp_path / "disco").mkdir()
    (tmp_path / "disco" / name).symlink_to(shared_data / name)
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path))
    trials = plan(find_recipe(name), tmp_path)
    made = {job.output for trial in trials for job in trial.jobs() if job.command[:2] == ("disco", "data")}
    for job in in_order(job for trial in trials for job in trial.jobs()):
        if job.output in made and not missing(job):
            execute(job, tmp_path / "logs")
            if "qrels" in job.output.name:
                assert len(read_qrels(job.output)) == trials[0].dataset.queries
            else:
                assert read_topics(job.output)
    # Passages, judgments at NIST, weights and rewrites that are elsewhere.
    assert all(lacking(trial) for trial in trials if trial.condition.display != "BM25")


def documented(text: str) -> dict[tuple[str, str], list[float]]:
    """The rows of a table: {(system, query): measures}."""
    rows = re.findall(r"^\| ([\w -]+) \| ([\w-]+) \|((?: \d\.\d{3,4} \|)+)", text, flags=re.MULTILINE)
    return {(system, form): [float(cell) for cell in cells.split("|")[:-1]] for system, form, cells in rows}


@pytest.mark.parametrize(
    ("page", "section", "name"),
    [
        (REPOSITORY / "README.md", "`make demo` prints", "demo-world"),
        (REPRODUCTION, "### Demo world", "demo-world"),
        (REPRODUCTION, "### `minicoll`", "minicoll"),
        (REPRODUCTION, "### `minicoll-cast2022-responses`", "minicoll-cast2022-responses"),
    ],
)
def test_the_docs_report_what_the_recipes_expect(page: Path, section: str, name: str) -> None:
    text = page.read_text(encoding="utf-8").split(section, 1)[1].split("\n##", 1)[0]
    recipe = find_recipe(name)
    found = documented(text)
    # A page may show fewer decimals.
    tolerance = 0.00051 if page.name == "README.md" else 0.0
    for condition in recipe.conditions:
        for entry in condition.expected:
            expected = [entry.scores[measure] for measure in recipe.measures]
            assert found.pop((condition.display, condition.query)) == pytest.approx(expected, abs=tolerance)
    assert not found
