"""How everything is measured: contenders in turns, child processes with the memory that they took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

THREADS = 2
ROUNDS = 7


def fix_threads() -> None:
    """Give this process and its children `THREADS` cores and threads. Call before numpy or torch is imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = str(THREADS)
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    os.environ["HF_HUB_OFFLINE"] = "1"
    if hasattr(os, "sched_setaffinity"):
        # The JVM, too, sees as many cores as it may use.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])


def interleave[T](contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Call every contender once per round, each round beginning with another one; return what they returned.

    A round before the first is thrown away: caches are then as warm for the first contender as for the last.
    """
    names = list(contenders)
    found: dict[str, list[T]] = {name: [] for name in names}
    for number in range(-1, rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            value = contenders[name]()
            if number >= 0:
                found[name].append(value)
    return found


def seconds(function: Callable[[], object]) -> Callable[[], float]:
    """Make a contender of a function: what it returns is how long the function took."""

    def measured() -> float:
        began = perf_counter()
        function()
        return perf_counter() - began

    return measured


def seconds_of_others[T](function: Callable[[T], object], inputs: Callable[[int], T]) -> Callable[[], float]:
    """As `seconds`, with other inputs in each round, made of its number before the time counts: the same ones for every
    contender."""
    rounds = count()
    return lambda: seconds(partial(function, inputs(next(rounds))))()


class Process(NamedTuple):
    """What a command took: seconds from start to end, the most memory resident at once in MB, and what it printed."""

    seconds: float
    megabytes: float
    output: str


# The most memory that a process ever had counts as its children's too until they start another program, so a small
# program in between starts the command and reports what it took.
_LAUNCHER = """
import json, os, sys, time
began = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
found = [time.perf_counter() - began, usage.ru_maxrss / 1e3 * 1.024, os.waitstatus_to_exitcode(status)]
open(sys.argv[1], "w").write(json.dumps(found))
"""


def run_python(arguments: Sequence[str | Path], **environment: str) -> Process:
    """Run this Python in a process of its own, and measure it.

    Raises:
        SystemExit: the process failed; with what it printed.
    """
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        command = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(report), sys.executable, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
        duration, megabytes, code = json.loads(report.read_text(encoding="utf-8"))
    if code != 0:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with {code}:\n{done.stdout}{done.stderr}")
    return Process(duration, megabytes, done.stdout)
