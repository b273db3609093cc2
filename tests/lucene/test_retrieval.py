"""Searches find what Anserini's searcher finds; pruned ones score what they find exactly as the whole query does."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from small_indexes import LookUp, Vector, Vectors

from disco_pyserini.errors import InputError
from disco_pyserini.lucene import jvm, retrieval
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.search.engine import lower_ties
from disco_pyserini.search.hits import Hit
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.trec import write_run


def search(
    index: Path, queries: dict[str, Vector], k: int, query_terms: int | None = None, threads: int = 1
) -> dict[str, list[Hit]]:
    with DiscoSearcher(index, LookUp(queries)) as searcher:
        return searcher.batch_search(list(queries), list(queries), k, threads, query_terms)


@pytest.fixture(scope="module", name="queries")
def some_queries(queries: dict[str, Vector]) -> dict[str, Vector]:
    return dict(list(queries.items())[:100])


@pytest.mark.parametrize("k", [1, 10, 300])
def test_like_anserinis_searcher(index: Path, vectors: Vectors, queries: dict[str, Vector], k: int) -> None:
    jnius = jvm.start()
    searcher = jnius.autoclass("io.anserini.search.SimpleImpactSearcher")(str(index))
    in_all = {token for token in vectors.vocabulary if all(token in vector for vector in vectors.documents.values())}
    for qid, hits in search(index, queries, k).items():
        query = jnius.autoclass("java.util.HashMap")()
        for token, impact in queries[qid].items():
            if token not in in_all:
                query.put(token, jnius.autoclass("java.lang.Integer")(impact))
        assert hits == [Hit(hit.docid, hit.score) for hit in searcher.search(query, k)]
    searcher.close()


@pytest.mark.parametrize("k", [250, 400])
def test_ties_are_lowered_like_anserinis(tmp_path: Path, k: int) -> None:
    """A float of 16 shows a single millionth, one of 3000 only many of them: both must come out as Anserini's.

    Of 200 tied documents, those with the lowest ids are found.
    """
    documents = {f"d{i:03}": {"low" if i % 2 else "high": 2, f"only{i}": 1} for i in range(400)}
    build_index(Vectors(documents), tmp_path / "index")
    queries: dict[str, Vector] = {"q": {"low": 4, "high": 1500}}
    jnius = jvm.start()
    searcher = jnius.autoclass("io.anserini.search.SimpleImpactSearcher")(str(tmp_path / "index"))
    query = jnius.autoclass("java.util.HashMap")()
    for token, impact in queries["q"].items():
        query.put(token, jnius.autoclass("java.lang.Integer")(impact))
    expected = [(hit.docid, hit.score) for hit in searcher.search(query, k)]
    searcher.close()
    [hits] = search(tmp_path / "index", queries, k).values()
    assert [(hit.docid, hit.score) for hit in hits] == expected
    assert len({score for _, score in expected}) > k // 8


def test_as_many_terms_as_the_query_has_change_nothing(index: Path, queries: dict[str, Vector], tmp_path: Path) -> None:
    write_run(search(index, queries, 100), tmp_path / "full.txt")
    longest = max(map(len, queries.values()))
    write_run(search(index, queries, 100, query_terms=longest), tmp_path / "pruned.txt")
    assert (tmp_path / "pruned.txt").read_bytes() == (tmp_path / "full.txt").read_bytes()


@pytest.mark.parametrize("query_terms", [1, 4])
def test_pruned_searches_score_with_the_whole_query(
    index: Path, queries: dict[str, Vector], query_terms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "MOST_MORE_CANDIDATES", 10)
    full = search(index, queries, 2000)
    pruned = search(index, queries, 50, query_terms)
    assert pruned == search(index, queries, 50, query_terms, threads=3)
    missed = 0
    for qid, hits in pruned.items():
        exact = {hit.docid: round(hit.score) for hit in full[qid]}
        scores = [round(hit.score) for hit in hits]
        assert scores == [exact[hit.docid] for hit in hits]
        assert [hit.docid for hit in hits] == sorted(
            (hit.docid for hit in hits), key=lambda docid: (-exact[docid], docid)
        )
        missed += len({hit.docid for hit in full[qid][:50]} - {hit.docid for hit in hits})
    assert missed > 0, "the queries should be pruned, or nothing is tested"


def test_all_candidates_make_a_pruned_search_exact(
    index: Path, vectors: Vectors, queries: dict[str, Vector], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every document that holds a heavy term as a candidate, only those that hold none can be missing."""
    monkeypatch.setattr(retrieval, "MOST_MORE_CANDIDATES", vectors.total)
    full, pruned = search(index, queries, vectors.total), search(index, queries, vectors.total, query_terms=3)
    for qid, hits in pruned.items():
        heavy = sorted(
            (token for token in queries[qid] if token in set(vectors.vocabulary)),
            key=lambda token: (-queries[qid][token], token),
        )[:3]
        expected = [hit for hit in full[qid] if any(token in vectors.documents[hit.docid] for token in heavy)]
        assert [(hit.docid, round(hit.score)) for hit in hits] == [(h.docid, round(h.score)) for h in expected]


def test_pruning_needs_a_term(index: Path) -> None:
    with pytest.raises(InputError, match="expected query_terms to be at least 1, found 0"):
        search(index, {"q": {"tok1": 1}}, 10, query_terms=0)


def test_every_group_of_ties_starts_anew() -> None:
    scores = np.array([9, 7, 7, 7, 5, 5, 1], dtype=np.float32)
    lowered = lower_ties(scores)
    assert [round(float(a - b) * 1e6) for a, b in zip(scores, lowered, strict=True)] == [0, 0, 1, 2, 0, 1, 0]
    assert all(a > b for a, b in pairwise(lowered))
    assert lower_ties(scores[:0]).tolist() == []
