"""``disco mcp``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from disco_pyserini.cli.serve import Host, Indexes, Keys
from disco_pyserini.cli.shared import AllowPartial, Backend, Device, Engine, MaxLength, QueryEncoder


class Transport(StrEnum):
    """How an MCP host and the server exchange messages."""

    stdio = "stdio"
    http = "http"


def mcp(
    indexes: Indexes,
    transport: Annotated[
        Transport, typer.Option(help="stdio, for hosts that start the server; http, for those that connect to it.")
    ] = Transport.stdio,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port for http; 0 takes a free one.")] = 8000,
    encoder: QueryEncoder = "disco",
    engine: Engine = "lucene",
    backend: Backend = None,
    max_length: MaxLength = None,
    device: Device = None,
    api_keys: Keys = None,
    allow_partial: AllowPartial = False,
) -> None:
    """Serve indexes to chat assistants, with the Model Context Protocol.

    The tools are search_conversation, which takes the messages so far, and get_document.
    """
    from disco_pyserini.extras import check_extra

    check_extra("serve", "the server")
    from disco_pyserini.serving.threads import one_thread_for_each_text

    one_thread_for_each_text()
    from disco_pyserini.serving.gate import read_keys
    from disco_pyserini.serving.indexes import IndexSettings, named_paths
    from disco_pyserini.serving.limits import Limits
    from disco_pyserini.serving.listening import listen, open_indexes
    from disco_pyserini.serving.mcp_server import PATH, create_server, http_app, run_stdio

    settings = IndexSettings((encoder,), engine, backend, device, max_length, allow_partial=allow_partial)
    limits = Limits()
    keys = read_keys(api_keys)
    opened = open_indexes(named_paths(indexes), settings)
    server = create_server(opened, settings, limits)
    if transport is Transport.stdio:
        run_stdio(server)
        return
    names = ", ".join(index.name for index in opened)
    app = http_app(server, host, limits, keys)
    listen(app, host, port, limits, lambda address: print(f"serving {names} on {address}{PATH}", flush=True))
