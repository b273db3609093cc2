"""Terms that keep query vectors sparse: functions of (batch, vocabulary) weights that are never negative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from disco_pyserini.errors import InputError
from disco_pyserini.training.document_vectors import DocumentVectors

NAMES = ("none", "l1", "flops", "idf-flops")
WARMUPS = ("quadratic", "linear")


def l1(queries: Tensor) -> Tensor:
    """The mean over queries of the sum of their weights."""
    return queries.sum(dim=1).mean()


def flops(queries: Tensor) -> Tensor:
    """The sum over the vocabulary of the squared mean weight (Paria et al., ICLR 2020)."""
    return (queries.mean(dim=0) ** 2).sum()


def idf_flops(queries: Tensor, idf: Tensor) -> Tensor:
    """FLOPS of weights divided by their term's inverse document frequency (after Geng et al., arXiv 2411.04403).

    Frequent terms, whose postings are long, are pressed more than rare ones. ``idf`` (vocabulary,) is
    `DocumentVectors.inverse_document_frequency`.
    """
    return ((queries / idf.to(queries.device)).mean(dim=0) ** 2).sum()


@dataclass(frozen=True, slots=True)
class Regulariser:
    """A term, its weight, and how the weight grows over the first steps.

    Attributes:
        name: one of `NAMES`.
        weight: the weight once the warm-up is over.
        warmup: ``quadratic``, ``weight · (step / warmup_steps)²``, or ``linear``.
        warmup_steps: the length of the warm-up; 0 starts with the whole weight.
    """

    name: str = "none"
    weight: float = 0.0
    warmup: str = "quadratic"
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise InputError(f"unknown regulariser {self.name!r}: expected one of {', '.join(NAMES)}")
        if self.warmup not in WARMUPS:
            raise InputError(
                f"unknown warm-up {self.warmup!r} of the regulariser: expected one of {', '.join(WARMUPS)}"
            )
        if self.weight < 0 or self.warmup_steps < 0:
            raise InputError(
                f"expected a weight and warm-up steps of at least 0, found {self.weight} and {self.warmup_steps}"
            )

    def weight_at(self, step: int) -> float:
        """The weight at a step; the first is 0."""
        if step >= self.warmup_steps:
            return self.weight
        grown = step / self.warmup_steps
        return self.weight * (grown**2 if self.warmup == "quadratic" else grown)

    def function(self, documents: DocumentVectors) -> Callable[[Tensor], Tensor] | None:
        """The term itself; None for ``none`` and for a weight of 0. ``documents`` give the document frequencies."""
        if self.name == "none" or not self.weight:
            return None
        if self.name == "idf-flops":
            return partial(idf_flops, idf=documents.inverse_document_frequency())
        return {"l1": l1, "flops": flops}[self.name]
