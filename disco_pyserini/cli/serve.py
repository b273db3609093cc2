"""``disco serve``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import AllowPartial, Backend, Device, MaxLength, progress_bar

if TYPE_CHECKING:
    from disco_pyserini.serving.indexes import IndexSettings, ServedIndex
    from disco_pyserini.serving.page_models import JudgedTurns

Indexes = Annotated[
    list[str],
    typer.Argument(help="Folders of impact indexes, from disco index or Anserini; NAME=FOLDER gives one a name."),
]
Encoders = Annotated[
    list[str],
    typer.Option(
        "--encoder",
        help="Query encoder that clients may choose, repeatable; the first is the default. disco is the index's own.",
    ),
]

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")]
Keys = Annotated[
    Path | None,
    typer.Option(help="File with accepted API keys, one per line; by default those in DISCO_API_KEYS, if any."),
]
Engines = Annotated[
    list[str],
    typer.Option("--engine", help="Engine that searches, repeatable: clients may choose; the first is the default."),
]


def serve(
    indexes: Indexes,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8081,
    encoder: Encoders = ["disco"],  # noqa: B006
    engine: Engines = ["lucene"],  # noqa: B006
    backend: Backend = None,
    max_length: MaxLength = None,
    device: Device = None,
    max_hits: Annotated[int, typer.Option(min=1, help="Most documents for one question.")] = 1000,
    max_waiting: Annotated[
        int, typer.Option(min=1, help="Most requests that may wait; further ones are answered with 429.")
    ] = 256,
    time_limit: Annotated[float, typer.Option(min=0.001, help="Seconds after which a request is given up.")] = 30.0,
    api_keys: Keys = None,
    allow_partial: AllowPartial = False,
    ray: Annotated[
        str | None,
        typer.Option(help="Search the shards on a Ray cluster: local, auto (the one here), or its address."),
    ] = None,
    replicas: Annotated[int, typer.Option(min=1, help="With --ray: how many replicas search each shard.")] = 1,
    cors_origin: Annotated[
        list[str] | None, typer.Option(help="Origin whose pages may call the server from a browser, repeatable.")
    ] = None,
    rewrite_server: Annotated[
        str, typer.Option(help="URL of a server that speaks the OpenAI chat protocol; the page compares its rewrites.")
    ] = "",
    rewrite_model: Annotated[str, typer.Option(help="Name of the model on that server.")] = "",
    turns: Annotated[
        str | None,
        typer.Option(
            help="Turns to browse on the page: COLLECTION/SPLIT, or a turns.jsonl file; every index is judged."
        ),
    ] = None,
    qrels: Annotated[str | None, typer.Option(help="Their judgments: TREC qrels file, or COLLECTION/SPLIT.")] = None,
    rewrite: Annotated[str, typer.Option(help="Rewrite that those turns are compared with.")] = "human",
    measure: Annotated[str, typer.Option(help="Measure of that comparison, as ir_measures spells it.")] = "nDCG@3",
) -> None:
    """Serve indexes over HTTP: conversations in, documents out, and a page that shows why.

    / is the page, /docs describes the interface. After Ctrl-C, the server answers what it accepted, and ends.
    """
    from disco_pyserini.extras import check_extra

    check_extra("serve", "the server")
    from disco_pyserini.serving.threads import one_thread_for_each_text

    one_thread_for_each_text()
    from disco_pyserini.errors import InputError
    from disco_pyserini.ray.cluster import CLIENT
    from disco_pyserini.rewriting import ChatServer
    from disco_pyserini.serving.app import create_app
    from disco_pyserini.serving.gate import read_keys
    from disco_pyserini.serving.indexes import IndexSettings, named_paths
    from disco_pyserini.serving.limits import Limits
    from disco_pyserini.serving.listening import listen, open_indexes
    from disco_pyserini.serving.page_routes import Extras

    if (turns is None) != (qrels is None):
        raise InputError("expected --turns and --qrels together: judged turns need both")
    if bool(rewrite_server) != bool(rewrite_model):
        raise InputError("expected --rewrite-server and --rewrite-model together")
    if replicas > 1 and ray is None:
        raise InputError("--replicas needs --ray: without it, this process searches")
    if ray is not None and ray.startswith(CLIENT):
        raise InputError(
            f"disco serve cannot search over Ray Client ({ray}): let this machine join the cluster with `ray start "
            "--address HOST:PORT`, then use --ray HOST:PORT or --ray auto"
        )
    settings = IndexSettings(tuple(encoder), engine[0], backend, device, max_length, tuple(engine[1:]), allow_partial)
    limits = Limits(hits=max_hits, waiting=max_waiting, seconds=time_limit)
    keys = read_keys(api_keys)
    rewriter = ChatServer(rewrite_server, rewrite_model, attempts=1, timeout=time_limit) if rewrite_server else None
    with _on_cluster(settings, ray, replicas, time_limit) as settings:
        opened = open_indexes(named_paths(indexes), settings)
        judged = _judged(opened, turns, qrels, rewrite, measure) if turns is not None and qrels is not None else {}
        app = create_app(opened, settings, limits, keys, cors_origin or (), Extras(rewriter, judged))
        names = ", ".join(index.name for index in opened)
        listen(app, host, port, limits, lambda address: print(f"serving {names} on {address}", flush=True))


@contextmanager
def _on_cluster(settings: IndexSettings, address: str | None, replicas: int, seconds: float) -> Iterator[IndexSettings]:
    """Return settings that search on a Ray cluster, if an address is given, and stay connected to it."""
    if address is None:
        yield settings
        return
    from disco_pyserini.ray.cluster import connected
    from disco_pyserini.ray.serving import Replicas

    with connected(address):
        yield replace(settings, open_searcher=Replicas(replicas, seconds).open)


def _judged(
    indexes: Sequence[ServedIndex], turns: str, qrels: str, rewrite: str, measure: str
) -> dict[str, JudgedTurns]:
    """Search every index for judged turns."""
    from disco_pyserini.serving.judging import judge_turns

    with progress_bar("judging", None, "turns") as progress:
        return {index.name: judge_turns(index.searcher, turns, qrels, rewrite, measure, progress) for index in indexes}
