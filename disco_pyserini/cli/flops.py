"""``disco flops``."""

from __future__ import annotations

from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from disco_pyserini.encoding import DiscoQueryEncoder
    from disco_pyserini.evaluation.flops import Activations
    from disco_pyserini.vectors import VectorSource

_QUERIES_PER_BATCH = 64


def flops(
    vectors: Annotated[Path, typer.Option(help="Folder of vectors that disco encode wrote, or Anserini JSONL.")],
    topics: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Queries: lines of qid<TAB>text.")],
    encoder: Annotated[
        str | None,
        typer.Option(help="Query encoder: card, path or hub id; by default the one that belongs to the vectors."),
    ] = None,
    turns: Annotated[
        str | None,
        typer.Option(help="COLLECTION/SPLIT, or turns.jsonl, for the depths; else ids end in the turn number."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="File for a plot by turn depth (.png).")] = None,
) -> None:
    """Report the expected FLOPS of a search, and the active dimensions of queries, by turn depth."""
    from disco_pyserini.cli.encode import progress_bar
    from disco_pyserini.cli.evaluate import depths_of
    from disco_pyserini.cli.tables import show
    from disco_pyserini.datasets.collection import read_topics
    from disco_pyserini.errors import InputError
    from disco_pyserini.evaluation.flops import activations_by_depth, count_activations, expected_flops
    from disco_pyserini.evaluation.plots import check_plot_path, plot_by_depth
    from disco_pyserini.vectors import open_vectors

    if plot:
        check_plot_path(plot)
    source = open_vectors(vectors)
    texts = read_topics(topics)
    depths = depths_of(texts, turns)
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
    size = len(model.vocabulary)
    everything = count_activations(((terms, 1) for terms in active.values()), size)
    by_depth = activations_by_depth(active, depths, size)

    def row(label: str, group: Activations) -> list[str]:
        return [label, str(group.vectors), f"{expected_flops(group, documents):.3f}", f"{group.mean_dimensions:.1f}"]

    show(
        ["turn", "queries", "FLOPS", "dimensions"],
        [row("all", everything), *(row(str(depth), group) for depth, group in by_depth.items())],
    )
    print(f"{documents.vectors:,} documents with {documents.mean_dimensions:.1f} active dimensions each")
    if plot:
        panels = {
            "expected FLOPS": {"FLOPS": [expected_flops(group, documents) for group in by_depth.values()]},
            "active dimensions": {"dimensions": [group.mean_dimensions for group in by_depth.values()]},
        }
        plot_by_depth(list(by_depth), panels, plot)


def _documents(source: VectorSource, model: DiscoQueryEncoder, path: Path) -> Activations:
    """The documents' activations in the dimensions of the query encoder."""
    import numpy as np

    from disco_pyserini.cli.encode import progress_bar
    from disco_pyserini.errors import InputError
    from disco_pyserini.evaluation.flops import Activations
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
