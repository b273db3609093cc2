"""End all processes that a test run started, even if the run is interrupted."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from types import FrameType

import psutil
import pytest

_PR_SET_CHILD_SUBREAPER = 36


def pytest_configure() -> None:
    if sys.platform == "linux":
        # Orphaned processes become children of this one, so that they are found at the end.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, _interrupt)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    children = psutil.Process(os.getpid()).children(recursive=True)
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(children, timeout=5)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
