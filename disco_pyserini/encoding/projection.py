"""The projection to the vocabulary: from a model's last hidden states to the highest logits over a text's tokens.

SPLADE needs only the positive logits, about one vocabulary entry in two hundred. On processors with bfloat16
instructions, a first pass in bfloat16 rules out nearly all entries that cannot be positive. The others are computed in
float32, so the results are those of float32.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Error bound of a bfloat16 dot product, relative to the product of the norms: 2^-8 for rounding each of the two inputs
# and the output, and another 2^-8 for the small terms (their squares, the float32 sum).
_ERROR = 4 * 2**-8

# Above this share of the vocabulary, computing selected entries for each text is slower than computing all for all
# texts. Only untrained models have so many.
_FEW = 1 / 8


class Projection:
    """The last layer of a language model, with SPLADE's maximum over tokens.

    Args:
        head: the linear layer from states to logits.
        block: how many logits are in memory at once.
        screen: first rule out entries of the vocabulary in bfloat16.
    """

    def __init__(self, head: nn.Linear, block: int, screen: bool) -> None:
        self._weight = head.weight.detach()
        self._bias = self._weight.new_zeros(len(self._weight)) if head.bias is None else head.bias.detach()
        self._block = block
        self._rough = self._weight.bfloat16() if screen else None
        self._error = _ERROR * self._weight.norm(dim=1)

    def highest(self, states: Tensor) -> Tensor:
        """Return the highest logit over the tokens of each text, or 0 if that is negative.

        Args:
            states: last hidden states (texts, tokens, width), without padding.

        Returns:
            Logits (texts, vocabulary). The activation is monotonic, so the maximum can be taken before it.
        """
        if self._rough is not None:
            possible = self._possible(states, self._rough)
            if possible.float().mean() < _FEW:
                return torch.relu(self._highest_of(states, possible))
        return torch.relu(_highest(states, self._weight, self._bias, self._block))

    def highest_and_where(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `highest` returns for one text, and the token that has the highest logit.

        Args:
            states: last hidden states (tokens, width).

        Returns:
            Logits and positions (vocabulary each); where a logit is 0, its position is 0.
        """
        highest = self.highest(states.unsqueeze(0))[0]
        where = torch.zeros(len(highest), dtype=torch.long, device=highest.device)
        terms = highest.nonzero().squeeze(1)
        where[terms] = nn.functional.linear(states, self._weight[terms], self._bias[terms]).argmax(dim=0)
        return highest, where

    def _possible(self, states: Tensor, weight: Tensor) -> Tensor:
        """Whether each entry may have a positive logit (texts, vocabulary)."""
        rough = _highest(states.bfloat16(), weight, None, self._block).float() + self._bias
        error: Tensor = states.norm(dim=2).amax(dim=1, keepdim=True) * self._error
        # Not "rough + error >= 0": NaN must be computed, and must show in the result.
        return (rough + error < 0).logical_not()

    def _highest_of(self, states: Tensor, possible: Tensor) -> Tensor:
        """Return the highest logits of the possible entries, 0 elsewhere."""
        highest = states.new_zeros(possible.shape)
        for tokens, entries, row in zip(states, possible, highest, strict=True):
            terms = entries.nonzero().squeeze(1)
            row[terms] = nn.functional.linear(tokens, self._weight[terms], self._bias[terms]).amax(dim=0)
        return highest


def used_tokens(states: Tensor, outside: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Keep only the tokens that can activate a term: neither padding, nor closed by a gate, which makes a state 0.

    Args:
        states: last hidden states (texts, tokens, width).
        outside: which tokens are padding (texts, tokens).

    Returns:
        The states of the used tokens in their order, with fewer tokens per text, their positions, and which of them are
        padding now.
    """
    outside = outside | (states.detach() == 0).all(dim=2)
    length = max(1, int((~outside).sum(dim=1).max()))
    kept = outside.long().argsort(dim=1, stable=True)[:, :length]
    return states.gather(1, kept.unsqueeze(2).expand(-1, -1, states.shape[2])), kept, outside.gather(1, kept)


def screening_pays(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether bfloat16 is much faster than the model's own dtype. False on a GPU, where it was not measured."""
    # Older versions of torch lack this function.
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and dtype == torch.float32 and capabilities.get("avx512_bf16", False)


def _highest(states: Tensor, weight: Tensor, bias: Tensor | None, block: int) -> Tensor:
    # In blocks of the vocabulary, each reduced immediately: writing all logits takes as long as computing them.
    width = max(1, block // (states.shape[0] * states.shape[1]))
    highest = []
    for start in range(0, len(weight), width):
        some = slice(start, start + width)
        logits = nn.functional.linear(states, weight[some], None if bias is None else bias[some])
        highest.append(logits.amax(dim=1))
    return torch.cat(highest, dim=1)
