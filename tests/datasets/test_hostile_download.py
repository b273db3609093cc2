"""Downloads from a server that means harm end soon, in one message, and leave no file under the final name."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from disco_pyserini.datasets import download
from disco_pyserini.datasets.resources import Resource
from disco_pyserini.errors import DiscoError

SIZE = 1000
Behave = Callable[[Any], None]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Behave], str]]:
    """Start a server that answers every request so; return the URL of a file on it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "sleep", lambda seconds: None)
    started = []

    def start(behave: Behave) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(BrokenPipeError, ConnectionResetError):
                    behave(self)

            def log_message(self, *arguments: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        started.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/file"

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def head(handler: Any, status: int, *headers: tuple[str, str], reason: str | None = None) -> None:
    handler.send_response(status, reason)
    for name, value in headers:
        handler.send_header(name, value)
    handler.end_headers()


def pour(handler: Any) -> None:
    while True:
        handler.wfile.write(b"x" * 2**16)


def endless(handler: Any) -> None:
    head(handler, 200)
    pour(handler)


def endless_redirect(handler: Any) -> None:
    head(handler, 302, ("Location", "/elsewhere" if handler.path == "/file" else "/nothing"))
    if handler.path == "/file":
        pour(handler)


def to_a_local_file(handler: Any) -> None:
    head(handler, 302, ("Location", "file:///etc/passwd"))


def far_too_long(handler: Any) -> None:
    head(handler, 200, ("Content-Length", "9" * 5000))


def two_lengths(handler: Any) -> None:
    head(handler, 200, ("Content-Length", "5"), ("Content-Length", "6"))


def negative(handler: Any) -> None:
    head(handler, 200, ("Content-Length", "-1"))
    handler.wfile.write(b"few")


def megabytes_of_headers(handler: Any) -> None:
    head(handler, 200, *((f"X-{number}", "x" * 60_000) for number in range(200)))


def terminal_codes(handler: Any) -> None:
    head(handler, 403, reason="\x1b[2J no \x07" + "x" * 5000)


def no_http(handler: Any) -> None:
    handler.wfile.write(b"\xff\xfe\x00 no HTTP\r\n\r\n")


def dripping_headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    drip(handler)


def dripping_body(handler: Any) -> None:
    head(handler, 200, ("Content-Length", str(SIZE)))
    drip(handler)


def dripping_chunk(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    drip(handler)


def drip(handler: Any) -> None:
    for _ in range(SIZE - 1):
        handler.wfile.write(b"0")
        time.sleep(0.05)


@pytest.mark.parametrize("behave", [dripping_headers, dripping_body, dripping_chunk])
def test_a_server_that_drips(
    tmp_path: Path, serve: Callable[[Behave], str], behave: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_PATIENCE", 0.3)
    began = time.monotonic()
    with pytest.raises(DiscoError, match=r"no address delivered it.*slower than .* \(6 times in a row"):
        download.fetch([Resource("file", (serve(behave),), None, SIZE)], tmp_path)
    assert time.monotonic() - began < 20
    assert not (tmp_path / "file").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = ["mount", "-t", "tmpfs", "-o", "size=260m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_file_without_end_does_not_fill_the_disk(small_disk: Path, serve: Callable[[Behave], str]) -> None:
    with pytest.raises(DiscoError, match=r"no size is known, and less than 268,435,456 bytes are free .*were removed"):
        download.fetch([Resource("file", (serve(endless),), None)], small_disk)
    assert sum(path.stat().st_size for path in small_disk.rglob("*") if path.is_file()) == 0


def test_a_file_without_end_stops_at_a_limit(
    tmp_path: Path, serve: Callable[[Behave], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert download._LARGEST == 2**36
    monkeypatch.setattr(download, "_LARGEST", 2**22)
    with pytest.raises(DiscoError, match=r"no size is known, and it has more than 4,194,304 bytes: .*were removed"):
        download.fetch([Resource("file", (serve(endless),), None)], tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) == 0


@pytest.mark.parametrize(
    "behave",
    [
        endless, endless_redirect, to_a_local_file, far_too_long, two_lengths, negative, megabytes_of_headers,
        terminal_codes, no_http,
    ],
)  # fmt: skip
def test_a_hostile_server(tmp_path: Path, serve: Callable[[Behave], str], behave: Behave) -> None:
    one = Resource("file", (serve(behave),), None, SIZE)
    with pytest.raises(DiscoError, match="no address delivered it") as caught:
        download.fetch([one], tmp_path)
    message = str(caught.value)
    assert message.isprintable() and len(message) < 2000
    assert not (tmp_path / "file").exists()
    # A block beyond the published size, at most.
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 2**21
