"""Terms that keep query vectors sparse: functions of non-negative weights (batch, vocabulary)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from disco_pyserini.records import Record
from disco_pyserini.training.document_vectors import DocumentVectors


def l1(queries: Tensor) -> Tensor:
    """Return the mean over queries of the sum of their weights."""
    return queries.sum(dim=1).mean()


def flops(queries: Tensor) -> Tensor:
    """Return the sum over the vocabulary of the squared mean weight (Paria et al., ICLR 2020)."""
    return (queries.mean(dim=0) ** 2).sum()


def idf_flops(queries: Tensor, idf: Tensor) -> Tensor:
    """Return FLOPS of weights divided by their term's inverse document frequency (after Geng et al., arXiv 2411.04403).

    Frequent terms, which have long posting lists, are penalised more than rare ones. ``idf`` (vocabulary,) is
    `DocumentVectors.inverse_document_frequency`.
    """
    return ((queries / idf.to(queries.device)).mean(dim=0) ** 2).sum()


class Regulariser(Record):
    """A term, its weight, and the warm-up of the weight.

    Attributes:
        name: the term, or ``none``.
        weight: the weight after the warm-up.
        warmup: ``quadratic``, ``weight · (step / warmup_steps)²``, or ``linear``.
        warmup_steps: the length of the warm-up; 0 disables it.
    """

    name: Literal["none", "l1", "flops", "idf-flops"] = "none"
    weight: Annotated[float, Field(ge=0)] = 0.0
    warmup: Literal["quadratic", "linear"] = "quadratic"
    warmup_steps: Annotated[int, Field(ge=0)] = 0

    def weight_at(self, step: int) -> float:
        """Return the weight at a step, counted from 0."""
        if step >= self.warmup_steps:
            return self.weight
        grown = step / self.warmup_steps
        return self.weight * (grown**2 if self.warmup == "quadratic" else grown)

    def function(self, documents: DocumentVectors) -> Callable[[Tensor], Tensor] | None:
        """Return the term; None for ``none`` or a weight of 0. ``documents`` supply the document frequencies."""
        if self.name == "none" or not self.weight:
            return None
        if self.name == "idf-flops":
            return partial(idf_flops, idf=documents.inverse_document_frequency())
        return {"l1": l1, "flops": flops}[self.name]
