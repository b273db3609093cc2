"""Errors that a client of the server sees: each has a name and an HTTP status."""

from __future__ import annotations

from collections.abc import Mapping

from disco_pyserini.errors import DiscoError


class Problem(DiscoError):
    """An answer that is an error.

    Args:
        status: the HTTP status.
        name: a name that programs can compare, such as ``unknown_index``.
        message: what was expected, what was found, and what to do.
        headers: further HTTP headers.
    """

    def __init__(self, status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.headers = dict(headers or {})

    def body(self) -> dict[str, str]:
        """Return the JSON that all errors share. Clients of Pyserini's server read ``error``."""
        return {"error": str(self), "name": self.name}
