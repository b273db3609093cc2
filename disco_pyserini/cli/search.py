"""``disco search``."""

from __future__ import annotations

import typer


def search(arguments: typer.Context) -> None:
    """Run Pyserini's search command with our encoders; all options are those of python -m pyserini.search.lucene."""
    import runpy
    import sys

    from disco_pyserini.lucene import plugin
    from disco_pyserini.lucene.hooks import SEARCH_COMMAND

    plugin.install()
    sys.argv[1:] = arguments.args
    runpy.run_module(SEARCH_COMMAND, run_name="__main__", alter_sys=True)
