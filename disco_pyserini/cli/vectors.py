"""``disco vectors``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Encoded vectors.", no_args_is_help=True)


@app.callback()
def _vectors() -> None:
    """With this, typer keeps the name of the sub-command though there is only one."""


@app.command()
def export(
    vectors: Annotated[Path, typer.Option(help="Folder that `disco encode` wrote.")],
    output: Annotated[Path, typer.Option(help="File to write: .jsonl or .jsonl.gz.")],
) -> None:
    """Write vectors in the JSONL format that Anserini indexes."""
    from disco_pyserini.cli.encode import progress_bar
    from disco_pyserini.vectors import open_vectors
    from disco_pyserini.vectors.jsonl import write_jsonl

    source = open_vectors(vectors)
    with progress_bar("writing", source.total) as progress:
        written = write_jsonl(source, output, progress)
    print(f"{written:,} vectors in {output}")
