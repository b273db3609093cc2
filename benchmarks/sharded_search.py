"""Queries per second and latency of an index in 1, 2 and 4 shards: in one process, and on replicas of Ray Serve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
import psutil

from benchmarks.english import COLLECTIONS, English
from benchmarks.given import Given
from benchmarks.measure import interleave
from benchmarks.mixed_vectors import MixedVectors
from benchmarks.results_page import Check, Report, Row
from disco_pyserini.lucene import jvm
from disco_pyserini.ray.cluster import connected
from disco_pyserini.ray.serving import Replicas
from disco_pyserini.search import DiscoSearcher, build_index
from disco_pyserini.search.engine import IndexSummary
from disco_pyserini.vectors import VectorBatch, VectorSpace

ENGINES = ("lucene", "flat")
SHARDS = (1, 2, 4)
"""Numbers of shards. One first: the others are compared with it."""
REPLICAS = (1, 2)
"""Numbers of replicas of each shard on Ray Serve."""
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
    """What a round took: queries per second, milliseconds of each query, and processor time per query, in milliseconds.

    That is the time of this process, which asks and merges, and that of the replicas.
    """

    rate: float
    milliseconds: list[float]
    server: float
    replicas: float


class Contender(NamedTuple):
    """A searcher, and the processes that search for it, besides this one."""

    searcher: DiscoSearcher
    replicas: Sequence[psutil.Process] = ()


def main(
    rounds: int = 3,
    collection: Path | None = None,
    size: int = 48_000,
    queries: int = 300,
    encoder: str = "english",
    shards: Sequence[int] = SHARDS,
    replicas: Sequence[int] = REPLICAS,
) -> Report:
    """Build the shards, compare what they find, and send the same queries to each from several clients."""
    english = English((collection,) if collection else COLLECTIONS)
    base = english.vectors()
    source = MixedVectors(base, size)
    given = english.queries(encoder, queries)
    with TemporaryDirectory() as temporary, ExitStack() as stack:
        folders: dict[int, list[Path]] = {}
        built: list[IndexSummary] = []
        for of in shards:
            folders[of] = [Path(temporary) / f"{of}" / f"{number}" for number in range(of)]
            for number, folder in enumerate(folders[of]):
                built.append(build_index(Slice(source, number, of), folder, engine=",".join(ENGINES)))
        contenders = {
            (of, engine): Contender(stack.enter_context(DiscoSearcher(folders[of], Given(given), engine)))
            for of in shards
            for engine in ENGINES
        }
        if replicas:
            stack.enter_context(connected("local"))
        for of in shards:
            for number in replicas:
                name = f"flat on Ray Serve, {number} {'replica' if number == 1 else 'replicas'} of each shard"
                contenders[of, name] = _on_ray(folders[of], given, number, stack)
        found = [each.searcher.batch_search(list(given), list(given), K) for each in contenders.values()]
        measured = interleave({name: partial(send, each, given) for name, each in contenders.items()}, rounds)
        rows = [*_rows(measured), *_sizes(folders[shards[0]], built[: shards[0]])]
    same = all(each == found[0] for each in found)
    return Report(
        "sharded-search",
        f"{base.total:,} real passages ({english.name.replace('+', ' and ')}) and documents mixed of them, {size:,} in "
        f"all; {len(given)} conversations, encoded with `{encoder}`, from {CLIENTS} clients at once, {K} hits. "
        "`lucene` and `flat` search all shards in one process; on Ray Serve, every replica is a process. All share the "
        "same cores. Server and replicas: processor time of the process that asks and merges, and of the replicas.",
        ("disco-pyserini", "pyserini", "numba", *(["ray"] if replicas else [])),
        rows,
        (),
        [Check("documents, scores and order of all contenders", "equal" if same else "different", same)],
        {"Java": jvm.choose_java().version},
        matrix=True,
    )


def send(contender: Contender, queries: Mapping[str, object]) -> Load:
    """Send every query once, from `CLIENTS` threads."""

    def ask(qid: str) -> float:
        began = perf_counter()
        len(contender.searcher.search(qid, K))
        return 1000 * (perf_counter() - began)

    began, used, used_by_replicas = perf_counter(), process_time(), _processor_time(contender.replicas)
    with ThreadPoolExecutor(CLIENTS) as pool:
        milliseconds = list(pool.map(ask, queries))
    seconds = perf_counter() - began
    each = 1000 / len(queries)
    server, replicas = process_time() - used, _processor_time(contender.replicas) - used_by_replicas
    return Load(len(queries) / seconds, milliseconds, each * server, each * replicas)


def _processor_time(processes: Iterable[psutil.Process]) -> float:
    """Seconds so far."""
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def _on_ray(folders: Sequence[Path], queries: dict[str, dict[str, int]], number: int, stack: ExitStack) -> Contender:
    """Start the replicas of shards; they end with the stack."""
    before = _replicas()
    opener = Replicas(number, seconds=300).open
    searcher = stack.enter_context(DiscoSearcher(folders, Given(queries), "flat", open_searcher=opener))
    return Contender(searcher, sorted(_replicas() - before, key=lambda process: process.pid))


def _replicas() -> set[psutil.Process]:
    """The processes of Ray Serve's replicas that run now."""
    children = psutil.Process().children(recursive=True)
    return {process for process in children if any("ServeReplica" in part for part in process.cmdline())}


def _rows(measured: Mapping[tuple[int, str], Sequence[Load]]) -> Iterator[Row]:
    for (of, name), loads in measured.items():
        table = f"{of} {'shard' if of == 1 else 'shards'}"
        yield Row(f"{table}: queries per second", "1/s", name, [load.rate for load in loads])
        for p in (50, 99):
            milliseconds = [float(np.percentile(load.milliseconds, p)) for load in loads]
            yield Row(f"{table}: p{p}", "ms", name, milliseconds)
        yield Row(f"{table}: server", "ms/query", name, [load.server for load in loads])
        if any(load.replicas for load in loads):
            yield Row(f"{table}: replicas", "ms/query", name, [load.replicas for load in loads])


def _sizes(shards: Sequence[Path], built: Sequence[IndexSummary]) -> Iterator[Row]:
    documents, postings = (sum(getattr(each, name) for each in built) for name in ("documents", "postings"))
    for engine in ENGINES:
        folders = [shard / "flat" if engine == "flat" else shard for shard in shards]
        size = sum(path.stat().st_size for folder in folders for path in folder.iterdir() if path.is_file())
        yield Row("index without texts: size", "bytes/document", engine, [size / documents])
        yield Row("index without texts: postings", "per document", engine, [postings / documents])
