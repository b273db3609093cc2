"""Running the server: opens the indexes, listens, and finishes what it accepted before it ends."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from disco_pyserini.errors import DiscoError
from disco_pyserini.search.searcher import BatchEncoder
from disco_pyserini.serving.indexes import IndexSettings, ServedIndex, open_index
from disco_pyserini.serving.limits import Limits


def open_indexes(paths: Mapping[str, Path], settings: IndexSettings) -> list[ServedIndex]:
    """Open indexes by name; indexes with the same encoder share it.

    Raises:
        DiscoError: one of them, or an encoder, cannot be opened.
    """
    opened: dict[str, BatchEncoder] = {}
    return [open_index(name, path, settings, opened) for name, path in paths.items()]


def listen(app: ASGIApp, host: str, port: int, limits: Limits, ready: Callable[[str], None]) -> None:
    """Serve an application until SIGINT or SIGTERM, and finish what was accepted.

    Args:
        app: the application.
        host: the address to bind to.
        port: the port; 0 for a free one.
        limits: how long what was accepted may take.
        ready: called with the server's address once it listens.

    Raises:
        DiscoError: the address cannot be bound to.
    """
    with bind(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listener.getsockname()[1]}")
        server_for(app, limits).run([listener])


def server_for(app: ASGIApp, limits: Limits) -> uvicorn.Server:
    """Return the HTTP server for an application."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # questions are nobody else's business
            timeout_graceful_shutdown=int(limits.seconds) + 1,
            server_header=False,
            ws="none",
        )
    )


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        DiscoError: the address cannot be bound to.
    """
    try:
        [(family, *_, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as problem:
        raise DiscoError(
            f"cannot listen on {host}, port {port}: {problem.strerror or problem}: choose another one with --host or "
            "--port"
        ) from problem
    return listener
