"""Batches that depend only on the seed and the epoch, so that a resumed run sees the same batches."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from sentence_transformers.base.sampler import DefaultBatchSampler

_BATCHES_PER_SORT = 50


class ShuffledBatchSampler(DefaultBatchSampler):
    """Shuffles in each epoch. (The order of the stock sampler also depends on the epochs that this process ran before.)

    Name it as ``batch_sampler`` in `SparseEncoderTrainingArguments`.
    """

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(len(self.sampler), generator=self._generator()).tolist()
        batches = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        yield from batches[: len(self)]

    def __len__(self) -> int:
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return int(whole) + (rest > 0 and not self.drop_last)

    def _generator(self) -> torch.Generator:
        generator = self.generator or torch.Generator()
        generator.manual_seed(self.seed + self.epoch)
        return generator


class SimilarLengthBatchSampler(ShuffledBatchSampler):
    """Shuffles, sorts stretches of 50 batches by the length of their first text column, and shuffles the batches.

    This reduces padding. The incomplete last batch is dropped.
    """

    def __iter__(self) -> Iterator[list[int]]:
        generator = self._generator()
        column = next(name for name in self.sampler.column_names if name not in (self.valid_label_columns or ()))
        lengths = [len(text) for text in self.sampler[column]]
        order = torch.randperm(len(lengths), generator=generator).tolist()
        stretch = self.batch_size * _BATCHES_PER_SORT
        ordered = [
            index
            for start in range(0, len(order), stretch)
            for index in sorted(order[start : start + stretch], key=lengths.__getitem__)
        ]
        batches = [ordered[i * self.batch_size : (i + 1) * self.batch_size] for i in range(len(self))]
        for number in torch.randperm(len(batches), generator=generator).tolist():
            yield batches[number]

    def __len__(self) -> int:
        return int(len(self.sampler) // self.batch_size)
