"""Bytes and reading time of document vectors on disk: vector parts, Anserini's JSONL, and that gzipped."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from benchmarks.document_vectors import given_vectors, random_vectors
from benchmarks.measure import ROUNDS, interleave, seconds
from benchmarks.results_page import Check, Report, Row, Target, ratio
from disco_pyserini.exports.anserini_jsonl import export
from disco_pyserini.vectors import open_vectors

PARTS, JSONL, GZIPPED = "vector parts", "Anserini JSONL", "the same, gzipped"


def main(rounds: int = ROUNDS, size: int = 20_000, vectors: Path | None = None) -> Report:
    """Write the same vectors three times, and read them in turns."""
    source = given_vectors(vectors, size) if vectors else random_vectors(size)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = {
            PARTS: folder / "parts",
            JSONL: folder / "vectors.jsonl",
            GZIPPED: folder / "vectors.jsonl.gz",
        }
        source.write_parts(paths[PARTS])
        for name in (JSONL, GZIPPED):
            export(open_vectors(paths[PARTS]), paths[name])
        same = len({_read(path) for path in paths.values()}) == 1
        times = interleave({name: seconds(partial(_read, path)) for name, path in paths.items()}, rounds)
        rows = [Row("size", "MB", name, [_size(path) / 1e6]) for name, path in paths.items()]
        rows += [Row("reading", "s", name, values) for name, values in times.items()]
    return Report(
        "vectors-on-disk",
        f"{source.what}, all of them read.",
        ("disco-pyserini", "pyarrow"),
        rows,
        [
            Target(f"bytes of {JSONL}", ratio(rows, "size", PARTS, JSONL), 1 / 4, at_most=True),
            Target(f"bytes of {GZIPPED}", ratio(rows, "size", PARTS, GZIPPED), 2 / 3, at_most=True),
            Target(f"reading, {JSONL} against {PARTS}", ratio(rows, "reading", JSONL, PARTS), 5),
        ],
        [Check("postings, and the sum of impacts", "equal" if same else "different", same)],
    )


def _read(path: Path) -> tuple[int, int]:
    """Read everything; return the number of postings and the sum of impacts."""
    postings = total = 0
    for batch in open_vectors(path).batches():
        postings += int(batch.offsets[-1] - batch.offsets[0])
        total += int(batch.impacts.sum())
    return postings, total


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size
