"""Runs every command and every Python example of the documentation, in a folder where `disco demo` has been run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
EXAMPLE = re.compile(r"^```(bash|python)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def examples(page: Path) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in EXAMPLE.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", [page for page in PAGES if examples(page)], ids=lambda page: page.name)
def test_examples_run_as_they_stand(page: Path, demo: Path, warm_python: str, tmp_path: Path) -> None:
    shutil.copytree(demo, tmp_path / "demo")
    collection = tmp_path / "collection"
    real = REPOSITORY.parent / "shared" / "data" / "minicoll-cast2022-responses"
    if real.is_dir():
        shutil.copytree(real, collection)
    else:
        collection.mkdir()
        for ours, theirs in (
            ("corpus.jsonl", "corpus.jsonl"),
            ("turns.test.jsonl", "turns.jsonl"),
            ("qrels.test.txt", "qrels.txt"),
        ):
            shutil.copy(demo / ours, collection / theirs)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(map(str, [Path(warm_python).parent, Path(sys.executable).parent, os.environ["PATH"]])),
        "COLLECTION": str(collection),
        "HAYSTACK_TELEMETRY_ENABLED": "False",
    }
    for kind, text in examples(page):
        command = ["bash", "-euo", "pipefail", "-c", text] if kind == "bash" else [warm_python, "-c", text]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{page.name}:\n{text}\n{done.stdout}\n{done.stderr}"
