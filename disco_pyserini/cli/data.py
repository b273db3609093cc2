"""``disco data``."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import report_ids, show_table

app = typer.Typer(help="Collections: what there is, topics and qrels, the demo world.", no_args_is_help=True)


@app.command("demo-world")
def demo_world(
    output: Annotated[Path, typer.Option(help="Folder for corpus.jsonl, turns.SPLIT.jsonl and qrels.SPLIT.txt.")],
    passages: Annotated[int, typer.Option(help="Size of the corpus.")] = 2000,
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 2025,
    conversations: Annotated[int, typer.Option(help="Conversations about each 56 passages.")] = 6,
) -> None:
    """Generate the demo world, an invented conversational collection."""
    from disco_pyserini.demo_world import DemoWorld

    DemoWorld(seed, passages, conversations).write(output)
    print(f"{passages} passages in {output}")


Name = Annotated[str, typer.Argument(metavar="NAME", help="A collection, or a folder or turns.jsonl in our layout.")]
Split = Annotated[str | None, typer.Option(help="Needed where a collection has several; disco data list names them.")]
From = Annotated[
    Path | None, typer.Option("--from", help="Folder of the collection's files; else where disco data get puts them.")
]


class Ids(StrEnum):
    """How queries are numbered."""

    benchmark = "benchmark"
    rows = "rows"


IdsOption = Annotated[Ids, typer.Option(help="The benchmark's ids, or rows: 0, 1, 2, … as DiSCo numbers TopiOCQA.")]


@app.command("list")
def list_collections() -> None:
    """List the published collections: splits, turns at the publisher's, turns that are here, and the licence."""
    from disco_pyserini.datasets.registry import COLLECTIONS, open_collection
    from disco_pyserini.errors import DiscoError

    rows = []
    for name in COLLECTIONS:
        try:
            collection = open_collection(name)
        except DiscoError as problem:  # a package that cannot be loaded
            print(f"note: {problem}", file=sys.stderr)
            continue
        benchmark = collection.benchmark
        for split, published in benchmark.splits.items():
            try:
                here = f"{sum(1 for _ in collection.queries(split)):,}" if collection.is_local else "-"
            except DiscoError as problem:
                here = "-"
                print(f"note: {problem}", file=sys.stderr)
            rows.append([name, split, "?" if published is None else f"{published:,}", here, benchmark.terms.licence])
    show_table(["collection", "split", "turns", "here", "licence"], rows)


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
    name: Name,
    output: Annotated[Path, typer.Option(help="Topics file to write (.tsv), as Pyserini reads it.")],
    split: Split = None,
    query: Annotated[
        str,
        typer.Option(
            help="conversation, user-turns, last:N, utterance, a rewrite's name (human, …), llm:FILE, or "
            "llm:hf:OWNER/NAME (or OWNER/NAME/FILE) for rewrites from the hub."
        ),
    ] = "conversation",
    source: From = None,
    ids: IdsOption = Ids.benchmark,
) -> None:
    """Write the turns of a collection as a topics file."""
    from disco_pyserini.datasets.registry import number_rows, open_collection
    from disco_pyserini.datasets.rewrites import with_form
    from disco_pyserini.datasets.turns import topic_texts
    from disco_pyserini.trec import write_topics

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
) -> None:
    """Write the judgments of a collection as TREC qrels."""
    from disco_pyserini.datasets.registry import open_collection
    from disco_pyserini.trec import write_qrels

    collection = open_collection(name, source)
    judged = collection.qrels(collection.split(split))
    if ids is Ids.rows:
        turns = collection.queries(collection.split(split))
        judged = {str(row): judged[turn.qid] for row, turn in enumerate(turns) if turn.qid in judged}
    write_qrels(judged, output)
    print(f"{sum(map(len, judged.values())):,} judgments of {len(judged):,} turns in {output}")
