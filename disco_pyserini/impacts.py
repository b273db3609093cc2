"""Quantise float weights to the integer impacts that Lucene stores as term frequencies, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError

LARGEST_IMPACT = 2**16 - 1
"""Stored vectors use 16 bits per impact."""


@dataclass(frozen=True, slots=True)
class Quantiser:
    """``impact = round(weight / weight_range * quant_range)``.

    The defaults are those of Pyserini's SPLADE encoder. Documents and queries must share them: a score is
    a sum of products of impacts, so mixing two quantisers changes rankings without any error message.

    Raises:
        InputError: ``weight_range`` is not positive, or ``quant_range`` not an integer from 1 to `LARGEST_IMPACT`.
    """

    weight_range: float = 5.0
    quant_range: int = 256

    def __post_init__(self) -> None:
        if type(self.weight_range) not in (int, float) or not 0 < self.weight_range < math.inf:
            raise InputError(f"expected weight_range to be a number above 0, found {self.weight_range!r:.80}")
        if type(self.quant_range) is not int or not 1 <= self.quant_range <= LARGEST_IMPACT:
            raise InputError(
                f"expected quant_range to be an integer from 1 to {LARGEST_IMPACT:,}, found {self.quant_range!r:.80}"
            )

    def quantise(self, weights: NDArray[np.floating]) -> NDArray[np.int64]:
        """Round weights (any shape) to impacts, half to even, in double precision as Pyserini does.

        Raises:
            InputError: an impact would be larger than `LARGEST_IMPACT`, or a weight is not a number.
        """
        impacts = np.rint(weights.astype(np.float64) / self.weight_range * self.quant_range)
        if not (valid := impacts <= LARGEST_IMPACT).all():
            raise InputError(
                f"expected weights up to {LARGEST_IMPACT * self.weight_range / self.quant_range:g}, whose impacts are "
                f"at most {LARGEST_IMPACT:,}, found {weights[~valid].max():g}: quantise with a larger weight range"
            )
        return impacts.astype(np.int64)

    def impacts(self, vector: WeightVector) -> ImpactVector:
        """Quantise a sparse vector and drop entries that round to 0.

        Raises:
            InputError: see `quantise`.
        """
        impacts = self.quantise(vector.weights)
        kept = impacts > 0
        return ImpactVector(vector.terms[kept], impacts[kept].astype(np.uint16))

    def dequantise(self, impacts: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the weights that the impacts represent."""
        return (impacts * (self.weight_range / self.quant_range)).astype(np.float32)

    def distance_to_border(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return each weight's distance, in impacts, to the nearest rounding boundary (0 to 0.5)."""
        scaled = weights.astype(np.float64) / self.weight_range * self.quant_range
        return np.abs(scaled - np.floor(scaled) - 0.5)


DEFAULT_QUANTISER = Quantiser()


class WeightVector(NamedTuple):
    """A sparse vector of float weights: token ids in ascending order, and the weight of each, never 0."""

    terms: NDArray[np.int32]
    weights: NDArray[np.float32]


class ImpactVector(NamedTuple):
    """A sparse vector of integer impacts: token ids in ascending order, and the impact of each, never 0."""

    terms: NDArray[np.int32]
    impacts: NDArray[np.uint16]
