"""Showing what the library logs, in a command; a program that imports the library sets logging up as it likes."""

from __future__ import annotations

import logging
import sys


def show_log() -> None:
    """Print what the library logs, from level INFO, to stderr."""
    logger = logging.getLogger("disco_pyserini")
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
        logger.addHandler(_Stderr())


class _Stderr(logging.Handler):
    """Prints to the stderr of the moment: a progress bar replaces it while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        print(f"{level}{self.format(record)}", file=sys.stderr)
