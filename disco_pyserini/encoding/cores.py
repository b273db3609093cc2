"""How many threads encode."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

VARIABLE = "OMP_NUM_THREADS"
"""Environment variable: how many threads share a forward pass. Without it, `threads_for_one_text` decides."""

_WORTH_SHARING = 2e10
"""A forward pass of fewer operations takes about 0.2 s or less on one core. More threads would save a part of that when
the machine is idle, and cost several times as much when it is not: all of them wait for the slowest at every layer."""


def threads_for_one_text(tokens: int, parameters: int) -> int:
    """Return how many threads should share the forward pass of a text.

    Args:
        tokens: the length of the text.
        parameters: how many parameters the model has.
    """
    return threads_given() or (cores() if 2.0 * tokens * parameters >= _WORTH_SHARING else 1)


def threads_given() -> int | None:
    """Return the value of `VARIABLE`; None if it is not set to a number."""
    value = os.environ.get(VARIABLE, "")
    return int(value) if value.isdecimal() and int(value) else None


@cache
def cores(control_groups: Path = Path("/sys/fs/cgroup"), process: Path = Path("/proc/self/cgroup")) -> int:
    """Return how many cores this process may use: at most those it may run on, and what its container may take.

    A container's limit of 1.5 cores counts as 1. `os.cpu_count` and the defaults of torch and ONNX Runtime ignore such
    limits, and threads that exceed them are stopped for most of the time.

    Args:
        control_groups: where Linux shows control groups, of version 1 or 2.
        process: the file that names this process's groups.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        lines = process.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return available
    limits = [available]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            limits += _limits(control_groups, path, "cpu.max", None)
        elif "cpu" in controllers.split(","):
            for name in (controllers, "cpu"):
                limits += _limits(control_groups / name, path, "cpu.cfs_quota_us", "cpu.cfs_period_us")
    return max(1, min(limits))


def _limits(root: Path, path: str, quota_file: str, period_file: str | None) -> list[int]:
    """Return the limits of a group and those around it. In a container, ``path`` may be that of the host."""
    found = []
    group = root / path.strip("/")
    for folder in (group, *group.parents):
        try:
            quota = (folder / quota_file).read_text(encoding="utf-8")
            numbers = quota.split() if period_file is None else [quota, (folder / period_file).read_text("utf-8")]
            if float(numbers[0]) > 0:
                found.append(int(float(numbers[0]) / float(numbers[1])))
        except (OSError, ValueError, IndexError, ZeroDivisionError):  # no such group, or "max"
            pass
        if folder == root:
            break
    return found
