from __future__ import annotations

import numpy as np
import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.impacts import Quantiser, WeightVector


def test_quantise_rounds_as_python_does() -> None:
    weights = np.random.default_rng(0).uniform(0, 5, 10_000).astype(np.float32)
    expected = [round(float(weight) / 5 * 256) for weight in weights]
    assert Quantiser().quantise(weights).tolist() == expected


def test_halves_round_to_even() -> None:
    halves = (np.arange(8) + 0.5) * 5 / 256
    assert Quantiser().quantise(halves.astype(np.float64)).tolist() == [0, 2, 2, 4, 4, 6, 6, 8]


def test_impacts_drop_zeros_and_keep_terms_in_order() -> None:
    vector = WeightVector(np.array([2, 5, 9], dtype=np.int32), np.array([0.001, 1.0, 5.0], dtype=np.float32))
    terms, impacts = Quantiser().impacts(vector)
    assert terms.tolist() == [5, 9]
    assert impacts.tolist() == [51, 256]


def test_dequantise_inverts_up_to_rounding() -> None:
    quantiser = Quantiser()
    weights = np.linspace(0, 6, 1000, dtype=np.float32)
    assert np.abs(quantiser.dequantise(quantiser.quantise(weights)) - weights).max() <= 5 / 256 / 2 + 1e-6


def test_distance_to_border_is_zero_where_rounding_changes() -> None:
    weights = np.array([0.5, 1.0, 1.5, 1.75]) * 5 / 256
    assert np.allclose(Quantiser().distance_to_border(weights), [0, 0.5, 0, 0.25])


@pytest.mark.parametrize("weight_range", [0, -5, float("nan"), float("inf"), "5", True, None])
def test_an_impossible_weight_range_is_refused(weight_range: object) -> None:
    with pytest.raises(InputError, match=r"expected weight_range to be a number above 0, found "):
        Quantiser(weight_range=weight_range)  # type: ignore[arg-type]


@pytest.mark.parametrize("quant_range", [0, -1, 65_536, 256.0, "256", True, None])
def test_an_impossible_quant_range_is_refused(quant_range: object) -> None:
    with pytest.raises(InputError, match=r"expected quant_range to be an integer from 1 to 65,535, found "):
        Quantiser(quant_range=quant_range)  # type: ignore[arg-type]


def test_the_largest_impact_is_kept_and_a_larger_one_refused() -> None:
    quantiser = Quantiser(weight_range=1.0, quant_range=65_535)
    assert quantiser.impacts(vector(1.0)).impacts.tolist() == [65_535]
    with pytest.raises(InputError, match=r"expected weights up to 1, .* 65,535, found 1\.5"):
        quantiser.impacts(vector(1.5))


@pytest.mark.parametrize("weight", [np.inf, np.nan, 3e38])
def test_impacts_never_wrap(weight: float) -> None:
    with pytest.raises(InputError, match="expected weights up to"):
        Quantiser().impacts(vector(weight))


def vector(weight: float) -> WeightVector:
    return WeightVector(np.array([2, 5], dtype=np.int32), np.array([0.0, weight], dtype=np.float32))
