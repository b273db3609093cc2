"""SPLADE's pooling for training: no batch × length × vocabulary tensor, and gradients for active terms only."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from disco_pyserini.encoding.projection import used_tokens

_TERMS_AT_ONCE = 1024


def pool(states: Tensor, mask: Tensor, head: nn.Linear) -> Tensor:
    """Return SPLADE weights (batch, vocabulary), max over tokens of log(1 + relu(logit)), with gradients.

    The activation is monotone, so the maximum can be taken of logits, block by block. This first pass, without
    gradients, only has to tell which terms are active: under autocast it is in bfloat16, which a CPU computes several
    times as fast. For each of the few hundred active terms, the logit of the highest token is then computed again in
    float32; only that token has a gradient.

    Args:
        states: (batch, length, width) the inputs of the head.
        mask: (batch, length) 0 for padding.
        head: the projection to the vocabulary.
    """
    device = states.device.type
    rough = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32
    with torch.autocast(device, enabled=False):
        states, _, outside = used_tokens(states.float(), mask == 0)
        # A copy of the text's first token changes no maximum.
        tokens = torch.where(outside.unsqueeze(-1), states[:, :1], states)
        with torch.no_grad():
            highest = _highest(tokens.to(rough), head.weight.to(rough), head.bias)
            terms = [row.nonzero().squeeze(1) for row in highest > 0]
            winners = [F.linear(row, head.weight[term]).argmax(dim=0) for row, term in zip(tokens, terms, strict=True)]
            sizes = torch.tensor([len(term) for term in terms], device=states.device)
            rows = torch.arange(len(terms), device=states.device).repeat_interleave(sizes)
            term, token = torch.cat(terms), torch.cat(winners)
        logits = (tokens[rows, token] * F.embedding(term, head.weight)).sum(dim=-1)
        if head.bias is not None:
            logits = logits + head.bias[term]
        weights = torch.zeros(highest.shape, device=states.device)
        return weights.index_put((rows, term), torch.log1p(torch.relu(logits)))


def _highest(tokens: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    starts = range(0, len(weight), _TERMS_AT_ONCE)
    parts = [F.linear(tokens, weight[start : start + _TERMS_AT_ONCE]).amax(dim=1) for start in starts]
    highest = torch.cat(parts, dim=1).float()
    return highest if bias is None else highest + bias
