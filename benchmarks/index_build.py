"""Documents per second from vectors on disk to an index: ``disco index`` on vector parts, Anserini's
``IndexCollection`` on its JSONL. The same vectors, one thread."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.measure import ROUNDS, interleave
from benchmarks.random_vectors import TERMS, RandomVectors
from benchmarks.report import Check, Report, Row, Target, median
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.index import build_index
from disco_pyserini.lucene.searcher import DiscoSearcher
from disco_pyserini.vectors import open_vectors

QUERIES = 100
OURS, ANSERINI = "disco index", "Anserini IndexCollection"


class Given:
    """A query encoder whose queries are vectors already."""

    def __init__(self, vectors: Mapping[str, dict[str, int]]) -> None:
        self._vectors = vectors

    def encode_batch(self, texts: Sequence[Any]) -> list[dict[str, int]]:
        """Look the vectors up."""
        return [self._vectors[text] for text in texts]


def main(documents: int = 20_000, rounds: int = ROUNDS) -> Report:
    """Build both indexes in turns, and check that both answer alike."""
    source = RandomVectors(documents)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source.write_jsonl(folder / "json" / "vectors.jsonl")
        source.write_parts(folder / "parts")
        times = interleave({OURS: lambda: _ours(folder), ANSERINI: lambda: _anserini(folder)}, rounds)
        same = _answers(folder / "ours") == _answers(folder / "anserini")
    speeds = {name: [documents / second for second in seconds] for name, seconds in times.items()}
    rows = [Row("documents", "/s", name, values) for name, values in speeds.items()]
    return Report(
        "index-build",
        f"{documents:,} random vectors of about {TERMS} terms, from files on disk to an index, one thread.",
        ("disco-pyserini", "pyserini", "pyjnius", "numpy"),
        rows,
        [
            Target(
                f"{OURS} against {ANSERINI}", median(rows, "documents", OURS) / median(rows, "documents", ANSERINI), 6
            )
        ],
        [
            Check(
                f"the best 100 documents of {QUERIES} queries, their scores and order",
                "equal" if same else "different",
                same,
            )
        ],
        {"Java": jvm.choose_java().version},
    )


def _ours(folder: Path) -> float:
    shutil.rmtree(folder / "ours", ignore_errors=True)
    return build_index(open_vectors(folder / "parts"), folder / "ours").seconds


def _anserini(folder: Path) -> float:
    shutil.rmtree(folder / "anserini", ignore_errors=True)
    command = jvm.start().autoclass("io.anserini.index.IndexCollection")
    arguments = ["-collection", "JsonVectorCollection", "-generator", "DefaultLuceneDocumentGenerator", "-threads", "1"]
    arguments += ["-input", str(folder / "json"), "-index", str(folder / "anserini"), "-impact", "-pretokenized"]
    began = perf_counter()
    command.main([*arguments, "-quiet"])
    return perf_counter() - began


def _answers(index: Path) -> dict[str, list[tuple[str, float]]]:
    queries = {f"query of {docid}": vector for docid, vector in RandomVectors(QUERIES, seed=1, terms=30).dictionaries()}
    with DiscoSearcher(index, Given(queries)) as searcher:
        results = searcher.batch_search(list(queries), list(queries), 100)
    return {qid: [(hit.docid, hit.score) for hit in hits] for qid, hits in results.items()}
