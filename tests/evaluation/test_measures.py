from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from disco_pyserini.datasets.turns import depth_of
from disco_pyserini.errors import InputError
from disco_pyserini.evaluation import Evaluation, evaluate
from disco_pyserini.trec import read_run

QRELS = {"a_1": {"x": 1, "y": 2}, "a_2": {"z": 1}, "b_1": {"x": 1}}
RUN = {"a_1": {"w": 3.0, "x": 2.0, "y": 1.0}, "a_2": {"z": 1.0}}


def test_means_count_judged_queries_that_the_run_lacks_as_zero() -> None:
    result = evaluate(RUN, QRELS, ["MRR", "R@2"])
    assert result.queries == 3
    assert result.by_query["MRR"] == {"a_1": 0.5, "a_2": 1.0, "b_1": 0.0}
    assert result.mean("MRR") == pytest.approx(0.5)
    assert result.by_query["R@2"] == {"a_1": 0.5, "a_2": 1.0, "b_1": 0.0}


def test_by_depth_splits_the_same_values() -> None:
    groups = evaluate(RUN, QRELS, ["MRR"]).by_depth({"a_1": 1, "a_2": 2, "b_1": 1})
    assert {depth: (group.queries, group.mean("MRR")) for depth, group in groups.items()} == {1: (2, 0.25), 2: (1, 1.0)}


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown measure 'nDGC@3'"):
        evaluate(RUN, QRELS, ["nDGC@3"])
    with pytest.raises(InputError, match="share no query id"):
        evaluate({"7": {"x": 1.0}}, QRELS)
    path = tmp_path / "run.txt"
    path.write_text("1 Q0 d 1 2.5 tag\n1 Q0 d\n")
    with pytest.raises(InputError, match=r"run\.txt:2: expected 'qid Q0 docid rank score tag'"):
        read_run(path)


@pytest.mark.parametrize(("qid", "depth"), [("31_4", 4), ("1-2_10", 10), ("132_1-3", 3), ("dw-000012_3", 3)])
def test_depth_of_query_ids(qid: str, depth: int) -> None:
    assert depth_of(qid) == depth


def test_estimates_have_confidence_intervals() -> None:
    """scipy's own interval of a mean is the independent computation."""
    from scipy.stats import t

    values = {"1_1": 1.0, "2_1": 0.0, "3_1": 0.5, "4_1": 0.25}
    estimate = Evaluation({"RR": values}).estimate("RR")
    low, high = t.interval(0.95, 3, loc=0.4375, scale=np.std(list(values.values()), ddof=1) / 2)
    assert (estimate.mean, estimate.queries) == (0.4375, 4)
    assert estimate.half_width == pytest.approx((high - low) / 2)
    assert Evaluation({"RR": {"1_1": 1.0}}).estimate("RR") == (1.0, 1, None)
