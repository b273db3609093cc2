"""The losses of DiSCo (Lupart et al., SIGIR 2025, section 3) for sentence-transformers' `SparseEncoderTrainer`.

The dataset has one text column, the flattened conversation, and a ``label`` column: the query's row in `Candidates`.
Document vectors are looked up, never encoded: the document encoder is frozen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SparseEncoder
from torch import Tensor, nn
from torch.nn import functional as F

from disco_pyserini.training.document_vectors import DocumentVectors


@dataclass(frozen=True, slots=True)
class Candidates:
    """For each of ``n`` training queries its positive, and a teacher's ranking of ``m`` other passages.

    Attributes:
        positives: (n,) rows of `DocumentVectors`.
        positive_scores: (n,) the teacher's scores of the positives.
        documents: (n, m) rows of `DocumentVectors`, best first.
        scores: (n, m) the teacher's scores.
    """

    positives: NDArray[np.int64]
    positive_scores: NDArray[np.float32]
    documents: NDArray[np.int64]
    scores: NDArray[np.float32]


class DiscoLoss(nn.Module):
    """KL divergence between the teacher's and the student's distributions over the sampled candidates.

    For a query x and its set D of one positive and ``k`` candidates drawn without replacement::

        kl = KL( softmax(t(x, D)) ‖ softmax(s(x, D)) ), summed over D, averaged over the batch
        contrastive = cross-entropy of the positive against D and the other queries' candidates
        anti_zero = 1 / (sum of all query weights in the batch)²
        loss = kl_weight · kl + (1 - kl_weight) · contrastive + anti_zero + flops_weight · FLOPS(queries)

    where s(x, d) is the dot product of the student's query vector and the stored document vector.
    """

    def __init__(
        self,
        model: SparseEncoder,
        documents: DocumentVectors,
        candidates: Candidates,
        k: int = 16,
        kl_weight: float = 0.99,
        flops_weight: float = 0.0,
        seed: int = 123,
    ) -> None:
        super().__init__()
        self.model = model
        self.documents = documents
        self.candidates = candidates
        self.k = k
        self.kl_weight = kl_weight
        self.flops_weight = flops_weight
        self.random = np.random.default_rng(seed)

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> dict[str, Tensor]:
        """Return the parts of the loss, whose sum is minimised. ``labels`` (batch,) are rows of the candidates."""
        [features] = sentence_features
        queries: Tensor = self.model(features)["sentence_embedding"]
        documents, teacher = self._sample(labels.cpu().numpy())
        batch, size = teacher.shape
        # One sparse product gives the score of every query with every sampled passage of the batch.
        scores = torch.sparse.mm(self.documents.matrix(documents.ravel()).to(queries.device), queries.T).T
        scores = scores.view(batch, batch, size)
        own = scores[torch.arange(batch), torch.arange(batch)]
        kl = F.kl_div(
            own.log_softmax(dim=1),
            teacher.to(queries.device).log_softmax(dim=1),
            reduction="batchmean",
            log_target=True,
        )
        return {
            "kl": self.kl_weight * kl,
            "contrastive": (1 - self.kl_weight) * _contrastive(own, scores),
            "anti_zero": 1 / queries.sum() ** 2,
            "flops": self.flops_weight * (queries.mean(dim=0) ** 2).sum(),
        }

    def _sample(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], Tensor]:
        """Draw the candidates of each query: (batch, 1 + k) document rows, positives first, and teacher scores."""
        chosen = np.stack([self.random.permutation(self.candidates.documents.shape[1])[: self.k] for _ in rows])
        documents = np.take_along_axis(self.candidates.documents[rows], chosen, axis=1)
        scores = np.take_along_axis(self.candidates.scores[rows], chosen, axis=1)
        return (
            np.column_stack([self.candidates.positives[rows], documents]),
            torch.from_numpy(np.column_stack([self.candidates.positive_scores[rows], scores])),
        )


def _contrastive(own: Tensor, scores: Tensor) -> Tensor:
    """Cross-entropy of each positive against its own candidates and the other queries' candidates.

    Args:
        own: (batch, 1 + k) each query with its own passages, the positive first.
        scores: (batch, batch, 1 + k) each query with every query's passages. Other queries' positives are left out.
    """
    batch = len(own)
    others = scores[:, :, 1:].masked_fill(
        torch.eye(batch, dtype=torch.bool, device=own.device).unsqueeze(-1), -torch.inf
    )
    logits = torch.cat([own, others.reshape(batch, -1)], dim=1)
    return F.cross_entropy(logits, torch.zeros(batch, dtype=torch.long, device=own.device))
