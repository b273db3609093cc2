"""What `disco doctor` says about a plugin that is broken or missing. (It works: tests/cli/test_commands.py.)"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_indexes import Run

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
PROBE = ["-m", "disco_pyserini.plugin.probe"]


def states(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    assert done.returncode == 0, done.stderr
    return {found["feature"]: (found["state"], found["problem"]) for found in json.loads(done.stdout)}


def test_each_hook_is_checked_by_itself(run_python: Run) -> None:
    """A hook that is not called, one that fails, and one that is called without effect."""
    code = (
        "import sys, runpy; from disco_pyserini.plugin import finder, pyserini_hooks; "
        "del finder._HOOKS['pyserini.query_iterator']; "
        "pyserini_hooks.after_impact_searcher = lambda module: None; "
        "sys.modules['disco_pyserini.plugin.irds_hooks'] = sys.modules['faiss'] = None; "
        "runpy.run_module('disco_pyserini.plugin.probe', run_name='__main__')"
    )
    found = states(run_python("-W", "ignore", "-c", code))
    assert found["Pyserini's Java"] == ("active", "")
    assert found["--topics COLLECTION/SPLIT/QUERY"][0] == "missing"
    assert found["Pyserini's servers"] == ("unused", "import of faiss halted; None in sys.modules")
    state, problem = found["disco/… in ir_datasets"]
    assert state == "failed" and "disco_pyserini.plugin.irds_hooks" in problem
    # Pyserini does not know the name, and leaves the encoder out.
    state, problem = found["--encoder disco"]
    assert state == "failed" and "NoneType" in problem


def test_without_a_pth_file_everything_is_missing(environment: dict[str, str], tmp_path: Path) -> None:
    off = "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'DiscoPyseriniWaits' not in repr(f)]"
    (tmp_path / "sitecustomize.py").write_text(f"{off}; sys.path.append({str(REPOSITORY)!r})")
    done = subprocess.run(
        [sys.executable, *PROBE], env={**environment, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    found = states(done)
    assert len(found) == 5
    assert {state for state, _ in found.values()} == {"missing"}
