"""``disco search``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import (
    AllowPartial,
    Backend,
    BatchSize,
    Device,
    Engine,
    Index,
    MaxLength,
    QueryEncoder,
    Threads,
    Topics,
    progress_bar,
)


def search(
    index: Index,
    topics: Topics,
    output: Annotated[Path, typer.Option(help="Run file to write.")],
    encoder: QueryEncoder = "disco",
    hits: Annotated[int, typer.Option(min=1, help="Documents to return for each query.")] = 1000,
    batch_size: BatchSize = 64,
    threads: Threads = 1,
    engine: Engine = "lucene",
    backend: Backend = None,
    query_terms: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Retrieve candidates with the query's N highest-weighted terms, then rescore them with the full "
            "query: not exact.",
        ),
    ] = None,
    allow_partial: AllowPartial = False,
    max_length: MaxLength = None,
    device: Device = None,
    impact: Annotated[
        bool, typer.Option("--impact", show_default=False, help="Always on; Pyserini's command needs it.")
    ] = True,
) -> None:
    """Search an impact index for every topic, and write the run that python -m pyserini.search.lucene writes.

    It starts much faster. For Pyserini's other options and topics, run its command: it takes the same encoders.
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
        DiscoSearcher(index, model, engine, allow_partial=allow_partial) as searcher,
        progress_bar("searching", len(queries), "queries") as progress,
    ):
        missing = search_topics(searcher, queries, output, hits, batch_size, threads, query_terms, progress)
    for shard, number in missing.items():
        print(f"the shard {shard} did not answer {number:,} queries: the run lacks its documents", file=sys.stderr)
    print(f"{len(queries):,} queries in {output}")
