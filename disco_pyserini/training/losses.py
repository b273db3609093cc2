"""The losses of DiSCo (Lupart et al., SIGIR 2025, section 3) and its relatives, for `SparseEncoderTrainer`.

The dataset has one text column, the flattened conversation, and a ``label`` column: the query's row in `Candidates`.
Below, x is a conversation, D its documents (one positive first, then ``k`` drawn candidates), t(x, d) the teacher's
score, and s(x, d) = E_q(x) · E_d(d) the student's. The document encoder E_d is frozen, so its vectors are looked up.

To add a loss, derive a class from `SampledLoss` (or `QueryLoss`), and name it in `LOSSES` or announce it as an entry
point in the group ``disco_pyserini.losses``. A subclass of `SampledLoss` without settings needs only one method::

    class HuberLoss(SampledLoss):
        def sampled_parts(self, queries, scores, teacher):
            return {"huber": F.huber_loss(own(scores), teacher)}
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from disco_pyserini.errors import InputError
from disco_pyserini.extensions import Registry
from disco_pyserini.records import Record
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.regularisers import Regulariser
from disco_pyserini.training.sampling import Sampler

if TYPE_CHECKING:
    from sentence_transformers import SparseEncoder

type Regularisation = tuple[Regulariser, Callable[[Tensor], Tensor]]
"""The settings of a regulariser, and its function of query vectors (batch, vocabulary)."""


class LossSettings(Record):
    """The settings of the loss.

    Attributes:
        name: a name in `LOSSES`.
        kl_weight: weight of the KL divergence in ``disco``.
        contrastive_weight: weight of the contrastive loss in ``disco``.
        anti_zero_weight: weight of the anti-zero term in ``disco``.
        representation_weight: weight in ``disco`` of the squared distance to the rewrite's vector.
        temperature: temperature of the KL divergence.
        positives: whether the KL divergence includes the positive.
        options: the settings of a loss that another package added.
    """

    name: str = "disco"
    kl_weight: float = 0.99
    contrastive_weight: float = 0.01
    anti_zero_weight: float = 1.0
    representation_weight: float = 0.0
    temperature: Annotated[float, Field(gt=0)] = 1.0
    positives: bool = True
    options: Mapping[str, Any] = {}


class Documents(Protocol):
    """`DocumentVectors`, or `disco_pyserini.training.live_documents.LiveDocuments`."""

    def scores(self, queries: Tensor, rows: NDArray[np.int64], /) -> Tensor:
        """Return dot products of queries (batch, vocabulary) with documents (n,): (batch, n)."""


@dataclass(frozen=True, slots=True)
class LossContext:
    """The inputs for making a loss.

    Attributes:
        settings: section ``loss`` of the configuration.
        model: the student.
        documents: score the documents.
        sampler: draws each query's documents.
        regulariser: None to disable it.
        rewrites: the vector of each query's rewrite, or the mean of several, in the order of the candidates; None
            unless the loss needs them.
    """

    settings: LossSettings
    model: SparseEncoder
    documents: Documents
    sampler: Sampler
    regulariser: Regularisation | None = None
    rewrites: DocumentVectors | None = None


class QueryLoss(nn.Module, ABC):
    """The base of all losses: the query vectors, their regulariser, and the number of active dimensions.

    A loss returns a dictionary of named parts. The trainer logs each part and sums them.

    Args:
        model: the student.
        regulariser: None to disable it.

    Attributes:
        step: determines the draws and the regulariser's weight. It counts training batches, unless
            `disco_pyserini.training.watch.FollowSteps` keeps it at the trainer's step, which a resumed run needs.
        counts_steps: whether the loss counts its own steps.
        active_dimensions: mean number of weights above 0 per query in the last batch.
    """

    def __init__(self, model: SparseEncoder, regulariser: Regularisation | None = None) -> None:
        super().__init__()
        self.model = model
        self.regulariser = regulariser
        self.step = 0
        self.counts_steps = True
        self.active_dimensions = torch.zeros(())

    @classmethod
    @abstractmethod
    def from_context(cls, context: LossContext) -> Self:
        """Make the loss from a configuration."""

    @classmethod
    def needs_positives(cls, settings: LossSettings) -> bool:
        """Whether a relevant document of each query is needed. If not, judgments are ignored."""
        return True

    @classmethod
    def needs_rewrites(cls, settings: LossSettings) -> bool:
        """Whether the vectors of the queries' rewrites are needed, which ``teacher.rewrites`` then names."""
        return False

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> dict[str, Tensor]:
        """Return the parts of the loss. ``labels`` (batch,) are rows of the candidates."""
        [features] = sentence_features
        queries: Tensor = self.model(features)["sentence_embedding"]
        self.active_dimensions = (queries.detach() > 0).sum(dim=1).float().mean()
        parts = self.parts(queries, labels.cpu().numpy())
        if self.regulariser:
            settings, function = self.regulariser
            parts[settings.name.replace("-", "_")] = settings.weight_at(self.step) * function(queries)
        if self.training and self.counts_steps:
            self.step += 1
        return parts

    @abstractmethod
    def parts(self, queries: Tensor, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """Compute the loss for query vectors (batch, vocabulary) and the queries' rows (batch,)."""

    def get_config_dict(self) -> dict[str, Any]:
        """Return the settings that sentence-transformers writes into the model card."""
        settings = self.regulariser[0] if self.regulariser else None
        return {"regulariser": f"{settings.weight:g} · {settings.name}" if settings else "none"}


class SampledLoss(QueryLoss):
    """A loss over documents drawn for each query.

    Args:
        model: the student.
        documents: score the documents.
        sampler: draws them.
        regulariser: see `QueryLoss`.
    """

    def __init__(
        self,
        model: SparseEncoder,
        documents: Documents,
        sampler: Sampler,
        regulariser: Regularisation | None = None,
    ) -> None:
        super().__init__(model, regulariser)
        self.documents = documents
        self.sampler = sampler

    @classmethod
    def from_context(cls, context: LossContext) -> Self:
        """Make a loss without settings; losses with settings override this."""
        return cls(context.model, context.documents, context.sampler, context.regulariser)

    def parts(self, queries: Tensor, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """See `QueryLoss.parts`."""
        drawn = self.sampler.draw(rows, self.step)
        batch, size = drawn.scores.shape
        # One product scores every query against every document of the batch.
        scores = self.documents.scores(queries, drawn.documents.ravel()).reshape(batch, batch, size)
        teacher = torch.from_numpy(drawn.scores).to(queries.device)
        return self.sampled_parts(queries, scores, teacher)

    @abstractmethod
    def sampled_parts(self, queries: Tensor, scores: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """Compute the loss.

        Args:
            queries: (batch, vocabulary).
            scores: (batch, batch, 1 + k) the student's score of each query with every query's documents.
            teacher: (batch, 1 + k) the teacher's scores of each query's own documents.
        """

    def get_config_dict(self) -> dict[str, Any]:
        """See `QueryLoss.get_config_dict`."""
        sampling = self.sampler.sampling
        return {**super().get_config_dict(), "sampling": sampling.strategy, "candidates": sampling.candidates}


class KLDistillationLoss(SampledLoss):
    """``KL( softmax(t(x, D) / τ) ‖ softmax(s(x, D) / τ) )``, summed over D, averaged over the batch.

    Args:
        temperature: τ.
        positives: whether D includes the positive.
    """

    def __init__(self, *args: Any, temperature: float = 1.0, positives: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.temperature = temperature
        self.positives = positives

    @classmethod
    def from_context(cls, context: LossContext) -> Self:
        """See `QueryLoss.from_context`."""
        return cls(
            *(context.model, context.documents, context.sampler, context.regulariser),
            temperature=context.settings.temperature,
            positives=context.settings.positives,
        )

    @classmethod
    def needs_positives(cls, settings: LossSettings) -> bool:
        """See `QueryLoss.needs_positives`."""
        return settings.positives

    def sampled_parts(self, queries: Tensor, scores: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """See `SampledLoss.sampled_parts`."""
        return {"kl": kl_divergence(own(scores), teacher, self.temperature, self.positives)}


class DiscoLoss(SampledLoss):
    """The published objective: KL divergence, a low-weighted contrastive loss, and an anti-zero term::

        kl_weight · KL + contrastive_weight · contrastive + anti_zero_weight / (sum of all query weights in the batch)²
            + representation_weight · ‖E_q(x) − E_d(rewrite)‖²

    The last term, which is not in the publication, is summed over the vocabulary and averaged over the batch.

    Args:
        kl_weight: weight of `KLDistillationLoss`.
        contrastive_weight: weight of `ContrastiveLoss`.
        anti_zero_weight: weight of the third term.
        representation_weight: weight of the last term.
        temperature: τ of the KL divergence.
        positives: whether the KL divergence includes the positive.
        rewrites: E_d of each query's rewrite, for the last term.
    """

    def __init__(
        self,
        *args: Any,
        kl_weight: float = 0.99,
        contrastive_weight: float = 0.01,
        anti_zero_weight: float = 1.0,
        representation_weight: float = 0.0,
        temperature: float = 1.0,
        positives: bool = True,
        rewrites: DocumentVectors | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if representation_weight and rewrites is None:
            raise InputError("representation_weight needs the vectors of the queries' rewrites, found none")
        self.kl_weight = kl_weight
        self.contrastive_weight = contrastive_weight
        self.anti_zero_weight = anti_zero_weight
        self.representation_weight = representation_weight
        self.temperature = temperature
        self.positives = positives
        self.rewrites = rewrites

    @classmethod
    def from_context(cls, context: LossContext) -> Self:
        """See `QueryLoss.from_context`."""
        return cls(
            *(context.model, context.documents, context.sampler, context.regulariser),
            **context.settings.model_dump(exclude={"name", "options"}),
            rewrites=context.rewrites,
        )

    @classmethod
    def needs_positives(cls, settings: LossSettings) -> bool:
        """See `QueryLoss.needs_positives`."""
        return settings.contrastive_weight != 0 or settings.positives

    @classmethod
    def needs_rewrites(cls, settings: LossSettings) -> bool:
        """See `QueryLoss.needs_rewrites`."""
        return settings.representation_weight != 0

    def parts(self, queries: Tensor, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """See `QueryLoss.parts`."""
        parts = super().parts(queries, rows)
        if self.representation_weight and self.rewrites is not None:
            distance = squared_distance(queries, self.rewrites.dense(rows).to(queries.device))
            parts["representation"] = self.representation_weight * distance
        return parts

    def sampled_parts(self, queries: Tensor, scores: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """See `SampledLoss.sampled_parts`."""
        return {
            "kl": self.kl_weight * kl_divergence(own(scores), teacher, self.temperature, self.positives),
            "contrastive": self.contrastive_weight * contrastive(scores),
            "anti_zero": self.anti_zero_weight / queries.sum() ** 2,
        }

    def get_config_dict(self) -> dict[str, Any]:
        """See `QueryLoss.get_config_dict`."""
        names = ("kl_weight", "contrastive_weight", "anti_zero_weight", "representation_weight")
        weights = {name: getattr(self, name) for name in names}
        return {**super().get_config_dict(), **weights, "temperature": self.temperature}


class MarginMSELoss(SampledLoss):
    """Squared error of the margins, averaged over candidates and batch (Hofstätter et al., 2020).

    A margin is s(x, d⁺) - s(x, d), with d⁺ the positive; the teacher's is t(x, d⁺) - t(x, d).
    """

    def sampled_parts(self, queries: Tensor, scores: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """See `SampledLoss.sampled_parts`."""
        student = own(scores)
        return {"margin_mse": F.mse_loss(student[:, :1] - student[:, 1:], teacher[:, :1] - teacher[:, 1:])}


class ContrastiveLoss(SampledLoss):
    """Cross-entropy of each positive against its own candidates and the other queries' candidates; no teacher."""

    def sampled_parts(self, queries: Tensor, scores: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """See `SampledLoss.sampled_parts`."""
        return {"contrastive": contrastive(scores)}


class RepresentationMSELoss(QueryLoss):
    """Mean squared error between E_q(x) and E_d(rewrite) over batch and vocabulary, as ConvDR distils (SIGIR 2021).

    Args:
        model: the student.
        rewrites: E_d of each query's rewrite, or the mean of several; rows are labels.
        regulariser: see `QueryLoss`.
    """

    def __init__(
        self,
        model: SparseEncoder,
        rewrites: DocumentVectors,
        regulariser: Regularisation | None = None,
    ) -> None:
        super().__init__(model, regulariser)
        self.rewrites = rewrites

    @classmethod
    def from_context(cls, context: LossContext) -> Self:
        """See `QueryLoss.from_context`."""
        if context.rewrites is None:
            raise InputError("the loss representation-mse needs the vectors of the queries' rewrites, found none")
        return cls(context.model, context.rewrites, context.regulariser)

    @classmethod
    def needs_positives(cls, settings: LossSettings) -> bool:
        """See `QueryLoss.needs_positives`."""
        return False

    @classmethod
    def needs_rewrites(cls, settings: LossSettings) -> bool:
        """See `QueryLoss.needs_rewrites`."""
        return True

    def parts(self, queries: Tensor, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """See `QueryLoss.parts`."""
        return {"representation_mse": F.mse_loss(queries, self.rewrites.dense(rows).to(queries.device))}


def own(scores: Tensor) -> Tensor:
    """Return each query's scores with its own documents, (batch, 1 + k), from (batch, batch, 1 + k)."""
    return scores.diagonal(dim1=0, dim2=1).T


def kl_divergence(student: Tensor, teacher: Tensor, temperature: float, positives: bool) -> Tensor:
    """Return the KL divergence of teacher and student distributions, both (batch, 1 + k), averaged over the batch."""
    first = 0 if positives else 1
    return F.kl_div(
        (student[:, first:] / temperature).log_softmax(dim=1),
        (teacher[:, first:] / temperature).log_softmax(dim=1),
        reduction="batchmean",
        log_target=True,
    )


def squared_distance(queries: Tensor, targets: Tensor) -> Tensor:
    """Return ‖query − target‖², both (batch, vocabulary), summed over the vocabulary and averaged over the batch."""
    return ((queries.float() - targets) ** 2).sum(dim=1).mean()


def contrastive(scores: Tensor) -> Tensor:
    """Cross-entropy of each positive against its own candidates and the other queries' candidates.

    Args:
        scores: (batch, batch, 1 + k) each query with every query's documents. Other queries' positives are left out.
    """
    batch = len(scores)
    diagonal = torch.eye(batch, dtype=torch.bool, device=scores.device).unsqueeze(-1)
    others = scores[:, :, 1:].masked_fill(diagonal, -torch.inf)
    logits = torch.cat([own(scores), others.reshape(batch, -1)], dim=1)
    return F.cross_entropy(logits, torch.zeros(batch, dtype=torch.long, device=scores.device))


LOSSES: Registry[type[QueryLoss]] = Registry(
    "loss",
    "losses",
    {
        "disco": DiscoLoss,
        "kl": KLDistillationLoss,
        "contrastive": ContrastiveLoss,
        "margin-mse": MarginMSELoss,
        "representation-mse": RepresentationMSELoss,
    },
)
