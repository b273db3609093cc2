"""An index with texts, and a server for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import ENCODER, PASSAGES, Running, Slow, make_index, serve

from disco_pyserini import DiscoQueryEncoder, query_encoder
from disco_pyserini.search.index_manifest import read_index_manifest, write_index_manifest


@pytest.fixture(scope="session")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_index(tmp_path_factory.mktemp("served") / "docs")


@pytest.fixture(scope="session")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same index in two shards."""
    folder = tmp_path_factory.mktemp("sharded") / "docs"
    names = list(PASSAGES)
    for number in range(2):
        make_index(folder / f"shard-0000{number}", {name: PASSAGES[name] for name in names[number::2]})
    part = read_index_manifest(folder / "shard-00000")
    assert part
    shards = ("shard-00000", "shard-00001")
    write_index_manifest(part.model_copy(update={"documents": len(PASSAGES), "shards": shards}), folder)
    return folder


@pytest.fixture
def partial(sharded: Path, tmp_path: Path) -> Path:
    """The index in shards, without the second one."""
    return shutil.copytree(sharded, tmp_path / "docs", ignore=shutil.ignore_patterns("shard-00001"))


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
