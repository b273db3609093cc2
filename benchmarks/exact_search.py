"""The exact engines of `benchmarks.search` alone, up to a million documents: in minutes, where that takes hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.demo_passages import cache
from benchmarks.engines import FLAT, LUCENE, SPLADE_INDEX, Ask, installed, open_engine
from benchmarks.english import COLLECTIONS, English
from benchmarks.measure import interleave
from benchmarks.results_page import Check, Report, Row, Target, median
from benchmarks.search import DEPTHS, PACKAGES, Queries, agreement, build, choose, compare, memory, times_of
from disco_pyserini.lucene import jvm

NAMES = (LUCENE, FLAT, SPLADE_INDEX)


def main(
    rounds: int = 3,
    sizes: Sequence[int] = (48_000, 100_000, 480_000, 1_000_000),
    queries: int = 100,
    conversations: int = 300,
    encoder: str = "english",
    collection: Path | None = None,
) -> Report:
    """Build the engines of the same vectors, compare what they find, and measure them in turns."""
    english = English((collection,) if collection else COLLECTIONS)
    english.vectors()
    chosen = choose(english, encoder, queries, conversations)
    names = [name for name in NAMES if name in installed()]
    rows: list[Row] = []
    checks: list[Check] = []
    targets: list[Target] = []
    for size in sizes:
        folder = cache() / f"{english.name}.{size}"
        build(english, folder, size, chosen, names)
        asks = {name: open_engine(name, folder, chosen.timed) for name in names}
        depths = [k for k in DEPTHS if k <= size]
        for k in depths:
            rows += _times(asks, size, k, chosen, rounds)
        rows += memory(folder, size, names)
        checks += agreement(asks, size, depths[-1], chosen)
        targets += compare(rows, size)
    return Report(
        "exact-search",
        f"The vectors, queries and measures of `search`: {len(chosen.timed)} conversations, encoded with `{encoder}`. "
        "One query at a time on one thread. p50 and p99 are milliseconds of processor time of the searching thread, "
        "wall p50 is one of the clock. Memory: peak resident memory of a process that opens the index and answers "
        "these queries.",
        ("disco-pyserini", "pyserini", *(package for package, name in PACKAGES.items() if name in names)),
        rows,
        [*targets, *_growth(rows, sizes)],
        checks,
        {"Java": jvm.choose_java().version},
        matrix=True,
    )


def _times(asks: Mapping[str, Ask], size: int, k: int, queries: Queries, rounds: int) -> Iterator[Row]:
    contenders = {name: partial(times_of, partial(ask, k=k), queries.timed) for name, ask in asks.items()}
    times = interleave(contenders, rounds)
    for percentile in (50, 99):
        for name, every in times.items():
            values = [float(np.percentile(one.processor, percentile)) for one in every]
            yield Row(f"{size:,} documents, k = {k}: p{percentile}", "ms", name, values)
    for name, every in times.items():
        yield Row(f"{size:,} documents, k = {k}: wall p50", "ms", name, [float(np.median(one.wall)) for one in every])


def _growth(rows: Sequence[Row], sizes: Sequence[int]) -> Iterator[Target]:
    """Compare how the time and the number of documents grow."""
    *fewer, largest = sorted(sizes)
    for size in fewer if FLAT in installed() else ():
        for k in DEPTHS:
            if k <= size:
                few, many = (median(rows, f"{one:,} documents, k = {k}: p50", FLAT) for one in (size, largest))
                what = f"{FLAT}, k = {k}: p50 per document, {largest:,} documents against {size:,}"
                yield Target(what, many / few / (largest / size), 1, at_most=True)
