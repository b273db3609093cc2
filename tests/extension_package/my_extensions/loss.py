"""A loss: the Huber distance of the student's scores from the teacher's."""

from typing import Self

from torch import Tensor
from torch.nn import functional as F

from disco_pyserini.training.losses import LossContext, SampledLoss, own


class HuberLoss(SampledLoss):
    """Huber distance, averaged over each query's own documents and over the batch.

    Attributes:
        delta: where the distance turns from quadratic to linear; ``loss.options.delta`` in the configuration.
    """

    delta = 1.0

    @classmethod
    def from_context(cls, context: LossContext) -> Self:
        """Read the options. A loss without options does not need this method."""
        loss = super().from_context(context)
        loss.delta = float(context.settings.options.get("delta", cls.delta))
        return loss

    def sampled_parts(self, queries: Tensor, scores: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """See `SampledLoss.sampled_parts`."""
        return {"huber": F.huber_loss(own(scores), teacher, delta=self.delta)}
