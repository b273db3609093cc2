"""Building the shards of an index on a Ray cluster, several at a time."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from time import perf_counter
from typing import Any

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.ray.cluster import room_for_workers
from disco_pyserini.ray.failures import Failure, cause, tried, where
from disco_pyserini.search.engine import DEFAULT_ENGINE, IndexSummary
from disco_pyserini.search.shard_building import RECORD, build_shard, finish_shards, plan_shards
from disco_pyserini.storage import AnyPath, open_path
from disco_pyserini.vectors.parts import VectorParts

logger = logging.getLogger(__name__)

_MOST_ATTEMPTS = 3

_LOOK = 10
"""Seconds after which it is looked whether what a shard waits for can still come."""


def build_shards_on_cluster(
    vectors: AnyPath | str,
    index: Path,
    shards: int,
    *,
    engine: str = DEFAULT_ENGINE,
    threads: int = 1,
    store_raw: bool = True,
    progress: Callable[[int], None] | None = None,
) -> IndexSummary:
    """Build an index in shards on the cluster that this process is connected to, or continue: see `build_shards`.

    The vectors and the folder of the index must be there under the same path on all nodes. A shard is a task with
    ``threads`` cores; what a node does not finish is built again, on another node if there is one.

    Raises:
        InputError: as `build_shards`; or ``index`` is not on storage that this machine shares with the nodes.
        DiscoError: a shard failed several times. The others are complete, and the same call continues.
    """
    began = perf_counter()
    vectors, index = open_path(vectors), index.absolute()
    if isinstance(vectors, Path):
        vectors = vectors.absolute()
    sources = plan_shards(vectors, index, shards, engine=engine, store_raw=store_raw)
    failed = _run(sources, index, engine, threads, store_raw, progress)
    if failed:
        raise DiscoError(
            f"{len(failed)} of {shards} shards failed: {'; '.join(failed)}: solve that, then the same command "
            "continues with them"
        )
    summary = replace(finish_shards(sources, index), seconds=perf_counter() - began)
    for left in index.glob(".shard-*.part"):  # of nodes that died
        rmtree(left, ignore_errors=True)
    return summary


def _run(
    sources: list[VectorParts],
    index: Path,
    engine: str,
    threads: int,
    store_raw: bool,
    progress: Callable[[int], None] | None,
) -> list[str]:
    """Build all shards; return why some could not be."""
    import ray

    needed = min(threads, max(room_for_workers().values()))
    build = ray.remote(_build)
    options = {"num_cpus": needed, "max_retries": 0, "scheduling_strategy": "SPREAD"}
    failed_on: defaultdict[int, set[str]] = defaultdict(set)
    tasks: dict[Any, int] = {}
    elsewhere: set[Any] = set()  # the tasks that may not run where their shard has failed

    def others(number: int) -> bool:
        """Whether there is a node where a shard has not failed."""
        return any(cores >= needed for node, cores in room_for_workers().items() if node not in failed_on[number])

    def begin(number: int) -> None:
        bad, selector = failed_on[number], None
        if bad and others(number):
            selector = {"ray.io/node-id": f"!in({','.join(bad)})"}
        task = build.options(**options, label_selector=selector)
        ref = task.remote(sources[number], index, number, engine, threads, store_raw)
        tasks[ref] = number
        if selector:
            elsewhere.add(ref)

    for number in range(len(sources)):
        begin(number)
    attempts: Counter[int] = Counter()
    failed: list[str] = []
    while tasks:
        ready, waiting = ray.wait(list(tasks), timeout=_LOOK)
        if not ready:
            for ref in waiting:
                if ref in elsewhere and not others(tasks[ref]):  # the other nodes have died: it would wait for ever
                    ray.cancel(ref)
                    begin(tasks.pop(ref))
            continue
        number = tasks.pop(ready[0])
        try:
            result = ray.get(ready[0])
        except ray.exceptions.RayError as problem:
            result = Failure(f"shard {number}", cause(problem))
        if isinstance(result, str):
            _check_visible(index / f"shard-{number:05}", result)
            logger.info(f"shard {number} is complete, built on {result}")
            if progress:
                progress(sources[number].total * len(engine.split(",")))
            continue
        attempts[number] += 1
        if result.node:
            failed_on[number].add(result.node)
        if result.bad_input or attempts[number] == _MOST_ATTEMPTS:
            failed.append(f"shard {number} on {result.where}: {result.reason}")
        else:
            logger.warning(f"{result.where}: {result.reason}: shard {number} is built again")
            begin(number)
    return failed


def _build(source: VectorParts, index: Path, number: int, engine: str, threads: int, store_raw: bool) -> str | Failure:
    """On a node: build a shard; return where."""

    def build() -> str:
        build_shard(source, index, number, engine=engine, threads=threads, store_raw=store_raw)
        return where()

    return tried(build)


def _check_visible(folder: Path, built_on: str) -> None:
    if not (folder / RECORD).exists():
        raise InputError(
            f"{folder}: {built_on} built this shard, but it is not there on this machine: expected --index on storage "
            "that all nodes and this machine share"
        )
