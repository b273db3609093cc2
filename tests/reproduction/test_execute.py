"""One command of a recipe: killed, run twice at once, without permission, with odd characters."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.reproduction.execute import execute, is_finished
from disco_pyserini.reproduction.plan import Job

WRITE = "import sys, time; open(sys.argv[1], 'w').write(sys.argv[2]); time.sleep(float(sys.argv[3]))"


def job(folder: Path, text: str = "whole", seconds: float = 0, name: str = "run.txt") -> Job:
    output = folder / name
    return Job(output, ("python", "-S", "-c", WRITE, str(output), text, str(seconds)))


@pytest.mark.parametrize("name", ["a b", "-x", "a\nb", "é東", "a'b\"c", "$(touch pwned)", "a;b&c|d>e", "x" * 120])
def test_odd_names_and_texts_reach_the_command_as_they_are(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    one = job(folder, text=name, name=f"{name}.txt")
    execute(one, folder / "logs")
    assert one.output.read_text() == name and is_finished(one)
    assert {path.name for path in folder.iterdir()} == {".part", "logs", one.output.name, f"{one.output.name}.command"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, the command goes on, and is waited for")
def test_a_command_whose_parent_was_killed_ends(tmp_path: Path) -> None:
    """Two commands never write the same output at once."""
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from test_execute import execute, job; "
        "execute(job(Path(sys.argv[2]), 'first', 100), Path(sys.argv[2]) / 'logs')"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)])
    part = tmp_path / ".part" / "run.txt"
    while not part.exists():
        assert parent.poll() is None
        time.sleep(0.01)
    second = job(tmp_path, "second")
    with pytest.raises(InputError, match="another disco reproduce, or a command that one has left behind"):
        execute(second, tmp_path / "logs")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 60
    while True:
        try:
            execute(second, tmp_path / "logs")
            break
        except InputError:
            assert time.monotonic() < end
            time.sleep(0.05)
    assert second.output.read_text() == "second" and is_finished(second)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    os.seteuid(65534)
    try:
        with pytest.raises(DiscoError, match=r"cannot make .*Permission denied"):
            execute(job(closed / "output"), closed / "logs")
    finally:
        os.seteuid(0)
    assert list(closed.iterdir()) == []
