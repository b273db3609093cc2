"""What every request passes before its route: API keys, its size, the time it takes to arrive. Counts the answers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from disco_pyserini.errors import InputError
from disco_pyserini.serving.limits import Limits
from disco_pyserini.serving.problems import Problem

KEYS_VARIABLE = "DISCO_API_KEYS"
"""Environment variable: API keys, separated by white space or commas."""

logger = logging.getLogger(__name__)

_CLIENT_GONE = 499
"""The status that is counted when nothing was answered, since the client went away."""

type Answered = Callable[[str, int, float], None]


class Gate:
    """ASGI middleware.

    Args:
        app: what answers the requests that may pass.
        limits: bounds on requests.
        keys: accepted API keys; if there are any, paths below ``protected`` need one of them.
        protected: the beginnings of those paths.
        answered: called after each answer with the pattern of its path, its status and its seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        keys: Sequence[str],
        protected: tuple[str, ...],
        answered: Answered = lambda route, status, seconds: None,
    ) -> None:
        self._app = app
        self._limits = limits
        self._keys = [_digest(key.encode()) for key in keys]
        self._protected = protected
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # As GET; the HTTP server leaves the body out. Monitors and load balancers ask so.
            scope = {**scope, "method": "GET"}
        began, status = perf_counter(), _CLIENT_GONE

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            self._check_key(scope)
            body = await self._read(scope, receive)
            await self._app(scope, _replay(body, receive), watch)
        except _Gone:
            return
        except Problem as problem:
            await response(problem)(scope, receive, watch)
        except Exception:
            if status != _CLIENT_GONE:
                raise  # half an answer is sent already
            logger.exception("%s: a request failed", scope["path"])
            failure = Problem(500, "internal_error", "the server failed: its log says why")
            await response(failure)(scope, receive, watch)
        finally:
            self._answered(getattr(scope.get("route"), "path", "other"), status, perf_counter() - began)

    def _check_key(self, scope: Scope) -> None:
        if not self._keys or not scope["path"].startswith(self._protected):
            return
        given = []
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                given.append(value.strip())
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                given.append(value[7:].strip())
        # No early end, and digests of equal lengths: the time says nothing about the keys.
        matches = [hmac.compare_digest(_digest(one), key) for one in given for key in self._keys]
        if not any(matches):
            found = "another one" if given else "none"
            raise Problem(
                401,
                "unauthorized",
                f"expected an API key in the header X-API-Key or Authorization: Bearer, found {found}",
                {"WWW-Authenticate": "Bearer"},
            )

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        most = self._limits.request_bytes
        too_large = Problem(
            413, "request_too_large", f"expected a request of at most {most:,} bytes: send fewer or shorter messages"
        )
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > most:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    body += message.get("body", b"")
                    if len(body) > most:
                        raise too_large
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as problem:
            raise Problem(
                408, "request_timed_out", f"expected the whole request within {self._limits.seconds:g} s"
            ) from problem


class _Gone(Exception):
    """The client closed the connection before its request was complete."""


def response(problem: Problem) -> Response:
    """Return a problem as a response."""
    return JSONResponse(problem.body(), problem.status, problem.headers)


def read_keys(path: Path | None) -> list[str]:
    """Return the API keys in a file, one per line, or else those in `KEYS_VARIABLE`.

    Raises:
        InputError: the file cannot be read, is empty, or a key is not printable ASCII.
    """
    if path is None:
        where, text = KEYS_VARIABLE, os.environ.get(KEYS_VARIABLE, "")
        keys = [key for key in re.split(r"[\s,]+", text) if key]
    else:
        where = str(path)
        try:
            keys = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as problem:
            raise InputError(f"{path}: cannot be read as a file of API keys: {problem}") from problem
        if not keys:
            raise InputError(f"{path}: expected API keys, one per line, found none")
    for number, key in enumerate(keys, 1):
        if not key.isascii() or not key.isprintable():
            raise InputError(f"{where}: key {number}: expected printable ASCII characters, found others")
    return keys


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body that was read already, and then what the client does."""
    waiting = True

    async def again() -> Message:
        nonlocal waiting
        if waiting:
            waiting = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
