from __future__ import annotations

from collections.abc import Iterator

import pytest
from file_server import FileServer, file_server

from disco_pyserini.datasets import download


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as running:
        yield running


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, which are not slept."""
    taken: list[float] = []
    monkeypatch.setattr(download, "sleep", taken.append)
    return taken
