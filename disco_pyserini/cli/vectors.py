"""``disco vectors``."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import progress_bar, resumable

app = typer.Typer(help="Import and export document vectors.", no_args_is_help=True)


@app.command()
def export(
    vectors: Annotated[Path, typer.Option(help="Document vectors: from disco encode, Anserini's JSONL, or CIFF.")],
    output: Annotated[
        Path,
        typer.Option(
            help="File or folder to write; anserini-jsonl: .jsonl or .jsonl.gz. For a service, the folder that stands "
            "for the index: the same command continues a stopped export."
        ),
    ],
    to: Annotated[
        str, typer.Option(help="Format or service: anserini-jsonl, ciff, qdrant, … (`disco doctor` lists them).")
    ] = "anserini-jsonl",
    url: Annotated[str | None, typer.Option(help="Address of the service; by default its usual port here.")] = None,
    collection: Annotated[
        str | None, typer.Option(help="Name of the collection, index or table in the service; by default disco.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Documents in one request to the service, or in one of its files.")
    ] = None,
) -> None:
    """Write vectors in the format of another engine, or into a search service."""
    from disco_pyserini.exports import EXPORTERS, Service, for_service
    from disco_pyserini.vectors import open_vectors

    write = EXPORTERS.get(to)
    if (url, collection, batch_size) != (None, None, None):
        write = for_service(write, to, url, collection, batch_size)
    source = open_vectors(vectors)
    continues = resumable() if isinstance(write, Service) else nullcontext()
    with continues, progress_bar("writing", source.total) as progress:
        written = write(source, output, progress)
    print(f"{written:,} vectors in {output}")


@app.command("import-splade")
def import_splade(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Has array_index.h5py and doc_ids.pkl.")],
    output: Annotated[Path, typer.Option(help="Folder for the vectors; the same command continues a stopped run.")],
    encoder: Annotated[
        str | None, typer.Option(help="Encoder that made the index: card, path or hub id; by default naver's.")
    ] = None,
) -> None:
    """Turn a published SPLADE index into vectors, ready for `disco index`."""
    from disco_pyserini.cards import PUBLISHED_ENCODER
    from disco_pyserini.encoding import document_encoder
    from disco_pyserini.vectors.manifest import Manifest
    from disco_pyserini.vectors.pipeline import space_of
    from disco_pyserini.vectors.splade_index import open_splade_index, sort_postings, write_vectors

    before = Manifest.read(output)
    print("counting the ids", file=sys.stderr)
    index = open_splade_index(folder)
    model = document_encoder(encoder or PUBLISHED_ENCODER, device="cpu")
    space, vocabulary = space_of(model), model.vocabulary
    del model  # frees memory for sorting
    with resumable():
        if before is None or not before.complete:
            with progress_bar("sorting", index.postings, "postings") as progress:
                sort_postings(index, output, space, vocabulary, progress)
        with progress_bar("writing", index.passages) as progress:
            manifest = write_vectors(index, output, space, vocabulary, progress)
    print(f"{manifest.passages:,} passages in {output}")
