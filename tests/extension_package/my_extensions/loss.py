"""A loss: the Huber distance of the student's scores from the teacher's."""

from torch import Tensor
from torch.nn import functional as F

from disco_pyserini.training.losses import SampledLoss, own


class HuberLoss(SampledLoss):
    """Huber distance, averaged over each query's own documents and over the batch."""

    def sampled_parts(self, queries: Tensor, scores: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """See `SampledLoss.sampled_parts`."""
        return {"huber": F.huber_loss(own(scores), teacher)}
