"""Searching with rewrites: exact scores of several, compared with the products computed one by one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.fusion import RULES
from disco_pyserini.training.searched import Rewritten, search_all

TERMS = 40
DOCUMENTS = 30
SHARES = (0.7, 0.3)
GENERATOR = np.random.default_rng(1)


def vector(number: int) -> WeightVector:
    terms = np.sort(GENERATOR.choice(TERMS, number, replace=False)).astype(np.int32)
    return WeightVector(terms, GENERATOR.random(number, np.float32) + 0.1)


def dense(one: WeightVector) -> NDArray[np.float64]:
    filled = np.zeros(TERMS)
    filled[one.terms] = one.weights
    return filled


PASSAGES = [vector(12) for _ in range(DOCUMENTS)]
QUERIES = [Rewritten(f"q{number}", [vector(6), vector(9)], SHARES) for number in range(7)]
IDS = [f"d{row}" for row in range(DOCUMENTS)]


@pytest.fixture
def documents() -> DocumentVectors:
    return DocumentVectors.from_weights(IDS, PASSAGES, TERMS)


def products(query: Rewritten) -> NDArray[np.float64]:
    matrix = np.stack([dense(passage) for passage in PASSAGES])
    return np.stack([matrix @ dense(rewrite) for rewrite in query.rewrites])


@pytest.mark.parametrize("at_once", [1, 1 << 24])
def test_the_mean_is_found_and_scored_exactly(
    documents: DocumentVectors, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disco_pyserini.training.searched._SCORES_AT_ONCE", at_once)
    found = dict(search_all(documents, QUERIES, {}, depth=5))
    for query in QUERIES:
        exact = SHARES[0] * products(query)[0] + SHARES[1] * products(query)[1]
        best = np.argsort(-exact)[:5]
        assert list(found[query.qid]) == [IDS[row] for row in best]
        assert list(found[query.qid].values()) == pytest.approx(exact[best].tolist(), rel=1e-5)


@pytest.mark.parametrize("rule", ["max", "min", "z", "min-max"])
def test_other_rules_fuse_exact_scores_of_what_any_rewrite_finds(documents: DocumentVectors, rule: str) -> None:
    found = dict(search_all(documents, QUERIES, {}, depth=5, rule=rule))
    for query in QUERIES:
        scores = products(query)
        rows = sorted({row for one in scores for row in np.argsort(-one)[:5].tolist()})
        assert sorted(found[query.qid]) == sorted(IDS[row] for row in rows)
        expected = RULES.get(rule).fuse(scores[:, rows], np.array(SHARES))
        for row, score in zip(rows, expected.tolist(), strict=True):
            assert found[query.qid][IDS[row]] == pytest.approx(score, rel=1e-4)


def test_judged_documents_are_scored_and_distractors_take_half(documents: DocumentVectors) -> None:
    query = Rewritten("q", [vector(8)], distractor=vector(8))
    exact = products(query)[0]
    order = np.argsort(-exact)
    worst, best = IDS[order[-1]], IDS[order[0]]
    [(_, found)] = search_all(documents, [query], {"q": {worst: 0, best: 1, "elsewhere": 1}}, depth=6)
    ids = list(found)
    assert ids[:2] == [worst, best]
    assert ids[2:5] == [IDS[row] for row in order[1:4]]
    assert query.distractor is not None
    by_other_text = np.argsort(-np.stack([dense(passage) for passage in PASSAGES]) @ dense(query.distractor))
    assert ids[5:] == [docid for row in by_other_text if (docid := IDS[row]) not in ids[:5]][:3]
    assert list(found.values()) == pytest.approx([exact[IDS.index(docid)] for docid in ids], rel=1e-5)


def test_a_mean_vector_scores_like_the_mean_of_the_scores() -> None:
    query = QUERIES[0]
    mean = query.mean()
    assert mean.terms.dtype == np.int32
    assert np.diff(mean.terms).min() > 0
    assert dense(mean) == pytest.approx(0.7 * dense(query.rewrites[0]) + 0.3 * dense(query.rewrites[1]), rel=1e-6)
