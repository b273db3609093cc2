"""Documents per second from vectors on disk to an index: ``disco index`` on vector parts, Anserini's
``IndexCollection`` on its JSONL. The same vectors, one thread."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.random_vectors import TERMS, RandomVectors
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.index import build_index
from disco_pyserini.lucene.searcher import DiscoSearcher
from disco_pyserini.vectors import open_vectors

QUERIES = 100


class Given:
    """A query encoder whose queries are vectors already."""

    def __init__(self, vectors: Mapping[str, dict[str, int]]) -> None:
        self._vectors = vectors

    def encode_batch(self, texts: Sequence[Any]) -> list[dict[str, int]]:
        """Look the vectors up."""
        return [self._vectors[text] for text in texts]


def main(documents: int = 20_000, rounds: int = 3) -> None:
    """Build both indexes ``rounds`` times in turns, print a table, and check that both answer alike."""
    source = RandomVectors(documents)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source.write_jsonl(folder / "json" / "vectors.jsonl")
        source.write_parts(folder / "parts")
        times: dict[str, list[float]] = {"Anserini IndexCollection": [], "disco index": []}
        for _ in range(rounds):
            times["Anserini IndexCollection"].append(_anserini(folder))
            shutil.rmtree(folder / "ours", ignore_errors=True)
            times["disco index"].append(build_index(open_vectors(folder / "parts"), folder / "ours").seconds)
        _report(documents, times)
        same = _answers(folder / "ours") == _answers(folder / "anserini")
    print(f"the best 100 documents of {QUERIES} queries, their scores and order: {'equal' if same else 'DIFFERENT'}")
    if not same:
        raise SystemExit(1)


def _anserini(folder: Path) -> float:
    shutil.rmtree(folder / "anserini", ignore_errors=True)
    command = jvm.start().autoclass("io.anserini.index.IndexCollection")
    arguments = ["-collection", "JsonVectorCollection", "-generator", "DefaultLuceneDocumentGenerator", "-threads", "1"]
    arguments += ["-input", str(folder / "json"), "-index", str(folder / "anserini"), "-impact", "-pretokenized"]
    began = perf_counter()
    command.main([*arguments, "-quiet"])
    return perf_counter() - began


def _report(documents: int, times: Mapping[str, Sequence[float]]) -> None:
    java = jvm.choose_java()
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("pyserini", "pyjnius", "numpy"))
    print(f"{documents:,} vectors of about {TERMS} terms, one thread; {packages}, Java {java.version}")
    base = statistics.median(times["Anserini IndexCollection"])
    print(f"{'':26} {'documents/s, every round':>32} {'median':>8} {'ratio':>6}")
    for name, seconds in times.items():
        every = " ".join(f"{documents / second:,.0f}" for second in seconds)
        median = statistics.median(seconds)
        print(f"{name:26} {every:>32} {documents / median:>8,.0f} {base / median:>6.1f}")


def _answers(index: Path) -> dict[str, list[tuple[str, float]]]:
    queries = {f"query of {docid}": vector for docid, vector in RandomVectors(QUERIES, seed=1, terms=30).dictionaries()}
    with DiscoSearcher(index, Given(queries)) as searcher:
        results = searcher.batch_search(list(queries), list(queries), 100)
    return {qid: [(hit.docid, hit.score) for hit in hits] for qid, hits in results.items()}
