"""The benchmarks run and find equal results, on sizes that take seconds. They assert no times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["index_build", "vectors_on_disk"])
def test_benchmark(name: str) -> None:
    code = f"from benchmarks.{name} import main; main(documents=300, rounds=1)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 vectors" in done.stdout


def test_the_distillation_study_says_what_its_results_hold() -> None:
    code = (
        "from benchmarks.distillation_study.report import PAGE, page; "
        "from benchmarks.distillation_study.students import Study; "
        "assert page(Study.read()) == PAGE.read_text(encoding='utf-8')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=True)
