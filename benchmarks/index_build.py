"""Documents per second from vectors on disk to an index: ``disco index`` on vector parts, Anserini's
``IndexCollection`` on its JSONL. The same vectors, with one thread and with two."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.document_vectors import DocumentVectors, given_vectors, random_vectors
from benchmarks.given import Given
from benchmarks.measure import ROUNDS, interleave
from benchmarks.results_page import Check, Report, Row, Target, median
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.vectors import open_vectors

QUERIES = 100
OURS, ANSERINI = "disco index", "Anserini IndexCollection"
ONE, TWO = "documents, one thread", "documents, two threads"
THREADS = {ONE: 1, TWO: 2}


def main(rounds: int = ROUNDS, size: int = 10_000, vectors: Path | None = None, at_once: int = 200_000) -> Report:
    """Build both indexes in turns and check that both answer alike; then build one of ``at_once`` documents."""
    source = given_vectors(vectors, size) if vectors else random_vectors(size)
    documents = len(source.vectors)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # Anserini gives each file to one thread.
        source.write_jsonl(folder / "json", files=max(THREADS.values()))
        source.write_parts(folder / "parts")
        source.write_parts(folder / "many", at_once)
        for quantity, threads in THREADS.items():
            contenders = {OURS: partial(_ours, folder, threads), ANSERINI: partial(_anserini, folder, threads)}
            times = interleave(contenders, rounds)
            rows += [Row(quantity, "/s", name, [documents / t for t in seconds]) for name, seconds in times.items()]
        same = _answers(folder / "ours", source) == _answers(folder / "anserini", source)
        for quantity, threads in THREADS.items():
            seconds = _ours(folder, threads, "many")
            rows.append(Row(f"{at_once:,} {quantity}", "/s", OURS, [at_once / seconds]))
    return Report(
        "index-build",
        f"{source.what}, from files on disk to an index. {at_once:,} documents with these vectors: one round of "
        f"{OURS} only, since {ANSERINI} would take minutes per round.",
        ("disco-pyserini", "pyserini", "pyjnius", "numpy"),
        rows,
        [
            Target(
                f"{OURS} against {ANSERINI}, {quantity}",
                median(rows, quantity, OURS) / median(rows, quantity, ANSERINI),
                6,
            )
            for quantity in THREADS
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


def _ours(folder: Path, threads: int, vectors: str = "parts") -> float:
    shutil.rmtree(folder / "ours", ignore_errors=True)
    return build_index(open_vectors(folder / vectors), folder / "ours", threads=threads).seconds


def _anserini(folder: Path, threads: int) -> float:
    shutil.rmtree(folder / "anserini", ignore_errors=True)
    command = jvm.start().autoclass("io.anserini.index.IndexCollection")
    arguments = ["-collection", "JsonVectorCollection", "-generator", "DefaultLuceneDocumentGenerator", "-quiet"]
    arguments += ["-input", str(folder / "json"), "-index", str(folder / "anserini"), "-impact", "-pretokenized"]
    began = perf_counter()
    command.main([*arguments, "-threads", str(threads)])
    return perf_counter() - began


def _answers(index: Path, source: DocumentVectors) -> dict[str, list[tuple[str, float]]]:
    queries = source.queries(QUERIES)
    with DiscoSearcher(index, Given(queries)) as searcher:
        results = searcher.batch_search(list(queries), list(queries), 100)
    return {qid: [(hit.docid, hit.score) for hit in hits] for qid, hits in results.items()}
