"""An interrupted test run leaves no process behind, and says where it was."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

TEST = """
import subprocess, time
from pathlib import Path

def test_that_waits():
    # The shell ends at once; what it started in the background has no parent then.
    orphan = subprocess.run(["sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
    child = subprocess.Popen(["sleep", "600"])
    Path("pids").write_text(f"{orphan.stdout.strip()} {child.pid}")
    time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGTERM, 1)])
def test_children_end_with_the_run(number: signal.Signals, workers: int, tmp_path: Path) -> None:
    (tmp_path / "test_waits.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-p", "child_processes", "--rootdir", str(tmp_path), "test_waits.py"]
    command += ["-n", str(workers)]
    paths = {"PYTHONPATH": str(Path(__file__).parent)}
    with (tmp_path / "stderr").open("wb") as stderr:
        run = subprocess.Popen(command, cwd=tmp_path, env=paths, stdout=subprocess.DEVNULL, stderr=stderr)
    pids = tmp_path / "pids"
    deadline = time.monotonic() + 60
    while not (pids.exists() and len(pids.read_text().split()) == 2):
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    started = [psutil.Process(int(pid)) for pid in pids.read_text().split()]
    run.send_signal(number)
    assert run.wait(60) == pytest.ExitCode.INTERRUPTED
    assert ("in test_that_waits" in (tmp_path / "stderr").read_text()) == (workers > 0)
    assert [process for process in started if process.is_running() and process.status() != "zombie"] == []
