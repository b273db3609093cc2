"""The losses against the formulas, written out with loops over dense vectors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.losses import Candidates, DiscoLoss

VOCABULARY, PASSAGES, QUERIES, RANKED = 40, 30, 12, 9


class GivenVectors(nn.Module):
    """Stands where the model stands, and gives query vectors with gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.rand(QUERIES, VOCABULARY))

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"sentence_embedding": self.vectors[features["rows"]]}


def documents(random: np.random.Generator) -> tuple[DocumentVectors, Tensor]:
    dense = random.random((PASSAGES, VOCABULARY)).astype(np.float32) * (random.random((PASSAGES, VOCABULARY)) < 0.3)
    vectors = [WeightVector(np.flatnonzero(row).astype(np.int32), row[np.flatnonzero(row)]) for row in dense]
    return DocumentVectors([f"d{i}" for i in range(PASSAGES)], vectors, VOCABULARY), torch.tensor(dense)


def candidates(random: np.random.Generator) -> Candidates:
    rows = np.stack([random.permutation(PASSAGES)[: RANKED + 1] for _ in range(QUERIES)])
    scores = random.random((QUERIES, RANKED + 1)).astype(np.float32) * 5
    return Candidates(rows[:, 0], scores[:, 0], rows[:, 1:], scores[:, 1:])


def by_formula(queries: Tensor, dense: Tensor, loss: DiscoLoss, labels: Tensor) -> dict[str, Tensor]:
    given = loss.candidates
    kl, contrastive = torch.zeros(()), torch.zeros(())
    for i, label in enumerate(labels.tolist()):
        rows = [given.positives[label], *given.documents[label]]
        teacher = torch.tensor([given.positive_scores[label], *given.scores[label]]).softmax(0)
        student = torch.stack([queries[i] @ dense[row] for row in rows]).softmax(0)
        kl = kl + sum(t * (math.log(t) - s.log()) for t, s in zip(teacher, student, strict=True))
        others = [row for j, other in enumerate(labels.tolist()) if j != i for row in given.documents[other]]
        denominator = sum((queries[i] @ dense[row]).exp() for row in [*rows, *others])
        contrastive = contrastive - ((queries[i] @ dense[rows[0]]).exp() / denominator).log()
    batch = len(labels)
    mean = queries.sum(0) / batch
    return {
        "kl": loss.kl_weight * kl / batch,
        "contrastive": (1 - loss.kl_weight) * contrastive / batch,
        "anti_zero": 1 / queries.sum() ** 2,
        "flops": loss.flops_weight * sum(weight**2 for weight in mean),
    }


@pytest.mark.parametrize("seed", range(3))
def test_losses_and_gradients_follow_the_formulas(seed: int) -> None:
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    stored, dense = documents(random)
    model, labels = GivenVectors(), torch.tensor(random.permutation(QUERIES)[:5])
    loss = DiscoLoss(model, stored, candidates(random), k=RANKED, kl_weight=0.7, flops_weight=0.2)
    found = loss([{"rows": labels}], labels)
    torch.stack(list(found.values())).sum().backward()
    gradient = model.vectors.grad.clone()
    model.vectors.grad = None
    expected = by_formula(model.vectors[labels], dense, loss, labels)
    torch.stack(list(expected.values())).sum().backward()
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item(), rel=1e-4), name
    assert torch.allclose(gradient, model.vectors.grad, atol=1e-5)


def test_candidates_are_drawn_without_replacement_and_anew() -> None:
    random = np.random.default_rng(0)
    stored, _ = documents(random)
    given = candidates(random)
    loss = DiscoLoss(GivenVectors(), stored, given, k=4)
    draws = [loss._sample(np.array([3, 7]))[0] for _ in range(20)]
    for draw in draws:
        assert draw.shape == (2, 5)
        assert draw[:, 0].tolist() == given.positives[[3, 7]].tolist()
        for row, query in zip(draw[:, 1:], (3, 7), strict=True):
            assert len(set(row)) == 4
            assert set(row) <= set(given.documents[query])
    assert len({draw.tobytes() for draw in draws}) > 10
