"""Losses and gradients against the formulas written out in loops over dense vectors, on random inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from disco_pyserini.errors import InputError
from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.candidates import Candidates, TeacherLists
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.losses import (
    LOSSES,
    ContrastiveLoss,
    DiscoLoss,
    KLDistillationLoss,
    LossSettings,
    MarginMSELoss,
    QueryLoss,
    RepresentationMSELoss,
)
from disco_pyserini.training.regularisers import Regulariser
from disco_pyserini.training.sampling import Sampler, Sampling
from disco_pyserini.training.tolerance import Tolerance

VOCABULARY, DOCUMENTS, QUERIES, CANDIDATES = 40, 30, 5, 4


class GivenQueries(nn.Module):
    """A model whose query vectors are its parameters."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        weights = torch.rand(QUERIES, VOCABULARY, generator=generator)
        self.vectors = nn.Parameter(weights * (torch.rand(QUERIES, VOCABULARY, generator=generator) < 0.4))

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"sentence_embedding": self.vectors[features["rows"]]}


@pytest.fixture(params=[0, 1, 2])
def generator(request: pytest.FixtureRequest) -> torch.Generator:
    return torch.Generator().manual_seed(request.param)


@pytest.fixture
def model(generator: torch.Generator) -> GivenQueries:
    return GivenQueries(generator)


@pytest.fixture
def documents(generator: torch.Generator) -> DocumentVectors:
    return random_vectors(generator, DOCUMENTS)


@pytest.fixture
def candidates(generator: torch.Generator, documents: DocumentVectors) -> Candidates:
    teacher = []
    for query in range(QUERIES):
        chosen = torch.randperm(DOCUMENTS, generator=generator)[: 12 + query].tolist()
        values = (torch.randn(len(chosen), generator=generator) * 3).tolist()
        teacher.append((f"q{query}", {f"d{row}": value for row, value in zip(chosen, values, strict=True)}))
    qrels = {f"q{query}": {f"d{query}": 1} for query in range(QUERIES)}
    tolerance = Tolerance(0)
    return TeacherLists(teacher, set(qrels), qrels, tolerance).candidates(documents.rows, tolerance)


def random_vectors(generator: torch.Generator, number: int) -> DocumentVectors:
    vectors = []
    for _ in range(number):
        terms = torch.randperm(VOCABULARY, generator=generator)[:9].sort().values.numpy().astype(np.int32)
        vectors.append(WeightVector(terms, (torch.rand(9, generator=generator) * 2).numpy()))
    return DocumentVectors.from_weights([f"d{row}" for row in range(number)], vectors, VOCABULARY)


def run(loss: QueryLoss, rows: list[int]) -> tuple[dict[str, Tensor], Tensor]:
    """The parts, and the gradient of their sum."""
    parts = loss([{"rows": torch.tensor(rows)}], torch.tensor(rows))
    [gradient] = torch.autograd.grad(sum(parts.values()), loss.model.vectors)
    return parts, gradient


class Written:
    """The formulas, from the issue's text, one number at a time."""

    def __init__(self, model: GivenQueries, documents: DocumentVectors, sampler: Sampler, rows: list[int]) -> None:
        self.rows = rows
        self.x = [model.vectors[row] for row in rows]
        self.dense = documents.matrix().to_dense()
        self.drawn = sampler.draw(np.array(rows), 0)

    def s(self, query: int, owner: int, place: int) -> Tensor:
        total = torch.zeros(())
        for term in range(VOCABULARY):
            total = total + self.x[query][term] * self.dense[self.drawn.documents[owner, place]][term]
        return total

    def t(self, query: int, place: int) -> float:
        return float(self.drawn.scores[query, place])

    def kl(self, temperature: float = 1.0, first: int = 0) -> Tensor:
        total = torch.zeros(())
        for query in range(len(self.rows)):
            places = range(first, CANDIDATES + 1)
            teacher = [math.exp(self.t(query, place) / temperature) for place in places]
            student = [torch.exp(self.s(query, query, place) / temperature) for place in places]
            for up, down in zip(teacher, student, strict=True):
                p, q = up / sum(teacher), down / sum(student)
                total = total + p * (math.log(p) - torch.log(q))
        return total / len(self.rows)

    def contrastive(self) -> Tensor:
        total = torch.zeros(())
        for query in range(len(self.rows)):
            positive = torch.exp(self.s(query, query, 0))
            negatives = [
                torch.exp(self.s(query, owner, place))
                for owner in range(len(self.rows))
                for place in range(1, CANDIDATES + 1)
            ]
            total = total - torch.log(positive / (positive + sum(negatives)))
        return total / len(self.rows)

    def margin_mse(self) -> Tensor:
        errors = []
        for query in range(len(self.rows)):
            for place in range(1, CANDIDATES + 1):
                student = self.s(query, query, 0) - self.s(query, query, place)
                errors.append((student - (self.t(query, 0) - self.t(query, place))) ** 2)
        return sum(errors) / len(errors)

    def weight_sum(self) -> Tensor:
        return sum(weight for vector in self.x for weight in vector)


def check(loss: QueryLoss, rows: list[int], expected: dict[str, Tensor]) -> None:
    parts, gradient = run(loss, rows)
    assert parts.keys() == expected.keys()
    for name, value in parts.items():
        assert float(value) == pytest.approx(float(expected[name]), rel=1e-4, abs=1e-5), name
    [wanted] = torch.autograd.grad(sum(expected.values()), loss.model.vectors)
    assert torch.allclose(gradient, wanted, rtol=1e-4, atol=1e-5)


ROWS = [3, 0, 4]


@pytest.fixture
def sampler(candidates: Candidates) -> Sampler:
    return Sampler(candidates, DOCUMENTS, Sampling(candidates=CANDIDATES, skip=1, depth=20), seed=7)


@pytest.mark.parametrize(("temperature", "positives"), [(1.0, True), (2.5, True), (1.0, False)])
def test_kl(model: Any, documents: DocumentVectors, sampler: Sampler, temperature: float, positives: bool) -> None:
    loss = KLDistillationLoss(model, documents, sampler, temperature=temperature, positives=positives)
    written = Written(model, documents, sampler, ROWS)
    check(loss, ROWS, {"kl": written.kl(temperature, 0 if positives else 1)})


def test_the_published_objective(model: Any, documents: DocumentVectors, sampler: Sampler) -> None:
    written = Written(model, documents, sampler, ROWS)
    expected = {
        "kl": 0.99 * written.kl(),
        "contrastive": 0.01 * written.contrastive(),
        "anti_zero": 1 / written.weight_sum() ** 2,
    }
    check(DiscoLoss(model, documents, sampler), ROWS, expected)


def test_contrastive_and_margin_mse(model: Any, documents: DocumentVectors, sampler: Sampler) -> None:
    written = Written(model, documents, sampler, ROWS)
    check(ContrastiveLoss(model, documents, sampler), ROWS, {"contrastive": written.contrastive()})
    check(MarginMSELoss(model, documents, sampler), ROWS, {"margin_mse": written.margin_mse()})


def test_representation_mse(model: Any, generator: torch.Generator) -> None:
    rewrites = random_vectors(generator, QUERIES)
    dense = rewrites.matrix().to_dense()
    errors = [(model.vectors[row][term] - dense[row][term]) ** 2 for row in ROWS for term in range(VOCABULARY)]
    check(RepresentationMSELoss(model, rewrites), ROWS, {"representation_mse": sum(errors) / len(errors)})


def test_scores_and_representation_together(
    model: Any, documents: DocumentVectors, sampler: Sampler, generator: torch.Generator
) -> None:
    rewrites = random_vectors(generator, QUERIES)
    dense = rewrites.matrix().to_dense()
    written = Written(model, documents, sampler, ROWS)
    distances = [sum((model.vectors[row][term] - dense[row][term]) ** 2 for term in range(VOCABULARY)) for row in ROWS]
    expected = {
        "kl": 1.5 * written.kl(),
        "contrastive": 0 * written.contrastive(),
        "anti_zero": 0 * written.weight_sum(),
        "representation": 0.1 * sum(distances) / len(ROWS),
    }
    weights = {"kl_weight": 1.5, "contrastive_weight": 0, "anti_zero_weight": 0, "representation_weight": 0.1}
    check(DiscoLoss(model, documents, sampler, **weights, rewrites=rewrites), ROWS, expected)
    with pytest.raises(InputError, match="representation_weight needs the vectors of the queries' rewrites"):
        DiscoLoss(model, documents, sampler, **weights)


@pytest.mark.parametrize(
    ("settings", "positives", "rewrites"),
    [
        ({}, True, False),
        ({"positives": False}, True, False),
        ({"contrastive_weight": 0}, True, False),
        ({"contrastive_weight": 0, "positives": False, "representation_weight": 0.1}, False, True),
        ({"name": "kl"}, True, False),
        ({"name": "kl", "positives": False}, False, False),
        ({"name": "margin-mse", "positives": False}, True, False),
        ({"name": "contrastive"}, True, False),
        ({"name": "representation-mse"}, False, True),
    ],
)
def test_what_a_loss_needs(settings: dict[str, Any], positives: bool, rewrites: bool) -> None:
    checked = LossSettings.check(settings, "loss")
    loss = LOSSES.get(checked.name)
    assert (loss.needs_positives(checked), loss.needs_rewrites(checked)) == (positives, rewrites)


@pytest.mark.parametrize(("warmup", "share"), [("quadratic", 0.3**2), ("linear", 0.3)])
@pytest.mark.parametrize("name", ["l1", "flops", "idf-flops"])
def test_regularisers_and_their_warm_up(
    model: Any, documents: DocumentVectors, sampler: Sampler, name: str, warmup: str, share: float
) -> None:
    settings = Regulariser(name=name, weight=0.5, warmup=warmup, warmup_steps=10)
    loss = ContrastiveLoss(model, documents, sampler, regulariser=(settings, settings.function(documents)))
    vectors = [model.vectors[row] for row in ROWS]
    if name == "l1":
        value = sum(sum(vector) for vector in vectors) / len(vectors)
    else:
        dense = documents.matrix().to_dense()
        value = torch.zeros(())
        for term in range(VOCABULARY):
            frequency = sum(int(dense[row][term] > 0) for row in range(DOCUMENTS))
            idf = 1 + math.log((DOCUMENTS + 1) / (frequency + 1)) if name == "idf-flops" else 1
            value = value + (sum(vector[term] for vector in vectors) / idf / len(vectors)) ** 2
    loss.step = 3
    parts, _ = run(loss, ROWS)
    assert float(parts[name.replace("-", "_")]) == pytest.approx(0.5 * share * float(value), rel=1e-4)
    assert settings.weight_at(0) == 0
    assert settings.weight_at(10) == settings.weight_at(99) == 0.5
    assert Regulariser(name=name, weight=0.5).weight_at(0) == 0.5


def test_each_step_draws_anew_and_active_dimensions_are_counted(
    model: Any, documents: DocumentVectors, sampler: Sampler
) -> None:
    loss = KLDistillationLoss(model, documents, sampler)
    values = {round(float(run(loss, ROWS)[0]["kl"]), 6) for _ in range(4)}
    assert len(values) > 1
    assert loss.step == 4
    expected = np.mean([int((model.vectors[row] > 0).sum()) for row in ROWS])
    assert float(loss.active_dimensions) == pytest.approx(expected)
