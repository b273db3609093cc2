"""``disco encode``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import OnError, progress_bar


def encode(
    encoder: Annotated[str, typer.Option(help="Name of an encoder (see `disco encoders`), path or hub id.")],
    corpus: Annotated[str, typer.Option(help="JSONL or TSV file (.gz or not), folder of them, or irds:NAME.")],
    output: Annotated[Path, typer.Option(help="Folder for the vectors; the same command continues a stopped run.")],
    batch_size: Annotated[int | None, typer.Option(min=1, help="Tokens per forward pass, padding included.")] = None,
    backend: Annotated[str, typer.Option(help="torch, torch-bf16, onnx or onnx-int8.")] = "torch",
    max_length: Annotated[int | None, typer.Option(min=3, help="Tokens after which a passage is cut.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, …; by default a GPU if there is one.")] = None,
    fields: Annotated[str, typer.Option(help="Fields to join as the text, such as title,body.")] = "",
    shard_id: Annotated[int, typer.Option(help="Which shard to encode, from 0.")] = 0,
    shard_num: Annotated[int, typer.Option(min=1, help="How many shards share the work.")] = 1,
    store_raw: Annotated[
        bool, typer.Option("--store-raw/--no-store-raw", help="Keep the texts beside the vectors.")
    ] = True,
    on_error: Annotated[OnError, typer.Option(help="Bad records: stop, or skip and list them.")] = OnError.stop,
) -> None:
    """Encode the passages of a corpus into sparse vectors, ready for `disco index`."""
    from itertools import islice

    from disco_pyserini.passages import RejectsFile, count_passages, read_passages
    from disco_pyserini.vectors import Manifest, encode_corpus
    from disco_pyserini.vectors.part_writer import REJECTS
    from disco_pyserini.vectors.parts import shard_folder

    folder = shard_folder(output, shard_id, shard_num)
    before = Manifest.read(folder)
    names = fields.replace(",", " ").split()
    try:
        total = count_passages(corpus)
        from disco_pyserini.encoding import document_encoder  # takes seconds: what is wrong above is said before

        model = document_encoder(encoder, device, max_length, batch_size, backend)
        if before and before.passages:
            print(f"{folder}: {before.passages:,} passages are encoded already: comparing them with the corpus")
        with (
            RejectsFile(folder / REJECTS) as rejects,
            progress_bar("encoding", None if total is None else total // shard_num) as progress,
        ):
            found = read_passages(corpus, names, rejects) if on_error is OnError.skip else read_passages(corpus, names)
            passages = islice(found, shard_id, None, shard_num)
            after = encode_corpus(model, encoder, passages, folder, store_raw=store_raw, progress=progress)
    except KeyboardInterrupt:
        print(f"stopped: the same command continues after the parts that are whole in {folder}", file=sys.stderr)
        raise typer.Exit(130) from None
    print(
        f"{folder}: already complete, nothing to do" if after == before else f"{after.passages:,} passages in {folder}"
    )
    if rejects.count:
        print(f"{rejects.count:,} bad records were left out: see {rejects.path}", file=sys.stderr)
