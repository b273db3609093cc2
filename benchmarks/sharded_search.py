"""Queries per second and latency of an index in 1, 2 and 4 shards: in one process, and with Ray Serve's replicas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np

from benchmarks.english import COLLECTIONS, English
from benchmarks.given import Given
from benchmarks.measure import interleave
from benchmarks.mixed_vectors import MixedVectors
from benchmarks.results_page import Check, Report, Row
from disco_pyserini.extras import has_extra
from disco_pyserini.lucene import jvm
from disco_pyserini.search import DiscoSearcher, build_index
from disco_pyserini.search.engine import IndexSummary
from disco_pyserini.vectors import VectorBatch, VectorSpace

ENGINES = ("lucene", "flat")
SHARDS = (1, 2, 4)
REPLICAS = (1, 2)
CLIENTS = 8
K = 100


@dataclass
class Slice:
    """Part ``number`` of ``of`` parts of other vectors."""

    whole: MixedVectors
    number: int
    of: int

    @property
    def space(self) -> VectorSpace | None:
        return self.whole.space

    @property
    def vocabulary(self) -> Sequence[str]:
        return self.whole.vocabulary

    @property
    def total(self) -> None:
        return None

    def batches(self) -> Iterator[VectorBatch]:
        return self.whole.batches(self.number, self.of)


class Load(NamedTuple):
    """What a round took: queries per second, the milliseconds of each query, and those of processor time per query."""

    rate: float
    milliseconds: list[float]
    processor: float


def main(
    rounds: int = 3,
    collection: Path | None = None,
    size: int = 48_000,
    queries: int = 100,
    encoder: str = "english",
    replicas: Sequence[int] = REPLICAS,
) -> Report:
    """Build the shards, compare what they find, and send the same queries to each from several clients."""
    english = English((collection,) if collection else COLLECTIONS)
    base = english.vectors()
    source = MixedVectors(base, size)
    given = english.queries(encoder, queries)
    rows: list[Row] = []
    with TemporaryDirectory() as temporary:
        folders: dict[int, list[Path]] = {}
        built: list[IndexSummary] = []
        for shards in SHARDS:
            folders[shards] = [Path(temporary) / f"{shards}" / f"{number}" for number in range(shards)]
            for number, folder in enumerate(folders[shards]):
                built.append(build_index(Slice(source, number, shards), folder, engine=",".join(ENGINES)))
        searchers = {
            _name(engine, shards): DiscoSearcher(folders[shards], Given(given), engine)
            for engine in ENGINES
            for shards in SHARDS
        }
        found = {name: searcher.batch_search(list(given), list(given), K) for name, searcher in searchers.items()}
        measured = interleave({name: partial(send, each, given) for name, each in searchers.items()}, rounds)
        for searcher in searchers.values():
            searcher.close()
        if replicas and has_extra("ray"):
            measured |= _on_ray(folders, given, rounds, replicas)
        rows = [
            *(
                Row("queries per second", "1/s", name, [load.rate for load in loads])
                for name, loads in measured.items()
            ),
            *(
                Row(f"p{p}", "ms", name, [float(np.percentile(load.milliseconds, p)) for load in loads])
                for p in (50, 99)
                for name, loads in measured.items()
            ),
            *(
                Row("processor time", "ms/query", name, [load.processor for load in loads])
                for name, loads in measured.items()
                if name in searchers
            ),
            *_sizes(folders[1][0], built[0]),
        ]
    first = found[_name("flat", 1)]
    same = all(each == first for each in found.values())
    return Report(
        "sharded-search",
        f"{base.total:,} real passages ({english.name.replace('+', ' and ')}) and documents mixed of them, {size:,} in "
        f"all; {len(given)} conversations, encoded with `{encoder}`, from {CLIENTS} clients at once, {K} hits. Shards "
        "in one process share its cores; those on Ray Serve are processes of their own (flat engine), on the same "
        "cores. Processor time: of the searching process.",
        ("disco-pyserini", "pyserini", "numba"),
        rows,
        (),
        [Check("documents, scores and order of all numbers of shards", "equal" if same else "different", same)],
        {"Java": jvm.choose_java().version},
    )


def send(searcher: DiscoSearcher, queries: Mapping[str, object]) -> Load:
    """Send every query once, from `CLIENTS` threads."""

    def ask(qid: str) -> float:
        began = perf_counter()
        len(searcher.search(qid, K))
        return 1000 * (perf_counter() - began)

    began, processor = perf_counter(), process_time()
    with ThreadPoolExecutor(CLIENTS) as pool:
        milliseconds = list(pool.map(ask, queries))
    return Load(
        len(queries) / (perf_counter() - began), milliseconds, 1000 * (process_time() - processor) / len(queries)
    )


def _on_ray(
    folders: Mapping[int, list[Path]], queries: dict[str, dict[str, int]], rounds: int, replicas: Sequence[int]
) -> dict[str, list[Load]]:
    """Measure one number of shards and replicas after the other: together, they would not fit into memory."""
    from disco_pyserini.ray.cluster import connected
    from disco_pyserini.ray.serving import Replicas

    measured = {}
    with connected("local"):
        for shards in SHARDS:
            for number in replicas:
                opener = Replicas(number, seconds=300).open
                with DiscoSearcher(folders[shards], Given(queries), "flat", open_searcher=opener) as searcher:
                    send(searcher, queries)
                    name = f"{_name('Ray Serve', shards)}, {number} {'replica' if number == 1 else 'replicas'}"
                    measured[name] = [send(searcher, queries) for _ in range(rounds)]
    return measured


def _name(what: str, shards: int) -> str:
    return f"{what}, {shards} {'shard' if shards == 1 else 'shards'}"


def _sizes(index: Path, summary: IndexSummary) -> Iterator[Row]:
    for engine in ENGINES:
        files = [path for path in (index / "flat" if engine == "flat" else index).iterdir() if path.is_file()]
        size = sum(path.stat().st_size for path in files) / summary.documents
        yield Row("size, without texts", "bytes/document", engine, [size])
        yield Row("postings", "per document", engine, [summary.postings / summary.documents])
