"""``disco search``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import progress_bar


def search(
    index: Annotated[Path, typer.Option(help="Folder of an impact index.")],
    topics: Annotated[str, typer.Option(help="File with lines of qid<TAB>text, or COLLECTION/SPLIT/QUERY.")],
    output: Annotated[Path, typer.Option(help="Run file to write.")],
    encoder: Annotated[str, typer.Option(help="disco, a card's name, or disco:PATH-or-hub-id.")] = "disco",
    hits: Annotated[int, typer.Option(min=1, help="Documents for each query.")] = 1000,
    batch_size: Annotated[int, typer.Option(min=1, help="Queries that are encoded and searched at once.")] = 64,
    threads: Annotated[int, typer.Option(min=1, help="Threads that search.")] = 1,
    engine: Annotated[str, typer.Option(help="What searches: lucene, or an engine of another package.")] = "lucene",
    backend: Annotated[str | None, typer.Option(help="torch, torch-bf16, onnx or onnx-int8.")] = None,
    query_terms: Annotated[
        int | None, typer.Option(min=1, help="Find candidates with so many of a query's heaviest terms: faster.")
    ] = None,
    max_length: Annotated[int | None, typer.Option(min=3, help="Tokens after which a query is cut.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, …; by default a GPU if there is one.")] = None,
    impact: Annotated[bool, typer.Option("--impact", help="As in Pyserini's command; always so here.")] = True,
) -> None:
    """Search an impact index for every topic, and write the run that python -m pyserini.search.lucene writes.

    It starts in a fraction of that command's time. For its other options and for topics that Pyserini knows by name,
    use that one: it knows the same encoders.
    """
    from disco_pyserini.datasets.named import in_pyserini_order, open_topics
    from disco_pyserini.search.encoder_names import query_encoder_for
    from disco_pyserini.search.engine import ENGINES
    from disco_pyserini.search.run_topics import search_topics
    from disco_pyserini.search.searcher import DiscoSearcher

    ENGINES.check(engine)
    queries = in_pyserini_order(open_topics(topics))
    model = query_encoder_for(index, encoder, device, max_length, backend)
    with (
        DiscoSearcher(index, model, engine) as searcher,
        progress_bar("searching", len(queries), "queries") as progress,
    ):
        search_topics(searcher, queries, output, hits, batch_size, threads, query_terms, progress)
    print(f"{len(queries):,} queries in {output}")
