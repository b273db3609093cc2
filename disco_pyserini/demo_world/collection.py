"""The demo world as a registered collection: generated on the fly, without files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from disco_pyserini.datasets.benchmark import Benchmark
from disco_pyserini.datasets.resources import Terms
from disco_pyserini.datasets.turns import Query
from disco_pyserini.demo_world.world import DemoWorld
from disco_pyserini.passages import Passage
from disco_pyserini.trec import Qrels

_WORLD = DemoWorld()


def _queries(folder: Path, split: str) -> Iterator[Query]:
    return _WORLD.queries(split)


def _qrels(folder: Path, split: str) -> Qrels:
    return _WORLD.qrels(split)


def _passages(folder: Path, split: str) -> Iterator[Passage]:
    return _WORLD.passages()


DEMO_WORLD = Benchmark(
    name="demo-world",
    title="Generated conversations about invented people, places, works and organisations",
    terms=Terms(licence="Apache-2.0", source="generated when it is read"),
    resources=(),
    splits={"train": 813, "dev": 210, "test": 296},
    queries=_queries,
    qrels=_qrels,
    passages=_passages,
)
