"""End all processes that a test run started, even if the run is interrupted; say then what it was doing."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
from contextlib import suppress
from types import FrameType

import psutil
import pytest

_PR_SET_CHILD_SUBREAPER = 36


def pytest_configure(config: pytest.Config) -> None:
    if sys.platform == "linux":
        # Orphaned processes become children of this one, so that they are found at the end.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(config, "workerinput"):
        # Where a run hung is known only while it hangs. This prints also while native code has the GIL.
        faulthandler.register(signal.SIGTERM, os.dup(2), chain=True)


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
    for child in psutil.Process(os.getpid()).children():
        with suppress(psutil.NoSuchProcess):
            child.terminate()  # a worker says what it was doing
    raise KeyboardInterrupt
