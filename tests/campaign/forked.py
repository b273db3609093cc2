"""Start ``disco`` commands quickly and kill them: a process that has imported the libraries forks for each command.

Run as a script, this is that process. It never starts Java, torch's threads, or anything else that a fork would break.
A child ends as any Python program does, with the interpreter's own shutdown.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree")
# What the commands import, so that a kill falls into their work and not into the imports.
_IMPORTS = (
    "torch", "transformers", "pyarrow.parquet", "h5py", "scipy.sparse", "requests", "disco_pyserini.cli.main",
    "disco_pyserini.encoding", "disco_pyserini.vectors.pipeline", "disco_pyserini.search.searcher",
    "disco_pyserini.lucene.lucene_searcher", "disco_pyserini.search.corpus_index",
)  # fmt: skip


@dataclass(frozen=True)
class Started:
    """A running command, forked or not."""

    pid: int
    log: Path
    cold: subprocess.Popen[bytes] | None = None

    def signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.cold is not None:
            self.cold.send_signal(number)
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    @property
    def text(self) -> str:
        """What it printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


class Forks:
    """Runs commands in forks of one process.

    Args:
        environment: variables for all commands.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'tests'}", **environment}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self._environment
        )
        self._ask({})  # waits for the imports

    def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        *,
        event: int | None = None,
        number: int = signal.SIGKILL,
        count: Path | None = None,
    ) -> Started:
        """Start ``disco ARGUMENTS`` in a folder.

        Args:
            arguments: the words after ``disco``; or ``-c`` and a Python program.
            folder: the working folder.
            log: a file for everything it prints.
            environment: more variables.
            event: the process sends itself a signal when it is about to touch a file of its folder for the N-th time.
            number: that signal.
            count: a file for the number of these events, written when the process ends.
        """
        order = {
            "arguments": list(arguments), "folder": str(folder), "log": str(log), "environment": dict(environment),
            "event": event, "signal": int(number), "count": count and str(count),
        }  # fmt: skip
        return Started(self._ask(order), log)

    def start_cold(self, arguments: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str]) -> Started:
        """Start a command as a user does, in a new interpreter."""
        words = list(arguments) if arguments[0] == "-c" else ["-m", "disco_pyserini", *arguments]
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                env={**self._environment, **environment},
            )  # fmt: skip
        return Started(process.pid, log, process)

    def wait(self, started: Started, seconds: float) -> int | None:
        """Return the exit code of a command (negative: the signal that ended it), None if it still runs."""
        if started.cold is not None:
            try:
                return started.cold.wait(seconds)
            except subprocess.TimeoutExpired:
                return None
        answer: int | None = self._ask({"pid": started.pid, "seconds": seconds})
        return answer

    def close(self) -> None:
        """End the process that forks."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _ask(self, order: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _serve() -> dict[str, Any]:
    """Answer orders; in a child, return the order that it has to carry out."""
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what an import prints must not get among the answers
    for module in _IMPORTS:
        __import__(module)
    # pyarrow has started a thread that only gives memory back.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    while line := orders.readline():
        order = json.loads(line)
        answer: int | None = 0
        if "pid" in order:
            answer = _wait(order["pid"], order["seconds"])
        elif order:
            answer = os.fork()
            _codes.pop(answer, None)  # of an earlier process with this number
            if not answer:
                orders.close()
                answers.close()
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                return order
        print(json.dumps(answer), file=answers, flush=True)
    sys.exit()


_codes: dict[int, int] = {}


def _wait(pid: int, seconds: float) -> int | None:
    end = time.monotonic() + seconds
    while True:
        if pid in _codes:
            return _codes[pid]
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            _codes[pid] = os.waitstatus_to_exitcode(status)
        elif time.monotonic() > end:
            return None
        time.sleep(0.005)


def _run(order: Mapping[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let background jobs ignore it
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    _watch(order)
    arguments = order["arguments"]
    sys.argv = ["disco", *arguments]
    if arguments[0] == "-c":
        sys.argv = arguments[:1] + arguments[2:]
        from disco_pyserini.errors import DiscoError

        try:
            exec(compile(arguments[1], "<campaign>", "exec"), {"__name__": "__main__"})
        except DiscoError as problem:
            sys.exit(f"error: {problem}")
        return
    from disco_pyserini.__main__ import main

    main()


def _watch(order: Mapping[str, Any]) -> None:
    """Count the times that a file of the folder is touched, and send the signal at the chosen one."""
    seen, folder, me = 0, str(Path.cwd()), os.getpid()

    def touched(name: str, values: tuple[Any, ...]) -> None:
        nonlocal seen
        if name not in _EVENTS or os.getpid() != me:
            return
        path = values[0]
        if not isinstance(path, str | bytes) or not os.path.abspath(os.fsdecode(path)).startswith(folder):  # noqa: PTH100
            return
        seen += 1
        if seen == order["event"]:
            os.kill(me, order["signal"])

    sys.addaudithook(touched)
    if order["count"]:
        import atexit

        atexit.register(lambda: Path(order["count"]).write_text(str(seen)))


if __name__ == "__main__":
    _run(_serve())
