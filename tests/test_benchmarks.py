"""Those benchmarks that can be made small run, and find equal results. They assert no times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from disco_pyserini.demo_world import DemoWorld

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[1]


SMALL = {
    "query_encoding": "size=3, layers=1, width=64",
    "bf16": "size=3, layers=1, width=64",
    "index_build": "size=300, at_once=700",
    "vectors_on_disk": "size=300",
    "search": "sizes=(400,), queries=5, conversations=10, encoder='english-tiny', collection=Path(sys.argv[2])",
    "exact_search": "sizes=(400, 600), queries=5, encoder='english-tiny', collection=Path(sys.argv[2])",
    "english_encoding": "size=2, encoders=('english-tiny',), threads=(1,), collection=Path(sys.argv[2])",
    "scale": "sizes=(300,)",
    "sharded_search": "size=400, queries=5, encoder='english-tiny', shards=(2,), replicas=(1,), "
    "collection=Path(sys.argv[2])",
}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Passages and ten turns in the place of the real collections."""
    folder = tmp_path_factory.mktemp("benchmarks") / "collection"
    DemoWorld(size=300).write(folder)
    turns = (folder / "turns.test.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "turns.jsonl").write_text("".join(turns[:10]), encoding="utf-8")
    (folder / "qrels.test.txt").rename(folder / "qrels.txt")
    return folder


@pytest.mark.parametrize("name", SMALL)
def test_benchmark(name: str, collection: Path, warm_python: str, tmp_path: Path) -> None:
    code = (
        # The processes that it measures are ordinary ones.
        f"import sys; sys.executable = {sys.executable!r}; "
        "from pathlib import Path; from benchmarks import measure; measure.fix_threads(); "
        f"from benchmarks import results_page; from benchmarks.{name} import main; "
        f"print(results_page.text(results_page.save(main({SMALL[name]}, rounds=1), Path(sys.argv[1]))))"
    )
    command = [warm_python, "-c", code, str(tmp_path), str(collection)]
    environment = {**os.environ, "DISCO_BENCH": str(collection.parent / "cache"), "RAY_raylet_start_wait_time_s": "300"}
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = tmp_path.glob("*.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["rounds"] == 1
    assert record["checks"] and all(check["passed"] for check in record["checks"])
    assert path.with_suffix(".svg").read_text(encoding="utf-8").startswith("<?xml")


def test_what_is_given_instead_of_random_data(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from benchmarks.document_vectors import random_vectors; "
        "random_vectors(400).write_parts(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "vectors")], cwd=REPOSITORY, check=True)
    command = [sys.executable, "-m", "benchmarks", "vectors-on-disk", "--rounds", "1", "--results", str(tmp_path)]
    given = ["--vectors", str(tmp_path / "vectors"), "--size", "300"]
    done = subprocess.run([*command, *given], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0 and "The first 300 vectors of vectors, of 1" in done.stdout, done.stdout + done.stderr
    done = subprocess.run([*command, "--topics", "t.tsv"], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 2 and "vectors-on-disk takes no --topics" in done.stderr


def test_the_distillation_study_says_what_its_results_hold() -> None:
    code = (
        "from studies.distillation.english import EnglishStudy; "
        "from studies.distillation.study_page import PAGE, page; "
        "from studies.distillation.students import Study; "
        "assert page(Study.read(), EnglishStudy.read()) == PAGE.read_text(encoding='utf-8')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)


def test_the_documentation_shows_the_stored_results() -> None:
    code = (
        "from benchmarks.results_page import PAGE, RESULTS, SUMMARY_PAGE, measurements, performance, read_records; "
        "records = read_records(RESULTS); "
        "assert measurements(records) == PAGE.read_text(encoding='utf-8'); "
        "assert performance(records) == SUMMARY_PAGE.read_text(encoding='utf-8')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
