"""HTTP sessions for servers that may be slow or mean harm."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse


def open_session(connections: int = 10) -> requests.Session:
    """Open a session that keeps to `TimeLimit` and follows no redirect.

    requests would read the whole body of a redirect, which may have no end.

    Args:
        connections: how many connections are kept open.
    """
    session = requests.Session()
    session.resolve_redirects = lambda *asked, **how: iter(())  # type: ignore[method-assign]
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_maxsize=connections))
    return session


class TimeLimit:
    """A ``with`` block in which the requests of this thread must end in time.

    The time-outs of requests count from byte to byte, so that a server which sends one now and then could hold a client
    for ever. Here, the connection is cut.

    Args:
        seconds: the time for the block, from its start or from the last `extend`.
        problem: the message of the error.

    Raises:
        requests.Timeout: the time was over before the block ended.
    """

    def __init__(self, seconds: float, problem: str) -> None:
        self._seconds = seconds
        self._problem = problem
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._over = False
        self.extend()

    def extend(self) -> None:
        """Start to count again."""
        self._end = monotonic() + self._seconds

    def add(self, connection: socket.socket) -> None:
        """Cut this connection too when the time is over."""
        with self._lock:
            self._sockets.append(connection)
            if self._over:
                self._cut()

    def __enter__(self) -> TimeLimit:
        _current.limit = self
        threading.Thread(target=self._watch, name="time limit of a request", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, _: TracebackType | None
    ) -> None:
        self._done.set()
        _current.limit = None
        if self._over and (problem is None or isinstance(problem, Exception)):
            raise requests.Timeout(self._problem) from problem

    def _watch(self) -> None:
        while (left := self._end - monotonic()) > 0:
            if self._done.wait(left):
                return
        with self._lock:
            self._over = True
            self._cut()

    def _cut(self) -> None:
        for connection in self._sockets:
            with suppress(OSError):  # it is closed
                connection.shutdown(socket.SHUT_RDWR)


class _Current(threading.local):
    limit: TimeLimit | None = None


_current = _Current()


class _Limited:
    """A connection that the thread's `TimeLimit` can cut from the moment when an answer is expected."""

    sock: Any

    def getresponse(self) -> BaseHTTPResponse:
        if _current.limit is not None:
            _current.limit.add(self.sock)
        answer: BaseHTTPResponse = super().getresponse()  # type: ignore[misc]
        return answer


class _Connection(_Limited, HTTPConnection):  # type: ignore[misc]
    pass


class _SafeConnection(_Limited, HTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


_POOLS = {"http": _Pool, "https": _SafePool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager: Any = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):  # which has connections of its own kind
            manager.pool_classes_by_scheme = _POOLS
        return manager
