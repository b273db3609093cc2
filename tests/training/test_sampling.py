"""What is drawn: from where, how often, and the same again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.training.candidates import Candidates, TeacherLists
from disco_pyserini.training.sampling import STRATEGIES, Sampler, Sampling
from disco_pyserini.training.tolerance import Tolerance

CORPUS = 500
LENGTH = 100


def candidates(length: int = LENGTH, queries: int = 2, unscored_positive: bool = False) -> Candidates:
    """Ranks are rows: the document at rank r (from 0) is row r, with a score of ``length - r``; row 499 is relevant."""
    scores = {f"d{row}": float(length - row) for row in range(length)}
    if not unscored_positive:
        scores["d499"] = 42.5
    rows = {f"d{row}": row for row in range(CORPUS)}
    qrels = {f"q{query}": {"d499": 2, "d498": 1} for query in range(queries)}
    lists = TeacherLists(((qid, scores) for qid in qrels), qrels, qrels, Tolerance(0))
    return lists.candidates(rows, Tolerance(0))


def draws(strategy: str, times: int = 400, **settings: int) -> np.ndarray:
    sampling = Sampling(strategy=strategy, **{"candidates": 12, "skip": 10, "depth": 50, **settings})
    sampler = Sampler(candidates(), CORPUS, sampling, seed=1)
    return np.concatenate([sampler.draw(np.array([0]), step).documents for step in range(times)])


@pytest.mark.parametrize("strategy", STRATEGIES.names())
@pytest.mark.parametrize("number", [1, 2, 16, 90])
def test_draws_are_without_replacement_repeatable_and_leave_relevant_documents_out(strategy: str, number: int) -> None:
    sampler = Sampler(candidates(), CORPUS, Sampling(strategy=strategy, candidates=number, skip=5, depth=95), seed=1)
    drawn = sampler.draw(np.array([0, 1]), step=3)
    assert drawn.documents.shape == drawn.scores.shape == (2, 1 + number)
    for documents, scores in zip(*drawn, strict=True):
        assert documents[0] == 499
        assert scores[0] == 42.5
        assert len(set(documents.tolist())) == 1 + number
        assert not {498, 499} & set(documents[1:].tolist())
        for document, score in zip(documents[1:], scores[1:], strict=True):
            # What the teacher did not score has the lowest score of its list.
            assert score == max(LENGTH - document, 1)
    again = Sampler(candidates(), CORPUS, Sampling(strategy=strategy, candidates=number, skip=5, depth=95), seed=1)
    again.draw(np.array([1]), step=2)
    np.testing.assert_array_equal(again.draw(np.array([1]), step=3).documents[0], drawn.documents[1])
    if strategy != "top" and number == 16:
        other_seed = Sampler(
            candidates(), CORPUS, Sampling(strategy=strategy, candidates=number, skip=5, depth=95), seed=2
        )
        for other in (other_seed.draw(np.array([0]), 3), sampler.draw(np.array([0]), 4)):
            assert set(other.documents[0].tolist()) != set(drawn.documents[0].tolist())
        assert set(drawn.documents[0].tolist()) != set(drawn.documents[1].tolist())


def test_band_is_uniform_over_its_ranks() -> None:
    counts = Counter(draws("band", 2000)[:, 1:].ravel().tolist())
    assert set(counts) == set(range(10, 59)), "row 499 has a rank of the band, which holds 50"
    assert max(counts.values()) < 1.3 * min(counts.values())


def test_top_is_the_top() -> None:
    assert set(draws("top")[:, 1:].ravel().tolist()) == set(range(12))


def test_stratified_takes_one_of_each_stretch() -> None:
    drawn = draws("stratified", candidates=10)
    for place in range(10):
        assert set(drawn[:, 1 + place].tolist()) == set(range(10 * place, 10 * place + 10))


def test_proportional_follows_the_scores() -> None:
    counts = Counter(draws("proportional", 20_000, candidates=1)[:, 1:].ravel().tolist())
    upper, lower = (sum(counts[row] for row in rows) for rows in (range(50), range(50, 100)))
    assert upper / lower == pytest.approx(sum(range(51, 101)) / sum(range(1, 51)), rel=0.05)


def test_random_is_uniform_over_the_corpus() -> None:
    counts = Counter(draws("random", 5000)[:, 1:].ravel().tolist())
    assert set(counts) == set(range(CORPUS)) - {498, 499}
    assert np.std(list(counts.values())) < 1.2 * np.sqrt(5000 * 12 / 498)


def test_mixed_has_a_third_of_each() -> None:
    for row in draws("mixed", 50)[:, 1:].tolist():
        assert row[:4] == [0, 1, 2, 3]
        assert all(10 <= rank < 60 for rank in row[4:8])
    assert max(draws("mixed", 50)[:, 9:].ravel().tolist()) > 100


def test_an_unscored_positive_gets_the_best_score_of_the_list() -> None:
    for found, score in ((candidates(), 42.5), (candidates(unscored_positive=True), 100)):
        assert [rows.tolist() for rows in found.positives] == [[499], [499]]
        drawn = Sampler(found, CORPUS, Sampling(strategy="top"), seed=1).draw(np.array([0, 1]), 3)
        assert drawn.scores[:, 0].tolist() == [score, score]


def published(relevant: dict[str, int], **settings: int) -> Sampler:
    """The documents d0 to d99 have the scores 100 down to 1, so the rank of a document is its row."""
    scores = {f"d{row}": float(LENGTH - row) for row in range(LENGTH)}
    lists = TeacherLists([("q", scores)], {"q"}, {"q": relevant}, Tolerance(0))
    sampling = Sampling(**{"candidates": 12, "skip": 10, "depth": 50, **settings})
    return Sampler(lists.candidates({f"d{row}": row for row in range(CORPUS)}, Tolerance(0)), CORPUS, sampling, seed=1)


def test_the_band_is_cut_before_relevant_documents_are_taken_out() -> None:
    sampler = published({"d3": 1, "d30": 1, "d400": 1})
    drawn = np.concatenate([sampler.draw(np.array([0]), step).documents[0, 1:] for step in range(400)])
    # Neither the relevant document above the band nor the one in it lets another rank slip in.
    assert set(drawn.tolist()) == set(range(10, 60)) - {30}
    assert published({"d20": 1}, depth=12).too_short() == [0]
    assert published({"d3": 1}, depth=12).too_short() == []


@pytest.mark.parametrize(
    ("positive", "score"), [("d3", 90), ("d10", 90), ("d30", 70), ("d59", 41), ("d60", 90), ("d400", 90)]
)
def test_a_positive_outside_the_band_gets_the_best_score_of_the_band(positive: str, score: float) -> None:
    drawn = published({positive: 1}).draw(np.array([0]), 0)
    assert (drawn.documents[0, 0], drawn.scores[0, 0]) == (int(positive[1:]), score)


def test_one_of_several_positives_is_drawn_at_each_step() -> None:
    sampler = published({"d3": 2, "d30": 2, "d400": 2, "d50": 1})
    counts = Counter(int(sampler.draw(np.array([0]), step).documents[0, 0]) for step in range(3000))
    assert counts.keys() == {3, 30, 400}, "of the highest grade"
    assert max(counts.values()) < 1.2 * min(counts.values())


def test_lists_may_have_different_lengths_and_those_too_short_are_known() -> None:
    teacher = {f"q{n}": {f"d{row}": float(-row) for row in range(n)} for n in (40, 12, 25)}
    qrels = {qid: {"d499": 1} for qid in teacher}
    rows = {f"d{row}": row for row in range(CORPUS)}
    found = TeacherLists(teacher.items(), qrels, qrels, Tolerance(0)).candidates(rows, Tolerance(0))
    assert np.diff(found.offsets).tolist() == [40, 12, 25]
    sampler = Sampler(found, CORPUS, Sampling(), seed=0)
    assert sampler.too_short() == [1, 2]
    left = found.without([1])
    assert left.qids == ["q40", "q25"]
    assert left.ranking(1).documents.tolist() == list(range(25))
    assert Sampler(found, CORPUS, Sampling(strategy="random"), seed=0).too_short() == []


@pytest.mark.parametrize("fields", [{"candidates": 0}, {"skip": -1}, {"depth": 0}])
def test_impossible_settings_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"config: {next(iter(fields))}: expected "):
        Sampling.check(fields, "config")
    with pytest.raises(InputError, match="unknown sampling strategy 'best'"):
        Sampler(candidates(), CORPUS, Sampling(strategy="best"), seed=0)
