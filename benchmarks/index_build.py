"""Documents per second from vectors on disk to an index: ``disco index`` on vector parts, Anserini's
``IndexCollection`` on its JSONL. The same vectors, one thread."""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from disco_pyserini.datasets.collection import Passage
from disco_pyserini.impacts import DEFAULT_QUANTISER, ImpactVector
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.index import build_index
from disco_pyserini.lucene.searcher import DiscoSearcher
from disco_pyserini.vectors import VectorSpace, open_vectors, vocabulary_hash
from disco_pyserini.vectors.writer import write_parts

VOCABULARY = [f"tok{i}" for i in range(30_522)]
TERMS = 180
QUERIES = 100


class RandomVectors:
    """As many terms per passage, impacts and document frequencies as a SPLADE encoder makes on passages, roughly."""

    def __init__(self, size: int, seed: int = 0, terms: int = TERMS) -> None:
        generator = np.random.default_rng(seed)
        chances = 1 / (np.arange(len(VOCABULARY)) + 50)
        borders = np.cumsum(chances / chances.sum())
        self.vectors: list[ImpactVector] = []
        for length in np.clip(generator.normal(terms, terms / 4, size), 5, 2 * terms).astype(int):
            drawn = np.unique(np.searchsorted(borders, generator.random(3 * length)))
            row = np.sort(generator.permutation(drawn)[:length]).astype(np.int32)
            impacts = np.clip(generator.gamma(2, 25, len(row)), 1, 400).astype(np.uint16)
            self.vectors.append(ImpactVector(row, impacts))

    def dictionaries(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Read the vectors as {token: impact}, with the ids of their documents."""
        for number, (terms, impacts) in enumerate(self.vectors):
            tokens = map(VOCABULARY.__getitem__, terms.tolist())
            yield f"doc{number}", dict(zip(tokens, impacts.tolist(), strict=True))


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
        (folder / "json").mkdir()
        with (folder / "json" / "vectors.jsonl").open("w", encoding="utf-8") as lines:
            for docid, vector in source.dictionaries():
                lines.write(json.dumps({"id": docid, "contents": "", "vector": vector}) + "\n")
        _write_parts(source, folder / "parts")
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


def _write_parts(source: RandomVectors, folder: Path) -> None:
    space = VectorSpace("random", "random", "", vocabulary_hash(VOCABULARY), 256, DEFAULT_QUANTISER)
    passages = [Passage(f"doc{number}", str(number)) for number in range(len(source.vectors))]
    write_parts(folder, space, VOCABULARY, passages, lambda texts: [source.vectors[int(text)] for text in texts])


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
