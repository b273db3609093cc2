"""``disco data``."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import Overwrite, refuse_existing, report_ids, show_table

if TYPE_CHECKING:
    from disco_pyserini.datasets.registry import OpenCollection

app = typer.Typer(help="List and fetch collections; write their topics and qrels.", no_args_is_help=True)


@app.command("demo-world")
def demo_world(
    output: Annotated[Path, typer.Option(help="Folder for corpus.jsonl, turns.SPLIT.jsonl and qrels.SPLIT.txt.")],
    passages: Annotated[int, typer.Option(help="Size of the corpus.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of the world.")] = 2025,
    conversations: Annotated[int, typer.Option(help="Conversations about each cluster of 56 passages.")] = 6,
) -> None:
    """Generate the demo world, an invented conversational collection."""
    from disco_pyserini.demo_world import DemoWorld

    DemoWorld(seed, passages, conversations).write(output)
    print(f"{passages} passages in {output}")


Name = Annotated[str, typer.Argument(metavar="NAME", help="A collection, or a folder or turns.jsonl in our layout.")]
Split = Annotated[str | None, typer.Option(help="Split; not needed if the collection has only one.")]
From = Annotated[
    Path | None, typer.Option("--from", help="Folder of the collection's files, if not the one of disco data get.")
]


class Ids(StrEnum):
    """How queries are numbered."""

    benchmark = "benchmark"
    rows = "rows"


IdsOption = Annotated[
    Ids, typer.Option(help="Query ids: the benchmark's, or row numbers as in DiSCo's TopiOCQA files.")
]


@app.command("list")
def list_collections() -> None:
    """List the collections: splits, number of published turns, number of local turns, and licence."""
    from disco_pyserini.datasets.registry import COLLECTIONS, open_collection
    from disco_pyserini.errors import DiscoError

    rows = []
    for name in COLLECTIONS:
        try:
            collection = open_collection(name)
        except DiscoError as problem:  # a collection of another package that cannot be loaded
            print(f"note: {problem}", file=sys.stderr)
            continue
        benchmark = collection.benchmark
        for split, published in benchmark.splits.items():
            total = "?" if published is None else f"{published:,}"
            rows.append([name, split, total, _local_turns(collection, split), benchmark.terms.licence])
    show_table(["collection", "split", "turns", "here", "licence"], rows)


def _local_turns(collection: OpenCollection, split: str) -> str:
    from disco_pyserini.errors import DiscoError

    if not collection.is_local:
        return "not fetched"
    try:
        return f"{sum(1 for _ in collection.queries(split)):,}"
    except DiscoError:  # a file is missing or damaged; commands that read it report which
        return "incomplete"


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="Collection.")],
    only: Annotated[
        list[str] | None, typer.Option(help="File to fetch, by name or pattern ('*.tsv'); may be repeated.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", exists=True, help="Copy from this folder or file instead of downloading.")
    ] = None,
) -> None:
    """Fetch the files of a collection. The same command continues a stopped download, and keeps complete files."""
    from disco_pyserini.cli.fetching import fetch_and_tell
    from disco_pyserini.datasets.registry import benchmark
    from disco_pyserini.datasets.resources import data_folder

    record = benchmark(name)
    fetch_and_tell(record.terms, record.resources, data_folder(name), only or [], source)


@app.command()
def topics(
    name: Name,
    output: Annotated[Path, typer.Option(help="Topics file to write (.tsv), for Pyserini.")],
    split: Split = None,
    query: Annotated[
        str,
        typer.Option(
            help="conversation, user-turns, last:N, utterance, the name of a rewrite (human, …), llm:FILE, or "
            "llm:hf:OWNER/NAME (or OWNER/NAME/FILE) for rewrites from the hub."
        ),
    ] = "conversation",
    source: From = None,
    ids: IdsOption = Ids.benchmark,
    overwrite: Overwrite = False,
) -> None:
    """Write the turns of a collection as a topics file."""
    from disco_pyserini.datasets.registry import number_rows, open_collection
    from disco_pyserini.datasets.rewrites import with_form
    from disco_pyserini.datasets.turns import topic_texts
    from disco_pyserini.trec import write_topics

    refuse_existing(output, overwrite)
    collection = open_collection(name, source)
    turns = collection.queries(collection.split(split))
    given, surplus = with_form(number_rows(turns) if ids is Ids.rows else turns, query)
    texts, missing = topic_texts(given, query)
    write_topics(texts, output)
    print(f"{len(texts):,} topics in {output}")
    report_ids(f"left out, without a {query} rewrite", missing)
    report_ids(f"{query}: rewrites of no turn in {name}", surplus)


@app.command()
def qrels(
    name: Name,
    output: Annotated[Path, typer.Option(help="TREC qrels to write.")],
    split: Split = None,
    source: From = None,
    ids: IdsOption = Ids.benchmark,
    overwrite: Overwrite = False,
) -> None:
    """Write the judgments of a collection as TREC qrels."""
    from disco_pyserini.datasets.registry import number_qrels, open_collection
    from disco_pyserini.trec import write_qrels

    refuse_existing(output, overwrite)
    collection = open_collection(name, source)
    judged = collection.qrels(collection.split(split))
    if ids is Ids.rows:
        judged = number_qrels(judged, collection.queries(collection.split(split)))
    write_qrels(judged, output)
    print(f"{sum(map(len, judged.values())):,} judgments of {len(judged):,} turns in {output}")
