"""A Python that starts at once: each program runs in a fork of a process that has imported the large libraries.

Most of a short command's time goes into importing torch and transformers. Here, one process for all tests did that.
It has imported nothing of this package or of Pyserini, and starts neither Java nor threads that compute: what the tests
are about happens in the forks, each of which is a process with an environment, a folder and an end of its own.

What only a new interpreter proves is tested with `sys.executable`: the `.pth` file, imports, `disco demo`, signals.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

_PROGRAM = """#!{python} -IS
import sys
sys.path.insert(0, {tests!r})
from warm_server import ask
ask({address!r}, {python!r}, {words!r} + sys.argv[1:])
"""


@pytest.fixture(scope="session")
def warm_python() -> Iterator[str]:
    """The path of a program to be used in the place of `sys.executable`; a program ``disco`` lies beside it."""
    with tempfile.TemporaryDirectory() as name:  # the address of a socket has to be short
        folder = Path(name)
        address = str(folder / "socket")
        for program, words in (("python", []), ("disco", ["-m", "disco_pyserini"])):
            text = _PROGRAM.format(python=sys.executable, tests=str(TESTS), address=address, words=words)
            (folder / program).write_text(text, encoding="utf-8")
            (folder / program).chmod(0o755)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        server = subprocess.Popen(
            [sys.executable, "-P", str(TESTS / "warm_server.py"), address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
        )  # fmt: skip
        assert server.stdin and server.stdout
        assert server.stdout.readline() == b"ready\n"
        yield str(folder / "python")
        server.stdin.close()
        server.wait()
