"""A server on a free port of this machine, in a thread; and a client that speaks HTTP to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import uvicorn

from disco_pyserini import DiscoSearcher, build_index
from disco_pyserini.search.searcher import BatchEncoder
from disco_pyserini.serving.app import create_app
from disco_pyserini.serving.indexes import IndexSettings, ServedIndex
from disco_pyserini.serving.limits import Limits
from disco_pyserini.serving.listening import bind, open_indexes, server_for

ENCODER = "disco-tiny"
PASSAGES = {
    "salt": "the harbour exports salt",
    "choir": "a choir sings in the old chapel",
    "museum": "the museum opens on sunday\tat <b>ten</b> & \x07 closes",
    "notes/old#2": "the old harbour has a museum of salt",
}
CONVERSATION = [
    {"role": "user", "content": "what does the harbour export?"},
    {"role": "assistant", "content": "salt"},
    {"role": "user", "content": "is there a museum of it?"},
]


def make_index(path: Path, passages: Mapping[str, str] = PASSAGES) -> Path:
    build_index([{"id": docid, "contents": text} for docid, text in passages.items()], path, encoder=ENCODER)
    return path


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        """The status and the name of an error, after a check of its shape."""
        assert self.json.keys() == {"error", "name"} and self.json["error"], self.body
        return self.status, self.json["name"]


@dataclass
class Running:
    server: uvicorn.Server
    port: int
    app: Any
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        try:
            connection.request(method, path, content, given)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)

    def search(self, **wanted: Any) -> Answer:
        return self.post("/v1/docs/search", wanted)

    def metric(self, name: str) -> float:
        lines = self.get("/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name)


@contextmanager
def serve(
    paths: Mapping[str, Path], limits: Limits | None = None, encoder: BatchEncoder | None = None, **options: Any
) -> Iterator[Running]:
    """Serve indexes; ``encoder`` takes the place of the indexes' own."""
    settings = IndexSettings()
    indexes: Sequence[ServedIndex]
    if encoder is None:
        indexes = open_indexes(paths, settings)
    else:
        indexes = [
            ServedIndex(name, path, {"disco": encoder}, DiscoSearcher(path, encoder), None)
            for name, path in paths.items()
        ]
    limits = limits or Limits()
    app = create_app(indexes, settings, limits, **options)
    server = server_for(app, limits)
    with run_server(server) as port:
        yield Running(server, port, app)


@contextmanager
def run_server(server: uvicorn.Server) -> Iterator[int]:
    """Run a server in a thread, on a free port."""
    listener = bind("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()
        assert not thread.is_alive()


def wait_until(true: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


class Slow:
    """An encoder that waits until it may go on.

    Args:
        encoder: encodes the texts.
    """

    def __init__(self, encoder: BatchEncoder) -> None:
        self.encoder = encoder
        self.may_go_on = threading.Event()
        self.batches: list[int] = []

    def encode_batch(self, texts: Sequence[Any]) -> list[dict[str, int]]:
        self.batches.append(len(texts))
        assert self.may_go_on.wait(60)
        return self.encoder.encode_batch(texts)
