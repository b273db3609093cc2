"""``disco encode``."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

import typer

from disco_pyserini.cards import DEFAULT_ENCODER
from disco_pyserini.cli.shared import (
    Backend,
    Corpus,
    Device,
    MaxLength,
    OnError,
    OnErrorOption,
    RayAddress,
    StoreRaw,
    progress_bar,
    resumable,
)


def encode(
    corpus: Corpus,
    output: Annotated[
        str, typer.Option(help="Folder for the vectors, may be s3://…; the same command continues a stopped run.")
    ],
    encoder: Annotated[
        str, typer.Option(help="Document encoder: card (see disco encoders), path or hub id.")
    ] = DEFAULT_ENCODER,
    batch_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="Tokens per forward pass, padding included; by default a number that is fast."),
    ] = None,
    backend: Backend = None,
    max_length: MaxLength = None,
    device: Device = None,
    fields: Annotated[str, typer.Option(help="Fields to join as the text, such as title,body.")] = "",
    shard_id: Annotated[int, typer.Option(help="Which shard to encode, from 0.")] = 0,
    shard_num: Annotated[int, typer.Option(min=1, help="Number of shards that share the work.")] = 1,
    store_raw: StoreRaw = True,
    on_error: OnErrorOption = OnError.stop,
    ray: RayAddress = None,
    ray_actors: Annotated[
        int | None, typer.Option(min=1, help="Workers on the cluster; by default one for each GPU, or else each core.")
    ] = None,
    ray_gpus: Annotated[
        float | None, typer.Option(min=0, help="GPUs for each worker, such as 0.5; by default 1 if there are any.")
    ] = None,
) -> None:
    """Encode the passages of a corpus into sparse vectors, ready for `disco index`.

    With --ray, the workers of a Ray cluster encode; this process reads the corpus and writes the vectors.
    """
    from disco_pyserini.datasets.named import named_passages
    from disco_pyserini.errors import InputError
    from disco_pyserini.passages import count_passages
    from disco_pyserini.ray.cluster import connected
    from disco_pyserini.ray.encoding_run import RayWorkers
    from disco_pyserini.storage import open_path
    from disco_pyserini.vectors import encode_corpus
    from disco_pyserini.vectors.parts import shard_folder

    named = named_passages(corpus)
    total = count_passages(corpus) if named is None else None
    folder = shard_folder(open_path(output), shard_id, shard_num)
    if ray is None and (ray_actors is not None or ray_gpus is not None):
        raise InputError("--ray-actors and --ray-gpus need --ray")
    with (
        connected(ray) if ray else nullcontext(),
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
            device="cpu" if ray else device,
            backend=backend,
            max_length=max_length,
            batch_tokens=batch_tokens,
            progress=progress,
            workers=RayWorkers(ray_actors, ray_gpus, device, batch_tokens, total) if ray else None,
        )
    print(f"{manifest.passages:,} passages in {folder}")
