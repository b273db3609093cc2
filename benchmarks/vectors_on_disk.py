"""Bytes and reading time of document vectors on disk: vector parts, Anserini's JSONL, and that gzipped."""

from __future__ import annotations

import statistics
import tempfile
from importlib import metadata
from pathlib import Path
from time import perf_counter

from benchmarks.random_vectors import TERMS, RandomVectors
from disco_pyserini.vectors import open_vectors
from disco_pyserini.vectors.jsonl import write_jsonl


def main(documents: int = 20_000, rounds: int = 3) -> None:
    """Write the same vectors three times, read each ``rounds`` times in turns, and print a table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = {
            "vector parts": folder / "parts",
            "Anserini JSONL": folder / "vectors.jsonl",
            "the same, gzipped": folder / "vectors.jsonl.gz",
        }
        RandomVectors(documents).write_parts(paths["vector parts"])
        for name in ("Anserini JSONL", "the same, gzipped"):
            write_jsonl(open_vectors(paths["vector parts"]), paths[name])
        seconds: dict[str, list[float]] = {name: [] for name in paths}
        for _ in range(rounds):
            checks = set()
            for name, path in paths.items():
                began = perf_counter()
                checks.add(_read(path))
                seconds[name].append(perf_counter() - began)
            if len(checks) != 1:
                raise SystemExit(f"the layouts hold different vectors: {checks}")
        print(f"{documents:,} vectors of about {TERMS} terms; pyarrow {metadata.version('pyarrow')}")
        base = _size(paths["vector parts"])
        print(f"{'':20} {'MB':>8} {'of parts':>9} {'reading, s':>11} {'of parts':>9}")
        fastest = statistics.median(seconds["vector parts"])
        for name, path in paths.items():
            size, time = _size(path), statistics.median(seconds[name])
            print(f"{name:20} {size / 1e6:>8.1f} {size / base:>8.1f}x {time:>11.2f} {time / fastest:>8.0f}x")


def _read(path: Path) -> tuple[int, int]:
    """Read everything; return the number of postings and the sum of impacts."""
    postings = total = 0
    for batch in open_vectors(path).batches():
        postings += int(batch.offsets[-1] - batch.offsets[0])
        total += int(batch.impacts.sum())
    return postings, total


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size
