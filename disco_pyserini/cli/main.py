"""The ``disco`` command. Sub-commands import what they need when they run, so that ``disco --help`` is quick."""

from __future__ import annotations

import sys

import typer

from disco_pyserini.cli import (
    compare,
    data,
    demo,
    doctor,
    encode,
    encoders,
    evaluate,
    flops,
    index,
    reproduce,
    rewrite,
    search,
    teach,
    train,
    vectors,
)
from disco_pyserini.errors import DiscoError
from disco_pyserini.logs import show_log
from disco_pyserini.plugin import finder

app = typer.Typer(
    name="disco",
    help="Conversational search with DiSCo encoders, inside Pyserini.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(encode.encode)
app.command()(index.index)
app.command()(search.search)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(train.train)
app.command()(evaluate.evaluate)
app.command()(compare.compare)
app.command()(flops.flops)
app.command()(reproduce.reproduce)
app.command()(rewrite.rewrite)
app.command()(teach.teach)
app.command()(teach.fuse)
app.command()(encoders.encoders)
app.command()(doctor.doctor)
app.add_typer(data.app, name="data")
app.add_typer(vectors.app, name="vectors")


def main() -> None:
    """Run the command line; a `DiscoError` becomes one line on stderr and an exit code of 1 or 2."""
    show_log()
    finder.install()  # so that `irds:disco/…` names our collections
    try:
        app()
    except DiscoError as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
