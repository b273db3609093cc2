"""The server inside this process, without a socket and without Java."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote_from_bytes

from disco_pyserini import build_index
from disco_pyserini.serving.app import create_app
from disco_pyserini.serving.indexes import IndexSettings
from disco_pyserini.serving.limits import Limits
from disco_pyserini.serving.listening import open_indexes

PASSAGES = {"salt": "the harbour exports salt", "choir": "a choir sings in the old chapel", "a/b#2": "a museum"}

_POSTS = ("/v1/docs/search", "/v1/docs/read", "/v1/docs/explain", "/v1/docs/search", "/v1/docs/rewrite")


def make_app(folder: Path, engine: str = "flat") -> object:
    """Build an index in a folder and return the application that serves it as ``docs``."""
    records = [{"id": docid, "contents": text} for docid, text in PASSAGES.items()]
    build_index(records, folder / "docs", encoder="disco-tiny", engine=engine)
    settings = IndexSettings(engine=engine)
    return create_app(open_indexes({"docs": folder / "docs"}, settings), settings, Limits())


def server_reader() -> tuple[Callable[[bytes], object], Sequence[bytes]]:
    """A reader of requests, and whole examples. The first byte chooses the route, the others are body or address."""
    from starlette.testclient import TestClient

    folder = tempfile.TemporaryDirectory()
    client = TestClient(make_app(Path(folder.name)))  # type: ignore[arg-type]
    client.__enter__()  # starts the application; it ends with the process

    def read(content: bytes) -> None:
        assert folder  # exists as long as this function
        route, rest = (content[0] if content else 0), content[1:]
        if route < 64:
            headers = {"Content-Type": "application/json"}
            answer = client.post(_POSTS[route % len(_POSTS)], content=rest, headers=headers)
        elif route < 128:
            answer = client.get(f"/v1/docs/search?{quote_from_bytes(rest, safe='=&%')}")
        else:
            answer = client.get(f"/v1/docs/doc/{quote_from_bytes(rest, safe='/%')}")
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.json().keys() == {"error", "name"}, answer.text

    messages = [{"role": "user", "content": "salt?"}, {"role": "assistant", "content": [{"type": "text", "text": "x"}]}]
    bodies = [
        {"query": "old choir", "hits": 2, "explain": True},
        {"messages": [*messages, messages[0]], "query_form": "last:2", "query_terms": 3},
        {"queries": [{"query": "museum"}, {"messages": messages[:1]}]},
    ]
    examples = [b"\0" + json.dumps(body).encode() for body in bodies]
    examples += [b"\1" + json.dumps({"messages": messages[:1]}).encode()]
    examples += [b"\2" + json.dumps({"messages": messages[:1], "docid": "salt"}).encode()]
    return read, [*examples, b"@query=salt&hits=3", b"\x80a/b%232"]
