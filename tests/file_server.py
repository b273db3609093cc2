"""A local HTTP server that serves files, with configurable failures."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """A file, and the failures when serving it."""

    content: bytes
    ranges: bool = True
    etag: bool = True
    date: str | None = None
    length: bool = True
    encoding: str | None = None
    cuts: list[int] = field(default_factory=list)
    """The number of body bytes before the connection drops, for each answer in order."""
    statuses: list[int] = field(default_factory=list)
    """Status codes to return instead, for each request in order."""
    retry_after: str | None = None
    redirect: str | None = None
    during: Callable[[], None] = lambda: None
    """Called after half of the body."""


@dataclass
class FileServer:
    url: str
    files: dict[str, Served] = field(default_factory=dict)
    asked: list[tuple[str, str | None, int]] = field(default_factory=list)
    """Path, Range header and status of every request."""

    def add(self, name: str, content: bytes, **how: object) -> str:
        self.files[f"/{name}"] = Served(content, **how)  # type: ignore[arg-type]
        return f"{self.url}/{name}"

    def ranges(self) -> list[str | None]:
        return [asked for _, asked, _ in self.asked]

    def statuses(self) -> list[int]:
        return [status for _, _, status in self.asked]


@contextmanager
def file_server() -> Iterator[FileServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served = server.files.get(self.path)
            asked = self.headers["Range"]
            if served is None:
                self._empty(404, asked)
            elif served.redirect:
                self._empty(302, asked, Location=served.redirect)
            elif served.statuses:
                more = {"Retry-After": served.retry_after} if served.retry_after else {}
                self._empty(served.statuses.pop(0), asked, **more)
            else:
                self._send(served, asked)

        def _send(self, served: Served, asked: str | None) -> None:
            tag = f'"{hashlib.md5(served.content).hexdigest()}"' if served.etag else None
            unchanged = self.headers["If-Range"] in (None, tag, served.date)
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and served.ranges and unchanged else 0  # type: ignore[index]
            size = len(served.content)
            if start and start >= size:
                self._empty(416, asked, **{"Content-Range": f"bytes */{size}"})
                return
            body = served.content[start:]
            server.asked.append((self.path, asked, 206 if start else 200))
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            if served.length:
                self.send_header("Content-Length", str(len(body)))
            else:
                self.send_header("Connection", "close")
            if tag:
                self.send_header("ETag", tag)
            if served.date:
                self.send_header("Last-Modified", served.date)
            if served.encoding:
                self.send_header("Content-Encoding", served.encoding)
            self.end_headers()
            if served.cuts:
                self.wfile.write(body[: served.cuts.pop(0)])
                self.close_connection = True
                return
            self.wfile.write(body[: len(body) // 2])
            served.during()
            self.wfile.write(body[len(body) // 2 :])
            self.close_connection = not served.length

        def _empty(self, status: int, asked: str | None, **headers: str) -> None:
            server.asked.append((self.path, asked, status))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Ignore errors from disconnected clients, which some tests cause."""

    with Quiet(("127.0.0.1", 0), Handler) as http:
        server = FileServer(f"http://127.0.0.1:{http.server_address[1]}")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        http.shutdown()
