"""The main job on real conversations, with the commands of docs/collections.md. The docs report the same scores."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from disco_pyserini.datasets.collection import read_qrels, read_topics, read_turns, topic_texts, write_topics
from disco_pyserini.datasets.passages import read_passages
from disco_pyserini.encoding import document_encoder
from disco_pyserini.evaluation import DEFAULT_MEASURES, evaluate, read_run
from disco_pyserini.lucene.bm25 import Bm25Searcher, build_bm25_index
from disco_pyserini.lucene.searcher import DiscoSearcher, write_run

REPRODUCTION = Path(__file__).parents[1] / "docs" / "reproduction.md"
# Passages and judged turns of each.
SIZES = {"minicoll": (889, 355), "minicoll-cast2022-responses": (203, 193)}
CONDITIONS = [
    ("BM25", "utterance"),
    ("BM25", "human"),
    ("SPLADE", "utterance"),
    ("SPLADE", "human"),
    ("DiSCo", "conversation"),
]


def disco(*arguments: str | Path) -> str:
    words = [sys.executable, "-m", "disco_pyserini", *map(str, arguments)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def documented(collection: str) -> dict[tuple[str, str], list[float]]:
    """The rows of a collection's table: {(system, query): measures}."""
    section = REPRODUCTION.read_text(encoding="utf-8").split(f"`{collection}`", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (\w+) \| ([\w-]+) \|((?: \d\.\d+ \|)+)", section, flags=re.MULTILINE)
    return {(system, form): [float(cell) for cell in cells.split("|")[:-1]] for system, form, cells in rows}


@pytest.mark.parametrize("collection", SIZES)
def test_encode_index_search_evaluate(collection: str, shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / collection
    passages, judged = SIZES[collection]
    corpus = source / "corpus.jsonl"
    encoded = disco(
        "encode", "--encoder", "disco-tiny", "--corpus", source / "corpus.jsonl", "--output", tmp_path / "v"
    )
    assert f"{passages:,} passages" in encoded
    disco("index", "--vectors", tmp_path / "v", "--index", tmp_path / "index")
    build_bm25_index(read_passages(str(corpus)), tmp_path / "index.bm25")
    expected = documented(collection)
    assert list(expected) == CONDITIONS
    with (
        Bm25Searcher(tmp_path / "index.bm25") as bm25,
        DiscoSearcher(tmp_path / "index", document_encoder("disco-tiny")) as splade,
        DiscoSearcher(tmp_path / "index") as disco_searcher,
    ):
        searchers = {"BM25": bm25, "SPLADE": splade, "DiSCo": disco_searcher}
        for system, form in CONDITIONS:
            topics_path, run_path = tmp_path / f"{form}.tsv", tmp_path / f"{system}.{form}.txt"
            write_topics(topic_texts(read_turns(source / "turns.jsonl"), form)[0], topics_path)
            topics = read_topics(topics_path)
            write_run(searchers[system].batch_search(list(topics.values()), list(topics), 100, threads=2), run_path)
            result = evaluate(read_run(run_path), read_qrels(source / "qrels.txt"))
            assert result.queries == judged
            found = [result.mean(measure) for measure in DEFAULT_MEASURES]
            assert found == pytest.approx(expected[system, form], abs=0.003), f"{system}, {form}: measured {found}"
