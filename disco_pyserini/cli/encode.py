"""``disco encode``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import (
    Backend,
    Corpus,
    Device,
    MaxLength,
    OnError,
    OnErrorOption,
    StoreRaw,
    progress_bar,
    resumable,
)


def encode(
    encoder: Annotated[str, typer.Option(help="Document encoder: card (see disco encoders), path or hub id.")],
    corpus: Corpus,
    output: Annotated[Path, typer.Option(help="Folder for the vectors; the same command continues a stopped run.")],
    batch_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens per forward pass, padding included; by default what is fast.")
    ] = None,
    backend: Backend = None,
    max_length: MaxLength = None,
    device: Device = None,
    fields: Annotated[str, typer.Option(help="Fields to join as the text, such as title,body.")] = "",
    shard_id: Annotated[int, typer.Option(help="Which shard to encode, from 0.")] = 0,
    shard_num: Annotated[int, typer.Option(min=1, help="Number of shards that share the work.")] = 1,
    store_raw: StoreRaw = True,
    on_error: OnErrorOption = OnError.stop,
) -> None:
    """Encode the passages of a corpus into sparse vectors, ready for `disco index`."""
    from disco_pyserini.datasets.named import named_passages
    from disco_pyserini.passages import count_passages
    from disco_pyserini.vectors import encode_corpus
    from disco_pyserini.vectors.parts import shard_folder

    named = named_passages(corpus)
    total = count_passages(corpus) if named is None else None
    folder = shard_folder(output, shard_id, shard_num)
    with (
        resumable(f"after the parts that are whole in {folder}"),
        progress_bar("encoding", None if total is None else total // shard_num) as progress,
    ):
        manifest = encode_corpus(
            corpus if named is None else named,
            output,
            encoder,
            fields=fields.replace(",", " ").split(),
            on_error=on_error,
            shard_id=shard_id,
            shard_num=shard_num,
            store_raw=store_raw,
            device=device,
            backend=backend,
            max_length=max_length,
            batch_tokens=batch_tokens,
            progress=progress,
        )
    print(f"{manifest.passages:,} passages in {folder}")
