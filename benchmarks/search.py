"""Milliseconds per query of several engines on real English vectors, how exact they are, and their memory.

Conversations by a query encoder of the package. Engines of other packages are left out where they are not installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, thread_time
from typing import NamedTuple

import numpy as np

from benchmarks.demo_passages import cache
from benchmarks.engines import (
    BMP,
    ENGINES,
    FLAT,
    LUCENE,
    PYSERINI,
    SEISMIC,
    SPLADE_INDEX,
    Ask,
    Found,
    installed,
    open_engine,
)
from benchmarks.english import COLLECTIONS, English, spread
from benchmarks.measure import interleave, run_python
from benchmarks.results_page import Check, Report, Row, Target, fewer_terms
from disco_pyserini.evaluation import Evaluation, evaluate
from disco_pyserini.files import write_aside
from disco_pyserini.lucene import jvm

DEPTHS = (10, 100, 1000)
PERCENTILES = (50, 95, 99)
LARGE = 400_000
QUERY_TERMS = (8, 12, 20, 32)
RECALLS = (0.97, 0.99)
"""What Seismic is set to reach."""
MEASURES = ("nDCG@10", "R@100")
_SETTINGS = [(cut, factor) for cut in (5, 10, 15, 20, 30, 50) for factor in (1.0, 0.9, 0.8, 0.7, 0.5)]
_TUNED_WITH = 30
PACKAGES = {"numba": FLAT, "splade-index": SPLADE_INDEX, "pyseismic-lsr": SEISMIC, "bmp": BMP}


class Queries(NamedTuple):
    """Conversations by name: those that are timed, others that Seismic's settings are chosen with, and judged ones."""

    timed: dict[str, dict[str, int]]
    tuning: dict[str, dict[str, int]]
    judged: dict[str, dict[str, int]]
    grades: dict[str, Mapping[str, int]]


class Times(NamedTuple):
    """Milliseconds of each query, of the processor and of the clock."""

    processor: list[float]
    wall: list[float]


def main(
    rounds: int = 3,
    sizes: Sequence[int] = (48_000, 480_000),
    queries: int = 100,
    conversations: int = 300,
    encoder: str = "english",
    collection: Path | None = None,
) -> Report:
    """Build every engine of the same vectors, compare what they find, and measure them in turns."""
    english = English((collection,) if collection else COLLECTIONS)
    base = english.vectors()
    chosen = choose(english, encoder, queries, conversations)
    rows: list[Row] = []
    checks: list[Check] = []
    targets: list[Target] = []
    for size in sizes:
        folder = cache() / f"{english.name}.{size}"
        build(english, folder, size, chosen, installed())
        found = _Size(folder, size, chosen)
        rows += [*found.rows(rounds), *found.memory(), *found.kept()]
        checks += found.agreement()
        targets += compare(rows, size)
    terms = sorted(map(len, chosen.timed.values()))[len(chosen.timed) // 2]
    missing = [name for name in ENGINES if name not in installed()]
    return Report(
        "search",
        f"{base.total:,} real passages ({english.name.replace('+', ' and ')}) and documents mixed of them "
        f"(`benchmarks/mixed_vectors.py`), encoded with `english`; {len(chosen.timed)} conversations of {terms} terms "
        f"(median), encoded with `{encoder}`. One query at a time on one thread, from the query's vector to document "
        "ids and scores. p50, p95 and p99 are milliseconds of processor time of the searching thread, without Java's "
        "compiler and garbage collector; wall p50 and p99 are those of the clock. Recall: the share of the best k "
        "documents that is found (any document that ties with the k-th best counts). Seismic is set to the fastest of "
        f"{len(_SETTINGS)} settings with which it reaches a recall on {len(chosen.tuning)} other conversations. "
        "Memory: peak resident memory of a process that opens the index and answers these queries. Kept: the share of "
        f"a measure that is left with fewer query terms ({len(chosen.judged)} judged conversations)."
        + (f" Not installed: {', '.join(missing)}." if missing else ""),
        ("disco-pyserini", "pyserini", *(package for package, name in PACKAGES.items() if name in installed())),
        rows,
        targets,
        checks,
        {"Java": jvm.choose_java().version},
        matrix=True,
    )


def choose(english: English, encoder: str, timed: int, every: int) -> Queries:
    """Choose conversations for each purpose, spread over the collections."""
    vectors = english.queries(encoder, every)
    chosen = spread(vectors, timed)
    rest = {qid: vector for qid, vector in vectors.items() if qid not in chosen}
    grades = english.grades()
    return Queries(
        chosen, spread(rest, _TUNED_WITH) or chosen, {qid: vectors[qid] for qid in vectors if qid in grades}, grades
    )


def build(english: English, folder: Path, size: int, queries: Queries, names: Sequence[str]) -> None:
    """Build what is missing, each engine in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    vectors = cache() / f"{english.name}.english"
    for name, value in (("size", {"vectors": str(vectors), "size": size}), ("queries", queries.timed)):
        with write_aside(folder / f"{name}.json") as file:
            json.dump(value, file)
    for name in names:
        done = folder / f"{ENGINES[name].folder}.built"
        if not done.exists():
            run_python(["-m", "benchmarks.engines", "build", name, folder])
            done.touch()


class _Size:
    """What is measured with one number of documents.

    Args:
        folder: where the engines were built.
        size: the number of documents.
        queries: the conversations.
    """

    def __init__(self, folder: Path, size: int, queries: Queries) -> None:
        self._folder, self._size, self._queries = folder, size, queries
        everything = queries.timed | queries.tuning | queries.judged
        self._asks = {name: open_engine(name, folder, everything) for name in installed()}
        self._depths = [k for k in DEPTHS if k <= size]

    def rows(self, rounds: int) -> Iterator[Row]:
        """Measure every engine in turns."""
        for k in self._depths:
            contenders = {name: partial(ask, k=k) for name, ask in self._contenders(k)}
            exact = {qid: self._exact(qid, k) for qid in self._queries.timed}
            times = interleave(
                {name: partial(times_of, ask, self._queries.timed) for name, ask in contenders.items()}, rounds
            )
            what = f"{self._size:,} documents, k = {k}"
            for percentile in PERCENTILES:
                for name, every in times.items():
                    values = [float(np.percentile(one.processor, percentile)) for one in every]
                    yield Row(f"{what}: p{percentile}", "ms", name, values)
            for percentile in (50, 99):
                for name, every in times.items():
                    values = [float(np.percentile(one.wall, percentile)) for one in every]
                    yield Row(f"{what}: wall p{percentile}", "ms", name, values)
            for name, ask in contenders.items():
                yield Row(f"{what}: recall", "of 1", name, [_recall(ask, exact, k)])

    def memory(self) -> Iterator[Row]:
        """Measure the memory and the files of every engine."""
        return memory(self._folder, self._size, list(self._asks))

    def agreement(self) -> Iterator[Check]:
        """Compare the exact engines."""
        return agreement(self._asks, self._size, self._depths[-1], self._queries)

    def kept(self) -> Iterator[Row]:
        """Measure how much of the measures is left with a query's heaviest terms."""
        judged, depth = self._queries.judged, min(100, self._size)
        grades = {qid: dict(self._queries.grades[qid]) for qid in judged}

        def scores(terms: int | None) -> Evaluation:
            found = {qid: self._asks[LUCENE](qid, depth, query_terms=terms) for qid in judged}
            return evaluate({qid: dict(zip(*hits, strict=True)) for qid, hits in found.items()}, grades, MEASURES)

        full = scores(None)
        for terms in QUERY_TERMS:
            pruned = scores(terms)
            for name in MEASURES:
                kept = pruned.mean(name) / full.mean(name)
                yield Row(f"{self._size:,} documents: {name} kept", "of 1", fewer_terms(terms), [kept])

    def _contenders(self, k: int) -> Iterator[tuple[str, Ask]]:
        for name, ask in self._asks.items():
            if name != SEISMIC:
                yield name, ask
        for terms in QUERY_TERMS:
            yield fewer_terms(terms), partial(self._asks[LUCENE], query_terms=terms)
        if SEISMIC in self._asks:
            for recall, (cut, factor) in self._tuned(k).items():
                name = f"{SEISMIC} for {recall} (query_cut {cut}, heap_factor {factor})"
                yield name, partial(self._asks[SEISMIC], query_cut=cut, heap_factor=factor)

    def _tuned(self, k: int) -> dict[float, tuple[int, float]]:
        """Return Seismic's fastest settings by the recall that they reach; the most exact ones if none reaches it."""
        exact = {qid: self._exact(qid, k) for qid in self._queries.tuning}
        found = []
        for cut, factor in _SETTINGS:
            ask = partial(self._asks[SEISMIC], k=k, query_cut=cut, heap_factor=factor)
            found.append((_recall(ask, exact, k), sum(times_of(ask, exact).processor), (cut, factor)))
        best = max(recall for recall, _, _ in found)
        return {
            wanted: min((time, setting) for recall, time, setting in found if recall >= min(wanted, best))[1]
            for wanted in RECALLS
        }

    def _exact(self, qid: str, k: int) -> tuple[set[str], int]:
        """Return every document that scores at least as much as the k-th best, and the number of hits."""
        docids, scores = self._asks[FLAT if FLAT in self._asks else LUCENE](qid, min(self._size, 2 * k))
        if len(docids) <= k:
            return set(docids), len(docids)
        return {docid for docid, score in zip(docids, scores, strict=True) if round(score) >= round(scores[k - 1])}, k


def memory(folder: Path, size: int, names: Sequence[str]) -> Iterator[Row]:
    """Measure the memory and the files of engines that were built in a folder."""
    what = f"{size:,} documents"
    for name in names:
        peak = run_python(["-m", "benchmarks.engines", "answer", name, folder]).megabytes
        yield Row(f"{what}: memory", "MB", name, [peak])
        files = [file for file in (folder / ENGINES[name].folder).rglob("*") if file.is_file()]
        yield Row(f"{what}: files", "MB", name, [sum(file.stat().st_size for file in files) / 1e6])


def agreement(asks: Mapping[str, Ask], size: int, k: int, queries: Queries) -> Iterator[Check]:
    """Compare exact engines with Lucene."""
    lucene = {qid: asks[LUCENE](qid, k) for qid in queries.timed}
    # splade-index orders ties differently.
    for name, what, equal in (
        (FLAT, "documents, scores and order", _same),
        (PYSERINI, "documents, scores and order", _same),
        (SPLADE_INDEX, "scores", _same_scores),
    ):
        if name in asks:
            same = all(equal(asks[name](qid, k), lucene[qid]) for qid in queries.timed)
            what = f"{size:,} documents, k = {k}: {what} of {LUCENE} and {name}"
            yield Check(what, "equal" if same else "different", same)


def times_of(ask: Ask, queries: Mapping[str, object]) -> Times:
    """Answer queries one after the other."""
    times = Times([], [])
    for qid in queries:
        wall, processor = perf_counter(), thread_time()
        ask(qid)
        times.processor.append(1000 * (thread_time() - processor))
        times.wall.append(1000 * (perf_counter() - wall))
    return times


def _recall(ask: Callable[[str], Found], exact: Mapping[str, tuple[set[str], int]], k: int) -> float:
    shares = [min(1.0, len(best & set(ask(qid)[0][:k])) / number) for qid, (best, number) in exact.items() if number]
    return float(np.mean(shares))


def _same(one: Found, other: Found) -> bool:
    """Whether documents, order and scores are equal, the latter as 32-bit numbers."""
    return list(one[0]) == list(other[0]) and np.array_equal(np.float32(one[1]), np.float32(other[1]))


def _same_scores(one: Found, other: Found) -> bool:
    return [round(score) for score in one[1] if score] == [round(score) for score in other[1] if score]


def compare(rows: Sequence[Row], size: int) -> Iterator[Target]:
    """Compare the flat engine with Lucene and with splade-index."""
    times = {(row.quantity, row.contender): row.median for row in rows}
    # In a large collection, the fixed costs of a query count for less.
    least = 2.0 if size >= LARGE else 1.0
    for k in DEPTHS:
        for percentile in ("p50", "p99"):
            what = f"{size:,} documents, k = {k}: {percentile}"
            for other, factor in ((SPLADE_INDEX, least), (LUCENE, 4.0)):
                if (what, other) in times and (what, FLAT) in times:
                    yield Target(f"{what}, {other} against {FLAT}", times[what, other] / times[what, FLAT], factor)
    memory = f"{size:,} documents: memory"
    if (memory, SPLADE_INDEX) in times and (memory, FLAT) in times:
        found = times[memory, FLAT] / times[memory, SPLADE_INDEX]
        yield Target(f"{memory}, {FLAT} against {SPLADE_INDEX}", found, 0.5, at_most=True)
