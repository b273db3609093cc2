"""The ``disco`` command, also as ``python -m disco_pyserini``."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line; Ctrl-C ends it with exit code 130, SIGTERM with 143, also while loading."""
    end_at_sigterm()
    try:
        from disco_pyserini.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


def end_at_sigterm() -> None:
    """Let SIGTERM end the process as any error does, so that unfinished files are removed and child processes ended."""

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would interrupt the cleanup
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)


if __name__ == "__main__":
    main()
