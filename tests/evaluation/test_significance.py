from __future__ import annotations

import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.evaluation.significance import holm, paired_t_test


def test_a_paired_t_test_by_hand() -> None:
    """Differences 1, 2, 3: mean 2, standard error 1/√3, t = 3.4641 on 2 degrees of freedom."""
    p = paired_t_test({"a": 1.0, "b": 3.0, "c": 5.0}, {"c": 2.0, "b": 1.0, "a": 0.0})
    assert p == pytest.approx(0.0741799, abs=1e-6)


def test_nothing_to_tell_apart() -> None:
    same = {"a": 0.5, "b": 0.25}
    assert paired_t_test(same, same) == 1.0
    assert paired_t_test({"a": 1.0}, {"a": 0.0}) == 1.0
    assert paired_t_test({"a": 1.0, "b": 1.0}, {"a": 0.0, "b": 0.0}) == 0.0
    with pytest.raises(InputError, match="1 and 2 queries, 1 of them in both"):
        paired_t_test({"a": 1.0}, same)


def test_holm_multiplies_and_never_decreases() -> None:
    corrected = holm({"w": 0.01, "x": 0.04, "y": 0.03, "z": 0.005})
    assert corrected == pytest.approx({"z": 0.02, "w": 0.03, "y": 0.06, "x": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}
    assert holm({}) == {}
