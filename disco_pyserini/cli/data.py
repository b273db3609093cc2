"""``disco data``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Collections: the demo world, topics files.", no_args_is_help=True)


@app.command("demo-world")
def demo_world(
    output: Annotated[Path, typer.Option(help="Folder for corpus.jsonl, turns.SPLIT.jsonl and qrels.SPLIT.txt.")],
    passages: Annotated[int, typer.Option(help="Size of the corpus.")] = 2000,
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 2025,
) -> None:
    """Generate the demo world, an invented conversational collection."""
    from disco_pyserini.datasets.demo_world import DemoWorld

    DemoWorld(seed=seed, size=passages).write(output)
    print(f"{passages} passages in {output}")


@app.command()
def topics(
    turns: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="turns.jsonl of a collection.")],
    output: Annotated[Path, typer.Option(help="Topics file to write (.tsv), as Pyserini reads it.")],
    query: Annotated[
        str, typer.Option(help="conversation, user-turns, last:N, utterance, or the name of a rewrite (human, …).")
    ] = "conversation",
) -> None:
    """Write the turns of a collection as a topics file."""
    from disco_pyserini.datasets.collection import read_turns, write_topics

    written, missing = write_topics(read_turns(turns), query, output)
    print(f"{written} topics in {output}")
    if missing:
        print(f"left out, without a {query} rewrite: {', '.join(missing)}", file=sys.stderr)
