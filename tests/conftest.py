"""Fixtures: small real checkpoints, made once per test run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkpoints import make_checkpoint
from filelock import FileLock
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["small_indexes", "warm_python", "child_processes", "s3_server", "gcs_server"]

# `make test` tries the same inputs each time, `make campaign` new ones.
settings.register_profile("test", deadline=None, derandomize=True, database=None, max_examples=40)
settings.register_profile("campaign", deadline=None, database=None, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))

# No test may depend on a model hub.
os.environ["HF_HUB_OFFLINE"] = "1"


# What takes longest comes first, so that no worker is left with it at the end. The first test of the second worker does
# not need the demo, which the first worker makes.
LONGEST = (
    "tests/reproduction/test_recipes.py",
    "tests/test_docs.py",
    "tests/ray/",
    "tests/test_examples.py",
    "tests/test_benchmarks.py",
    "tests/plugin/",
    "tests/test_extension_package.py",
    "tests/test_notebooks.py",
)


class ByFile(LoadScopeScheduling):
    """A worker runs whole files, whose tests share what they made; long tests that share nothing go one by one.

    The files that share a Ray cluster go together.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith("tests/ray/"):
            return "tests/ray"
        return nodeid if file in ("tests/test_docs.py", "tests/reproduction/test_recipes.py") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need the demo as slow; put the longest ones first."""
    for item in items:
        if "demo_run" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: next((n for n, start in enumerate(LONGEST) if item.nodeid.startswith(start)), 99))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A masked-LM checkpoint with safetensors weights."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real collections, which some machines have next to the repository."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real collections are not on this machine")
    return folder


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that `disco demo` leaves behind, and what it printed; all workers read the same."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demonstration"
    printed = folder / "printed.txt"
    with FileLock(f"{folder}.lock"):
        if not printed.exists():
            folder.mkdir()
            command = [sys.executable, "-m", "disco_pyserini", "demo"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            printed.write_text(done.stdout)
    return folder / "demo", printed.read_text()


@pytest.fixture(scope="session")
def demo(demo_run: tuple[Path, str]) -> Path:
    return demo_run[0]


@pytest.fixture(scope="session")
def demo_output(demo_run: tuple[Path, str]) -> str:
    return demo_run[1]
