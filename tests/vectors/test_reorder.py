"""Reordering loses nothing, and brings documents that share terms together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from disco_pyserini.vectors import reorder
from disco_pyserini.vectors.batch import VectorBatch
from disco_pyserini.vectors.reorder import reordered


class Source:
    """Vectors in memory; ``names`` says what each document is called."""

    space = None

    def __init__(self, rows: list[list[int]], names: list[str], vocabulary: int, raw: bool = False) -> None:
        self.rows, self.names, self.raw = rows, names, raw
        self.vocabulary = [f"t{i}" for i in range(vocabulary)]
        self.total = len(rows)

    def batches(self) -> Iterator[VectorBatch]:
        for first in range(0, len(self.rows), 70):
            rows, names = self.rows[first : first + 70], self.names[first : first + 70]
            # Offsets need not begin at 0.
            terms = np.array([0, *(term for row in rows for term in row)], dtype=np.int32)
            offsets = np.cumsum([1, *map(len, rows)])
            raw = [f"text of {name}" for name in names] if self.raw else None
            yield VectorBatch(names, offsets, terms, (terms % 300 + 1).astype(np.uint16), raw)


def topics(number: int, vocabulary: int, seed: int = 0) -> Source:
    """Documents of eight topics in a random order, some of them without terms; their names begin with the topic."""
    generator = np.random.default_rng(seed)
    rows, names = [], []
    for i in range(number):
        topic = int(generator.integers(8))
        span = vocabulary // 9
        own = topic * span + generator.choice(span, 12, replace=False)
        shared = 8 * span + generator.choice(span, 4, replace=False)
        rows.append([] if i % 50 == 7 else sorted({*own.tolist(), *shared.tolist()}))
        names.append(f"{topic}-{i}")
    return Source(rows, names, vocabulary)


@pytest.mark.parametrize("vocabulary", [500, 100_000])
@pytest.mark.parametrize("postings", [1_000_000, 40])
def test_nothing_is_lost(monkeypatch: pytest.MonkeyPatch, vocabulary: int, postings: int) -> None:
    monkeypatch.setattr(reorder, "_POSTINGS", postings)
    source = topics(1500, vocabulary)
    seen: list[tuple[int, int]] = []
    result = reordered(source, progress=lambda done, total: seen.append((done, total)))

    def content(batches: Iterator[VectorBatch]) -> dict[str, tuple[list[int], list[int]]]:
        return {name: (terms.tolist(), impacts.tolist()) for batch in batches for name, terms, impacts in batch}

    assert content(result.batches()) == content(source.batches())
    assert result.total == 1500 and [name for batch in result.batches() for name in batch.ids] != source.names
    assert seen[-1][0] == seen[-1][1] and [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert np.array_equal(result.order, reordered(source).order)


def test_documents_of_a_topic_stand_together() -> None:
    source = topics(4000, 500)
    names = [name for batch in reordered(source).batches() for name in batch.ids]

    def changes(order: list[str]) -> int:
        return sum(a[0] != b[0] for a, b in pairwise(order))

    assert changes(names) < 0.2 * changes(source.names)


def test_texts_come_along_when_asked_for() -> None:
    source = topics(300, 200)
    source.raw = True
    for batch in reordered(source, keep_raw=True).batches():
        assert batch.raw == [f"text of {name}" for name in batch.ids]
    assert all(batch.raw is None for batch in reordered(source).batches())


def test_hardly_any_documents() -> None:
    assert list(reordered(Source([], [], 10)).batches()) == []
    [batch] = reordered(Source([[1, 2], []], ["a", "b"], 10)).batches()
    assert batch.ids == ["a", "b"] and batch.terms.tolist() == [1, 2] and batch.offsets.tolist() == [0, 2, 2]
