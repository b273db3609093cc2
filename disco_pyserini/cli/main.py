"""The ``disco`` command. Sub-commands import what they need when they run, so that ``disco --help`` is quick."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.main import get_command

from disco_pyserini import __version__
from disco_pyserini.cli import (
    ask,
    chat,
    compare,
    data,
    demo,
    doctor,
    encode,
    encoders,
    evaluate,
    flops,
    index,
    mcp,
    reproduce,
    rewrite,
    search,
    serve,
    teach,
    train,
    vectors,
)
from disco_pyserini.cli.shared import printable
from disco_pyserini.errors import DiscoError
from disco_pyserini.logs import show_log
from disco_pyserini.plugin import finder


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"disco-pyserini {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="disco",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def disco(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Conversational search with DiSCo encoders, inside Pyserini."""


app.command()(demo.demo)
app.command()(ask.ask)
app.command()(chat.chat)
app.command()(encode.encode)
app.command()(index.index)
app.command()(search.search)
app.command()(serve.serve)
app.command()(mcp.mcp)
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
    if os.environ.get("RANK", "0") == "0":  # only one of torchrun's processes prints
        show_log()
    finder.install()  # makes our collections available as `irds:disco/…`
    command = get_command(app)
    _show_flags_without_type(command)
    try:
        command(prog_name="disco")
    except DiscoError as problem:
        print(f"error: {printable(str(problem))}", file=sys.stderr)
        sys.exit(problem.exit_code)


def _show_flags_without_type(command: Any) -> None:
    """Let help texts show ``--flag``, not ``--flag <bool>``."""
    options = [*command.params, command.get_help_option(typer.Context(command))]
    for option in options:
        if getattr(option, "is_flag", False):
            option.metavar = ""
    for below in getattr(command, "commands", {}).values():
        _show_flags_without_type(below)
