"""The benchmarks run and find equal results, on sizes that take seconds. They assert no times."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["index_build", "vectors_on_disk"])
def test_benchmark(name: str, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from benchmarks import measure; measure.fix_threads(); "
        f"from benchmarks import report; from benchmarks.{name} import main; "
        "print(report.text(report.save(main(documents=300, rounds=2), Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 random vectors" in done.stdout
    [path] = tmp_path.glob("*.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["rounds"] == 2
    assert record["checks"] and all(check["passed"] for check in record["checks"])
    assert path.with_suffix(".svg").read_text(encoding="utf-8").startswith("<?xml")


def test_the_distillation_study_says_what_its_results_hold() -> None:
    code = (
        "from benchmarks.distillation_study.report import PAGE, page; "
        "from benchmarks.distillation_study.students import Study; "
        "assert page(Study.read()) == PAGE.read_text(encoding='utf-8')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
