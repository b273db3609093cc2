"""A model hub on localhost: the requests with which huggingface_hub creates, fills and downloads a repository."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_test"


@dataclass
class HubServer:
    url: str
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """The files of each repository by path."""

    def commit(self, repository: str) -> str:
        """The id of the present content."""
        return hashlib.sha1(repr(sorted(self.repositories[repository].items())).encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/validate-yaml":
            self._json({"warnings": [], "errors": []})
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._error(401, "Unauthorized")
        elif self.path == "/api/repos/create":
            self._create(json.loads(body))
        elif re.fullmatch(r"/api/models/(.+?/.+?)/preupload/main", self.path):
            names = [file["path"] for file in json.loads(body)["files"]]
            files = [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]
            self._json({"files": files})
        elif found := re.fullmatch(r"/api/models/(.+?/.+?)/commit/main", self.path):
            self._commit(found[1], body)
        else:
            self._error(404, "Not Found")

    def _create(self, asked: dict[str, Any]) -> None:
        hub = self.server.hub
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        if name in hub.repositories:
            self._error(409, "You already created this model repo")
            return
        hub.repositories[name] = {}
        self._json({"url": f"{hub.url}/{name}", "id": name})

    def _commit(self, repository: str, body: bytes) -> None:
        hub = self.server.hub
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                content = base64.b64decode(line["value"]["content"])
                hub.repositories[repository][line["value"]["path"]] = content
        commit = hub.commit(repository)
        self._json({"commitOid": commit, "commitUrl": f"{hub.url}/{repository}/commit/{commit}", "hookOutput": ""})

    def do_GET(self) -> None:
        hub = self.server.hub
        path = self.path.partition("?")[0]
        info = re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/\w+)?", path)
        tree = re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/\w+", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/\w+/(.+)", path)
        match = info or tree or file
        files = hub.repositories.get(match[1]) if match else None
        if match is None or files is None:
            self._error(404, "Repository not found", "RepoNotFound")
        elif info:
            siblings = [{"rfilename": name} for name in files]
            self._json({"id": match[1], "sha": hub.commit(match[1]), "siblings": siblings})
        elif tree:
            self._json([_entry(name, content) for name, content in sorted(files.items())])
        elif match[2] not in files:
            self._error(404, "Entry not found", "EntryNotFound")
        else:
            headers = {"ETag": f'"{_blob(files[match[2]])}"', "X-Repo-Commit": hub.commit(match[1])}
            self._answer(200, files[match[2]], **headers)

    do_HEAD = do_GET

    def _json(self, answer: Any) -> None:
        self._answer(200, json.dumps(answer).encode(), **{"Content-Type": "application/json"})

    def _error(self, status: int, message: str, code: str = "") -> None:
        body = json.dumps({"error": message}).encode()
        self._answer(status, body, **{"X-Error-Code": code, "X-Error-Message": message})

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = HubServer(f"http://127.0.0.1:{self.server_address[1]}")


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """Serve an empty hub until the block ends."""
    with _Http() as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield http.hub
        http.shutdown()


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _entry(name: str, content: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(content), "oid": _blob(content)}
