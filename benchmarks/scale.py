"""Whether time per passage and memory stay the same from 10,000 passages to 1,000,000: encode, index, search."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter

from benchmarks.demo_passages import ENCODER, cached, demo_index, demo_queries, demo_vectors, first_vectors
from benchmarks.given import Given
from benchmarks.measure import ROUNDS, interleave, run_python, seconds
from benchmarks.results_page import Check, Report, Row, Target, median
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.encoding import document_encoder
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.search.searcher import DiscoSearcher

SIZES = (10_000, 100_000, 1_000_000)
LAST = 1_000
QUERIES = 100
# The largest index takes most of a minute.
MOST_BUILDS = 3
# A short build alone, right after one of the largest, is disturbed by what that left to do for the disk and for Java.
LEAST_BUILT = 100_000
ENCODING, INDEXING, SEARCHING = "encoding the last passages", "indexing", "searching, k = 100"


def main(rounds: int = ROUNDS, sizes: Sequence[int] = SIZES) -> Report:
    """Measure every size in turns, and the memory of each in a process of its own."""
    largest = max(sizes)
    demo_vectors(largest)
    names = {size: f"{size:,} passages" for size in sizes}
    last = min(LAST, *sizes)
    rows = []

    encoder = document_encoder(ENCODER)
    texts = {
        size: [p.contents for p in islice(DemoWorld(size=largest).passages(), size - last, size)] for size in sizes
    }
    times = interleave({size: seconds(partial(encoder.vectors, texts[size])) for size in sizes}, rounds)
    rows += [Row(ENCODING, "ms/passage", names[size], [1000 * t / last for t in times[size]]) for size in sizes]

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "index"
        times = interleave({size: partial(_builds, size, largest, target) for size in sizes}, min(rounds, MOST_BUILDS))
    rows += [Row(INDEXING, "µs/passage", names[size], [1e6 * t / size for t in times[size]]) for size in sizes]

    vectors, _ = demo_queries(min(sizes), QUERIES)
    searchers = {size: DiscoSearcher(demo_index(size, largest), Given(vectors)) for size in sizes}
    times = interleave({size: partial(_search, searchers[size], vectors) for size in sizes}, rounds)
    rows += [Row(SEARCHING, "ms/query", names[size], [1000 * t for t in times[size]]) for size in sizes]
    found = [len(searchers[size].search(qid, 100)) for size in sizes for qid in vectors]
    for searcher in searchers.values():
        searcher.close()

    log = json.loads((cached(largest) / "encoding.json").read_text(encoding="utf-8"))
    peaks = {entry["passages"]: entry["peak_mb"] for entry in log}
    rows += [Row("encoding, memory", "MB", names[size], [peaks[size]]) for size in sizes if size in peaks]
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "queries.json"
        given.write_text(json.dumps(vectors), encoding="utf-8")
        for work in ("indexing", "searching"):
            for size in sizes:
                found_in = run_python(["-m", "benchmarks.scale", work, str(size), str(largest), str(given)])
                rows.append(Row(f"{work}, memory", "MB", names[size], [found_in.megabytes]))
    return Report(
        "scale",
        f"The first {', '.join(f'{size:,}' for size in sizes)} passages of the demo world, encoded with {ENCODER}. "
        f"Encoding: the last {last:,} passages of each size, two threads; memory of the run that encoded all passages. "
        "Indexing: from vectors on disk, one thread. Searching: the mean of "
        f"{len(vectors)} conversations, one at a time.",
        ("disco-pyserini", "pyserini", "pyjnius", "torch"),
        rows,
        [
            *(_flat(rows, quantity, [names[size] for size in sizes]) for quantity in (ENCODING, INDEXING)),
            Target(
                f"searching, time per query and passage, {names[largest]} against {names[min(sizes)]}",
                median(rows, SEARCHING, names[largest])
                / median(rows, SEARCHING, names[min(sizes)])
                * min(sizes)
                / largest,
                1.15,
                at_most=True,
            ),
        ],
        [Check("documents found by the queries", f"{min(found)} to {max(found)} each", min(found) > 0)],
        {"Java": jvm.choose_java().version},
    )


def _flat(rows: Sequence[Row], quantity: str, names: Sequence[str]) -> Target:
    medians = [median(rows, quantity, name) for name in names]
    return Target(f"{quantity}, the slowest size against the fastest", max(medians) / min(medians), 1.15, at_most=True)


def _builds(size: int, largest: int, target: Path) -> float:
    """The mean of as many builds as take long enough to be measured."""
    times = max(1, min(LEAST_BUILT, largest) // size)
    return sum(_build(size, largest, target) for _ in range(times)) / times


def _build(size: int, largest: int, target: Path) -> float:
    shutil.rmtree(target, ignore_errors=True)
    return build_index(first_vectors(size, largest), target).seconds


def _search(searcher: DiscoSearcher, vectors: dict[str, dict[str, int]]) -> float:
    began = perf_counter()
    for qid in vectors:
        searcher.search(qid, 100)
    return (perf_counter() - began) / len(vectors)


def _alone(work: str, size: int, largest: int, queries: Path) -> None:
    """Do one thing in a process of its own, for its memory."""
    if work == "indexing":
        with tempfile.TemporaryDirectory() as folder:
            _build(size, largest, Path(folder) / "index")
        return
    vectors = json.loads(queries.read_text(encoding="utf-8"))
    with DiscoSearcher(demo_index(size, largest), Given(vectors)) as searcher:
        _search(searcher, vectors)


if __name__ == "__main__":
    _alone(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
