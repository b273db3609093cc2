"""An index with texts, and a server for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from running import ENCODER, Running, Slow, make_index, serve

from disco_pyserini import DiscoQueryEncoder, query_encoder


@pytest.fixture(scope="session")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_index(tmp_path_factory.mktemp("served") / "docs")


@pytest.fixture(scope="session")
def tiny_encoder() -> DiscoQueryEncoder:
    return query_encoder(ENCODER)


@pytest.fixture(scope="module")
def running(docs: Path) -> Iterator[Running]:
    with serve({"docs": docs}) as server:
        yield server


@pytest.fixture
def slow(tiny_encoder: DiscoQueryEncoder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # the server then encodes in one thread
    encoder = Slow(tiny_encoder)
    yield encoder
    encoder.may_go_on.set()
