"""The terms of an explanation add up to the score of the search."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from small_indexes import ODD_TOKENS, LookUp, Vector, Vectors, index_by_anserini

import disco_pyserini
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.search.explanation import Explanation, TermScore
from disco_pyserini.search.searcher import BatchEncoder, DiscoSearcher

ALL = 2500
"""More than an index of these tests has documents."""


def check_explanations(searcher: DiscoSearcher, queries: list[str], seed: int, per_query: int) -> int:
    """Explain some documents of each query's ranking; return the number of terms that were compared."""
    generator = np.random.default_rng(seed)
    terms = 0
    for query in queries:
        hits = searcher.search(query, k=ALL)
        assert hits
        for place in generator.integers(0, len(hits), size=per_query):
            explanation = searcher.explain(query, hits[place].docid)
            assert explanation.docid == hits[place].docid
            # The search lowers equal scores by millionths.
            assert round(hits[place].score) == explanation.score
            assert list(explanation.terms) == sorted(explanation.terms, key=lambda term: (-term.score, term.token))
            assert min(term.score for term in explanation.terms) > 0
            terms += len(explanation.terms)
    return terms


def dot(query: Vector, document: Vector) -> dict[str, tuple[int, int]]:
    return {token: (impact, document[token]) for token, impact in query.items() if token in document}


@pytest.mark.slow
@pytest.mark.parametrize("built_by", ["index", "anserini_index"])
def test_random_vectors(
    built_by: str, vectors: Vectors, queries: dict[str, Vector], request: pytest.FixtureRequest
) -> None:
    index: Path = request.getfixturevalue(built_by)
    with DiscoSearcher(index, LookUp(queries)) as searcher:
        assert check_explanations(searcher, list(queries)[:60], seed=5, per_query=8) > 800


@pytest.mark.parametrize("by_anserini", [False, True])
def test_odd_tokens(by_anserini: bool, tmp_path: Path) -> None:
    documents: dict[str, Vector] = {
        f"d {i}|é": {token: 1 + (i * j) % 300 for j, token in enumerate(ODD_TOKENS) if (i + j) % 3} for i in range(60)
    }
    index = tmp_path / "index"
    if by_anserini:
        index = index_by_anserini(documents, tmp_path / "anserini")
    else:
        build_index(Vectors(documents), index)
    query: Vector = {token: 1 + 7 * j for j, token in enumerate(ODD_TOKENS)}
    with DiscoSearcher(index, LookUp({"q": query})) as searcher:
        for docid, document in documents.items():
            assert searcher.explain("q", docid) == Explanation.of(docid, dot(query, document))
        assert check_explanations(searcher, ["q"], seed=6, per_query=60) > 500


def test_documents_without_a_term_of_the_query(tmp_path: Path) -> None:
    documents: dict[str, Vector] = {"a": {"x": 2, "all": 9}, "b": {"y": 1, "all": 9}}
    build_index(Vectors(documents), tmp_path / "index")
    queries: dict[str, Vector] = {"q": {"x": 3, "all": 5, "unknown": 4}}
    with DiscoSearcher(tmp_path / "index", LookUp(queries)) as searcher:
        assert searcher.explain("q", "a") == Explanation("a", (TermScore("x", 3, 2),))
        assert searcher.explain("q", "b") == Explanation("b", ())
        assert searcher.explain("q", "b").score == 0


@pytest.mark.slow
def test_real_vectors(tmp_path: Path) -> None:
    world = DemoWorld(size=280)
    disco_pyserini.build_index(world.passages(), tmp_path / "index", encoder="disco-tiny")
    queries = [query.text("conversation") for query in world.queries("test")]
    with DiscoSearcher(tmp_path / "index") as searcher:
        assert check_explanations(searcher, queries, seed=7, per_query=10) > 500


def test_threads_explain_at_once(index: Path, vectors: Vectors, queries: dict[str, Vector]) -> None:
    encoder: BatchEncoder = LookUp(queries)
    with DiscoSearcher(index, encoder) as searcher:
        pairs = [(query, hit.docid) for query in list(queries)[:40] for hit in searcher.search(query, k=5)]
        alone = [searcher.explain(*pair) for pair in pairs]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda pair: searcher.explain(*pair), pairs))
            searched = list(pool.map(lambda pair: searcher.search(pair[0], k=5), pairs))
    assert together == alone
    scores: Mapping[tuple[str, str], int] = {pair: one.score for pair, one in zip(pairs, alone, strict=True)}
    assert [scores[query, hits[0].docid] for (query, _), hits in zip(pairs, searched, strict=True)] == [
        round(hits[0].score) for hits in searched
    ]
