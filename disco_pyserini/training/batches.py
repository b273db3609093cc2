"""Batches of texts of similar length, which waste less on padding."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from sentence_transformers.base.sampler import DefaultBatchSampler

_BATCHES_PER_SORT = 50


class SimilarLengthBatchSampler(DefaultBatchSampler):
    """Shuffles, sorts stretches of 50 batches by the length of their first text column, and shuffles the batches.

    Name it as ``batch_sampler`` in `SparseEncoderTrainingArguments`. Incomplete batches are left out.
    """

    def __iter__(self) -> Iterator[list[int]]:
        generator = self.generator or torch.Generator()
        generator.manual_seed(self.seed + self.epoch)
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
