"""Causal language models as SPLADE backbones, as in Mistral-SPLADE and CSPLADE.

The logits are those of the last layer, pooled as for a masked LM. A token of a causal LM sees only the tokens before
it. The checkpoint's ``config.json`` may say how each token gets to see the whole text:

- ``"is_causal": false``: attention in both directions. transformers itself obeys this.
- ``"echo": true``: the model reads the text twice, and only the second reading is pooled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from disco_pyserini.encoding.tokens import Tokens
from disco_pyserini.errors import InputError


@dataclass(frozen=True, slots=True)
class Echo:
    """Reads a text twice.

    Attributes:
        before: how many special tokens the tokenizer puts before a text.
        after: how many it puts after a text.
    """

    before: int
    after: int

    def twice(self, ids: Sequence[int]) -> tuple[list[int], int]:
        """Return the ids of a text written twice, with special tokens only at both ends, and where it starts again."""
        whole = [*ids[: len(ids) - self.after], *ids[self.before :]]
        return whole, min(len(ids) - self.after, len(whole) - 1)


def echo_of(config: Any, tokens: Tokens) -> Echo | None:
    """Return how a model reads a text twice; None if its configuration does not ask for it."""
    return Echo(*tokens.affixes) if getattr(config, "echo", False) else None


def is_causal_lm(config: Any) -> bool:
    """Whether transformers has a causal LM, but no masked LM, for a configuration."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

    return type(config) in MODEL_FOR_CAUSAL_LM_MAPPING and type(config) not in MODEL_FOR_MASKED_LM_MAPPING


def check_attention(model: Any, folder: Path) -> None:
    """Raise an error unless a causal LM attends as its checkpoint says.

    transformers chooses the class by the type of the model alone: a bidirectional variant with code of its own has the
    type of the causal model, and would be read as that. And some classes ignore ``is_causal``.
    """
    saved, found = model.config.architectures or [], type(model).__name__
    if saved and found not in saved:
        raise InputError(
            f"{folder}: expected a checkpoint of {found}, found one of {', '.join(saved)}: save it as {found}, "
            'with "is_causal": false in config.json if it attends in both directions'
        )
    if getattr(model.config, "is_causal", True):
        return
    with torch.inference_mode():
        first, second = (model(torch.tensor([[0, last]])).logits[0, 0] for last in (0, 1))
    if torch.equal(first, second):
        raise InputError(
            f'{folder}: expected a model with attention in both directions, because of "is_causal": false in '
            f"config.json, but {found} of the installed transformers ignores this: it cannot be used here"
        )
