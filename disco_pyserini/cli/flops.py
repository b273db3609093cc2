"""``disco flops``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import DepthTurns, Topics, progress_bar, show_table


def flops(
    topics: Topics,
    vectors: Annotated[
        Path | None, typer.Option(help="Document vectors: a folder from disco encode, or Anserini's JSONL.")
    ] = None,
    index: Annotated[Path | None, typer.Option(help="Instead of vectors: a BM25 index.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="Query encoder: card, path or hub id; by default the one that belongs to the vectors."),
    ] = None,
    turns: DepthTurns = None,
    plot: Annotated[Path | None, typer.Option(help="Plot by turn depth to write (.png).")] = None,
    output: Annotated[Path | None, typer.Option(help="The numbers of the table to write (.json).")] = None,
) -> None:
    """Report the expected FLOPS of a search, and the active dimensions of queries, by turn depth."""
    import json
    from dataclasses import asdict

    from disco_pyserini.datasets.named import open_topics, turn_depths
    from disco_pyserini.errors import InputError
    from disco_pyserini.evaluation import Estimate
    from disco_pyserini.evaluation.expected_flops import (
        Activations,
        Terms,
        document_activations,
        encode_queries,
        search_costs,
    )
    from disco_pyserini.evaluation.plots import check_plot_path, plot_by_depth
    from disco_pyserini.files import write_aside

    if (vectors is None) == (index is None):
        raise InputError("expected either --vectors, of documents, or --index, for BM25")
    if plot:
        check_plot_path(plot)
    texts = open_topics(topics)
    depths = turn_depths(texts, turns)
    active: Terms
    if index is not None:
        from disco_pyserini.lucene.text_costs import bm25_terms

        active, counts, passages = bm25_terms(index, texts)
        documents = Activations(counts, passages)
    if vectors is not None:
        from disco_pyserini.vectors import open_vectors

        source = open_vectors(vectors)
        name = encoder or (source.space and source.space.encoder)
        if not name:
            raise InputError(f"{vectors}: does not say which query encoder belongs to it: name one with --encoder")
        from disco_pyserini.encoding import query_encoder  # takes seconds, so errors above are reported first

        model = query_encoder(name)
        with progress_bar("reading", source.total) as progress:
            documents = document_activations(source, model, progress)
        with progress_bar("encoding", len(texts), "queries") as progress:
            active = encode_queries(model, texts, progress)
    everything, by_depth = search_costs(active, documents, depths)
    show_table(
        ["turn", "queries", "FLOPS", "dimensions"],
        [
            [turn, str(cost.queries), f"{cost.flops:.3f}", f"{cost.dimensions:.1f}"]
            for turn, cost in [("all", everything), *((str(depth), cost) for depth, cost in by_depth.items())]
        ],
    )
    if vectors is not None:
        print(f"{documents.vectors:,} documents with {documents.mean_dimensions:.1f} active dimensions each")
    if output:
        with write_aside(output) as lines:
            groups = {str(depth): asdict(cost) for depth, cost in by_depth.items()}
            json.dump({**asdict(everything), "by_depth": groups}, lines)
    if plot:
        panels = {
            "expected FLOPS": {"FLOPS": {turn: Estimate(cost.flops, cost.queries) for turn, cost in by_depth.items()}},
            "active dimensions": {
                "dimensions": {turn: Estimate(cost.dimensions, cost.queries) for turn, cost in by_depth.items()}
            },
        }
        plot_by_depth(f"{Path(topics).name}, {everything.queries} queries", panels, plot)
