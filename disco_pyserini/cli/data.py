"""``disco data``."""

from __future__ import annotations

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
def get(
    name: Annotated[str, typer.Argument(help="Collection.")],
    only: Annotated[
        list[str] | None, typer.Option(help="File to fetch, by name or pattern ('*.tsv'); repeat for more.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", exists=True, help="Take local copies (a folder, or the file) instead.")
    ] = None,
) -> None:
    """Fetch the files of a collection. The same command continues a stopped download; whole files are left alone."""
    from disco_pyserini.cli.fetching import fetch_and_tell
    from disco_pyserini.datasets.registry import benchmark
    from disco_pyserini.datasets.resources import data_folder

    record = benchmark(name)
    fetch_and_tell(record.terms, record.resources, data_folder(name), only or [], source)


@app.command()
def topics(
    turns: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="turns.jsonl of a collection.")],
    output: Annotated[Path, typer.Option(help="Topics file to write (.tsv), as Pyserini reads it.")],
    query: Annotated[
        str,
        typer.Option(
            help="conversation, user-turns, last:N, utterance, a rewrite's name, or llm:FILE (disco rewrite)."
        ),
    ] = "conversation",
) -> None:
    """Write the turns of a collection as a topics file."""
    from disco_pyserini.cli.teach import report_ids
    from disco_pyserini.datasets.collection import read_turns, write_topics

    queries = read_turns(turns)
    surplus: list[str] = []
    if query.startswith("llm:"):
        from disco_pyserini.rewriting import attach, read_rewrites

        given, surplus = attach(queries, read_rewrites(Path(query.removeprefix("llm:"))), query)
        queries = iter(given)
    written, missing = write_topics(queries, query, output)
    print(f"{written} topics in {output}")
    report_ids(f"left out, without a {query} rewrite", missing)
    report_ids(f"{query}: rewrites of no turn in {turns}", surplus)
