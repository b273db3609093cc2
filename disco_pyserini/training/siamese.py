"""A SPLADE encoder that reads queries and passages with the same weights, and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sentence_transformers import SparseEncoder
from torch import Tensor, nn
from torch.nn import functional as F

from disco_pyserini.errors import InputError
from disco_pyserini.training.encoder_teachers import CandidatePool
from disco_pyserini.training.losses import LossContext, QueryLoss, Regularisation
from disco_pyserini.training.student import splade

_TEXTS_AT_ONCE = 16


def siamese(folder: Path, max_length: int) -> SparseEncoder:
    """Return a trainable SPLADE encoder from a masked-LM checkpoint, without dropout."""
    model = splade(folder)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    model.max_seq_length = max_length
    return model


def encode(model: SparseEncoder, texts: Sequence[str]) -> Tensor:
    """Return the vectors (texts, vocabulary) of texts, with gradients; texts of similar length share a batch."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    vectors = []
    for start in range(0, len(order), _TEXTS_AT_ONCE):
        features = model.preprocess([texts[index] for index in order[start : start + _TEXTS_AT_ONCE]])
        features = {name: value.to(model.device) for name, value in features.items() if isinstance(value, Tensor)}
        vectors.append(model(features)["sentence_embedding"])
    places = torch.empty(len(order), dtype=torch.long)
    places[order] = torch.arange(len(order))
    return torch.cat(vectors)[places.to(model.device)]


@torch.inference_mode()
def encode_all(model: SparseEncoder, texts: Sequence[str], at_once: int = 512) -> csr_matrix:
    """Return the vectors of many texts, without gradients, in bfloat16 but for the last layer."""
    was_training = model.training
    model.eval()
    parts = []
    with torch.autocast(model.device.type, torch.bfloat16):
        for start in range(0, len(texts), at_once):
            vectors = encode(model, texts[start : start + at_once])
            parts.append(csr_matrix(vectors.float().cpu().numpy()))
    model.train(was_training)
    return csr_matrix(vstack(parts))


class SiameseLoss(QueryLoss):
    """KL divergence of the teachers' and the student's distributions over all passages that the batch drew.

    Args:
        model: the student.
        contents: the text of each passage.
        candidates: draws each query's passages, and scores them.
        scale: the factor of the teachers' scores.
        queries: the query vectors' regulariser; None to disable it.
        documents: the document vectors' regulariser; None to disable it.
    """

    def __init__(
        self,
        model: SparseEncoder,
        contents: Sequence[str],
        candidates: CandidatePool,
        scale: float,
        queries: Regularisation | None = None,
        documents: Regularisation | None = None,
    ) -> None:
        super().__init__(model, queries)
        self.contents = contents
        self.candidates = candidates
        self.scale = scale
        self.documents = documents

    @classmethod
    def from_context(cls, context: LossContext) -> Self:
        """See `QueryLoss.from_context`."""
        raise InputError("this loss trains document encoders: say trains: documents")

    def parts(self, queries: Tensor, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """See `QueryLoss.parts`."""
        passages, teacher = self.candidates.draw(rows, self.step)
        documents = encode(self.model, [self.contents[row] for row in passages.tolist()])
        with torch.autocast(queries.device.type, enabled=False):
            student = queries.float() @ documents.float().T
            target = torch.from_numpy(self.scale * teacher).to(queries.device)
            divergence = F.kl_div(
                student.log_softmax(dim=1), target.log_softmax(dim=1), reduction="batchmean", log_target=True
            )
            parts = {"kl": divergence}
            if self.documents:
                settings, function = self.documents
                parts["documents"] = settings.weight_at(self.step) * function(documents)
        return parts

    def get_config_dict(self) -> dict[str, Any]:
        """See `QueryLoss.get_config_dict`."""
        documents = self.documents[0] if self.documents else None
        named = f"{documents.weight:g} · {documents.name}" if documents else "none"
        return {**super().get_config_dict(), "document_regulariser": named, "scale": self.scale}
