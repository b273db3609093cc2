"""``disco flops``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import progress_bar, show_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from disco_pyserini.encoding import DiscoQueryEncoder
    from disco_pyserini.evaluation.expected_flops import Activations
    from disco_pyserini.vectors import VectorSource

    type Terms = Mapping[str, NDArray[np.integer]]

_QUERIES_PER_BATCH = 64


def flops(
    topics: Annotated[str, typer.Option(help="Topics file (qid<TAB>text), or COLLECTION/SPLIT/QUERY.")],
    vectors: Annotated[
        Path | None, typer.Option(help="Folder of vectors that disco encode wrote, or Anserini JSONL.")
    ] = None,
    index: Annotated[Path | None, typer.Option(help="Instead of vectors: an index of passages, for BM25.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="Query encoder: card, path or hub id; by default the one that belongs to the vectors."),
    ] = None,
    turns: Annotated[
        str | None,
        typer.Option(help="COLLECTION/SPLIT, or turns.jsonl, for the depths; else ids end in the turn number."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="File for a plot by turn depth (.png).")] = None,
    output: Annotated[Path | None, typer.Option(help="File for the numbers of the table (.json).")] = None,
) -> None:
    """Report the expected FLOPS of a search, and the active dimensions of queries, by turn depth."""
    import json

    from disco_pyserini.datasets.named import open_topics, turn_depths
    from disco_pyserini.errors import InputError
    from disco_pyserini.evaluation.expected_flops import activations_by_depth, count_activations
    from disco_pyserini.evaluation.plots import check_plot_path, plot_by_depth
    from disco_pyserini.files import write_aside

    if (vectors is None) == (index is None):
        raise InputError("expected either --vectors, of documents, or --index, for BM25")
    if plot:
        check_plot_path(plot)
    texts = open_topics(topics)
    depths = turn_depths(texts, turns)
    if index is not None:
        active, documents = _bm25(index, texts)
    if vectors is not None:
        active, documents = _encoded(vectors, encoder, texts)
    size = len(documents.counts)
    everything = count_activations(((terms, 1) for terms in active.values()), size)
    by_depth = {
        str(depth): _numbers(group, documents) for depth, group in activations_by_depth(active, depths, size).items()
    }
    numbers = _numbers(everything, documents)
    show_table(
        ["turn", "queries", "FLOPS", "dimensions"],
        [
            [label, str(group["queries"]), f"{group['flops']:.3f}", f"{group['dimensions']:.1f}"]
            for label, group in {"all": numbers, **by_depth}.items()
        ],
    )
    if vectors is not None:
        print(f"{documents.vectors:,} documents with {documents.mean_dimensions:.1f} active dimensions each")
    if output:
        with write_aside(output) as lines:
            json.dump({**numbers, "by_depth": by_depth}, lines)
    if plot:
        panels = {
            "expected FLOPS": {"FLOPS": [group["flops"] for group in by_depth.values()]},
            "active dimensions": {"dimensions": [group["dimensions"] for group in by_depth.values()]},
        }
        plot_by_depth([int(depth) for depth in by_depth], panels, plot)


def _numbers(queries: Activations, documents: Activations) -> dict[str, float]:
    from disco_pyserini.evaluation.expected_flops import expected_flops

    return {
        "queries": queries.vectors,
        "flops": expected_flops(queries, documents),
        "dimensions": queries.mean_dimensions,
    }


def _bm25(index: Path, texts: Mapping[str, str]) -> tuple[Terms, Activations]:
    from disco_pyserini.evaluation.expected_flops import Activations
    from disco_pyserini.lucene.text_costs import bm25_terms

    terms, counts, passages = bm25_terms(index, texts)
    return terms, Activations(counts, passages)


def _encoded(vectors: Path, encoder: str | None, texts: Mapping[str, str]) -> tuple[Terms, Activations]:
    from disco_pyserini.errors import InputError
    from disco_pyserini.vectors import open_vectors

    source = open_vectors(vectors)
    if encoder is None and source.space is None:
        raise InputError(f"{vectors}: does not say which query encoder belongs to it: name one with --encoder")

    from disco_pyserini.encoding import query_encoder  # takes seconds: what is wrong above is said before

    model = query_encoder(encoder or (source.space.encoder if source.space else ""))
    documents = _documents(source, model, vectors)
    active = {}
    with progress_bar("encoding", len(texts), "queries") as progress:
        for batch in batched(texts.items(), _QUERIES_PER_BATCH):
            for (qid, _), vector in zip(batch, model.vectors([text for _, text in batch]), strict=True):
                active[qid] = vector.terms
            progress(len(batch))
    return active, documents


def _documents(source: VectorSource, model: DiscoQueryEncoder, path: Path) -> Activations:
    """The documents' activations in the dimensions of the query encoder."""
    import numpy as np

    from disco_pyserini.errors import InputError
    from disco_pyserini.evaluation.expected_flops import Activations
    from disco_pyserini.vectors import vocabulary_hash

    if source.space and source.space.vocabulary != vocabulary_hash(model.vocabulary):
        raise InputError(
            f"{path}: these vectors of {source.space.document_model} have another vocabulary than the query encoder "
            f"{model.model_name}: name an encoder that fits with --encoder"
        )
    dimensions = {token: number for number, token in enumerate(model.vocabulary)}
    counts = np.zeros(len(dimensions), dtype=np.int64)
    documents = 0
    with progress_bar("reading", source.total) as progress:
        for batch in source.batches():
            active, uses = np.unique(batch.terms[batch.offsets[0] : batch.offsets[-1]], return_counts=True)
            for term, number in zip(active.tolist(), uses.tolist(), strict=True):
                # JSONL numbers its tokens as they come, and may hold some that the query encoder never uses.
                if (dimension := dimensions.get(source.vocabulary[term])) is not None:
                    counts[dimension] += number
            documents += len(batch)
            progress(len(batch))
    if not documents:
        raise InputError(f"{path}: has no vectors")
    return Activations(counts, documents)
