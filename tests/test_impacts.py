from __future__ import annotations

import numpy as np

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
