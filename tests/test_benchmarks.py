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
