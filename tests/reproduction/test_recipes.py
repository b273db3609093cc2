"""The recipes that run offline, from the first command to the report, and what the docs say that they score."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from reproduction.browser import browser

from disco_pyserini.reproduction.recipe import find_recipe

REPOSITORY = Path(__file__).parents[2]
REPRODUCTION = REPOSITORY / "docs" / "reproduction.md"


def green(name: str, folder: Path) -> Path:
    """Reproduce a collection; return the report."""
    report = folder / "report.html"
    words = [sys.executable, "-m", "disco_pyserini", "reproduce", "--collection", name, "--report", str(report)]
    done = subprocess.run([*words, "--output", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    checks = sum(len(condition.expected) for condition in find_recipe(name).conditions) * 5
    assert len(re.findall(r" \[OK(?:ish)?\]", done.stdout)) == checks
    return report


def test_demo_world(tmp_path: Path, demo: Path) -> None:
    report = green("demo-world", tmp_path)
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


@pytest.mark.parametrize("name", ["minicoll", "minicoll-cast2022-responses"])
def test_real_conversations(name: str, tmp_path: Path, shared_data: Path) -> None:
    assert find_recipe(name).data == shared_data / name
    green(name, tmp_path)


def documented(text: str) -> dict[tuple[str, str], list[float]]:
    """The rows of a table: {(system, query): measures}."""
    rows = re.findall(r"^\| (\w+) \| ([\w-]+) \|((?: \d\.\d{3} \|)+)", text, flags=re.MULTILINE)
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
    assert documented(text) == {
        (condition.display, condition.query): [round(entry.scores[measure], 3) for measure in recipe.measures]
        for condition in recipe.conditions
        for entry in condition.expected
    }
