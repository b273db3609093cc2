"""The training queries of each epoch: how often each occurs, and its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from disco_pyserini.conversation import SEPARATOR
from disco_pyserini.training.augmentation import Augmentation, Example, augmented

if TYPE_CHECKING:
    from datasets import Dataset


class Epochs:
    """The texts of the training queries, drawn anew in each epoch; they depend only on the seed, epoch and place.

    Args:
        examples: for each row of the candidates, a training query, or its text if it has no turns.
        weights: (rows,) how often each occurs in an epoch. Rows of equal weight share what is left of a fraction: for
            1.5, another random half of them occurs twice in each epoch.
        augmentation: the random changes of the texts.
        seed: seed of the draws.
        separator: the encoder's separator, which replaces `disco_pyserini.conversation.SEPARATOR`.

    Attributes:
        epoch: the epoch, from 0, that `text` and `dataset` show. `FollowEpochs` sets it.
    """

    def __init__(
        self,
        examples: Sequence[Example | str],
        weights: NDArray[np.float64],
        augmentation: Augmentation,
        seed: int,
        separator: str = SEPARATOR,
    ) -> None:
        self.epoch = 0
        self._examples = examples
        self._others = [one for one in examples if isinstance(one, Example) and one.query.depth > 1]
        self._augmentation = augmentation
        self._seed = seed
        self._separator = separator
        self._weights = weights
        self._rows = -1, np.empty(0, np.int64)

    def rows(self) -> NDArray[np.int64]:
        """Return the rows of the epoch (occurrences,); every epoch has as many."""
        if self._rows[0] != self.epoch:
            rng = np.random.default_rng([self._seed, self.epoch])
            whole = np.repeat(np.arange(len(self._examples)), self._weights.astype(np.int64))
            parts = [whole]
            for weight in np.unique(self._weights):
                [group] = np.nonzero(self._weights == weight)
                parts.append(rng.permutation(group)[: round(weight % 1 * len(group))])
            self._rows = self.epoch, np.concatenate(parts)
        return self._rows[1]

    def __len__(self) -> int:
        return len(self.rows())

    def text(self, place: int) -> str:
        """Return the text at a place of the epoch."""
        example = self._examples[int(self.rows()[place])]
        if isinstance(example, Example):
            # The first number keeps this stream apart from those of the rows and of the sampler.
            rng = np.random.default_rng([1, self._seed, self.epoch, place])
            example = augmented(example, self._others, self._augmentation, rng)
        return example.replace(SEPARATOR, self._separator)

    def dataset(self) -> Dataset:
        """Return a dataset with the columns ``query``, the text, and ``label``, the row, of the current epoch."""
        from datasets import Dataset

        places = list(range(len(self)))
        # The columns are stored only for their names and types: `_shown` replaces them.
        return Dataset.from_dict({"query": [""] * len(places), "label": places}).with_transform(self._shown)

    def _shown(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        places = batch["label"]
        rows = self.rows()
        return {"query": [self.text(place) for place in places], "label": [int(rows[place]) for place in places]}


class FollowEpochs(TrainerCallback):
    """Keeps the epoch of the texts equal to the trainer's, also in a resumed run."""

    def __init__(self, epochs: Epochs) -> None:
        self.epochs = epochs

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Set the epoch. The trainer makes the batches of the epoch after this."""
        self.epochs.epoch = int((state.epoch or 0) + 1e-6)
