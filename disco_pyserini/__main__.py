"""The ``disco`` command, also as ``python -m disco_pyserini``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it with exit code 130, also while it is still being loaded."""
    try:
        from disco_pyserini.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
