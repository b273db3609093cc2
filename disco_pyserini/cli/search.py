"""``disco search``."""

from __future__ import annotations

from typing import Annotated

import typer


def search(
    arguments: typer.Context,
    query_terms: Annotated[
        int | None, typer.Option(min=1, help="Find candidates with so many of a query's heaviest terms: faster.")
    ] = None,
) -> None:
    """Run Pyserini's search command with our encoders; other options are those of python -m pyserini.search.lucene."""
    import os
    import runpy
    import sys

    from disco_pyserini.lucene import plugin
    from disco_pyserini.lucene.hooks import QUERY_TERMS_VARIABLE, SEARCH_COMMAND

    if query_terms is not None:
        os.environ[QUERY_TERMS_VARIABLE] = str(query_terms)
    plugin.install()
    sys.argv[1:] = arguments.args
    runpy.run_module(SEARCH_COMMAND, run_name="__main__", alter_sys=True)
