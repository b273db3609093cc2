"""Which of a teacher's documents a query is trained on: named strategies, and draws that a resumed run repeats.

A strategy sees one query's ranking, without its relevant documents, and returns ``k`` different documents with the
teacher's scores (fewer, where it has not as many). Documents that the teacher did not score get the lowest score in its
list: a list is the top of a ranking, so whatever is not in it scores at most that much.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.training.candidates import Candidates, Ranking


@dataclass(frozen=True, slots=True)
class Sampling:
    """How candidates are drawn at every step.

    Attributes:
        strategy: a name in `STRATEGIES`.
        candidates: how many documents are drawn beside the positive.
        skip: ranks that ``band`` and ``mixed`` leave out at the top.
        depth: how many ranks after them they draw from.
    """

    strategy: str = "band"
    candidates: int = 16
    skip: int = 10
    depth: int = 950

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise InputError(f"unknown sampling strategy {self.strategy!r}: expected one of {', '.join(STRATEGIES)}")
        if self.candidates < 1 or self.skip < 0 or self.depth < 1:
            raise InputError(
                "expected at least 1 candidate, a skip of at least 0 and a depth of at least 1, found "
                f"{self.candidates}, {self.skip} and {self.depth}"
            )


class Draw(NamedTuple):
    """Rows of documents, and the teacher's scores of them."""

    documents: NDArray[np.int64]
    scores: NDArray[np.float32]


Strategy = Callable[[Ranking, int, Sampling, Generator], Draw]


def band(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """Uniform over a band of ranks: the published set-up, which skips the top 10 and takes the next 950."""
    ranks = np.arange(len(ranking.documents))[sampling.skip : sampling.skip + sampling.depth]
    return _at(ranking, rng.permutation(ranks)[: sampling.candidates])


def top(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """The best documents of the list, the same at every step."""
    return _at(ranking, np.arange(len(ranking.documents))[: sampling.candidates])


def stratified(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """One document from each of as many equally long stretches of the list as there are candidates."""
    borders = np.arange(sampling.candidates + 1) * len(ranking.documents) // sampling.candidates
    if len(ranking.documents) < sampling.candidates:
        return _at(ranking, np.arange(len(ranking.documents)))
    return _at(ranking, rng.integers(borders[:-1], borders[1:]))


def proportional(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """One after the other without replacement, with chances proportional to the teacher's scores.

    Where a list has scores below 0, the lowest is taken from all of them first.
    """
    chances = ranking.scores.astype(np.float64)
    chances = chances - min(chances.min(initial=0), 0)
    chances += 1e-9 * max(chances.max(initial=0), 1)  # so that a score of 0 can still be drawn when all others are
    size = min(sampling.candidates, len(chances))
    return _at(ranking, rng.choice(len(chances), size, replace=False, p=chances / chances.sum()) if size else _NONE)


def random(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """Any documents of the corpus (of those that were loaded) that are not relevant."""
    return _random(ranking, corpus, sampling.candidates, ranking.relevant, rng)


def mixed(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """A third the best of the list, a third any documents of the corpus, the rest uniform over the band of ranks."""
    third = sampling.candidates // 3
    best = _at(ranking, np.arange(len(ranking.documents))[:third])
    ranks = np.arange(len(ranking.documents))[max(sampling.skip, third) : sampling.skip + sampling.depth]
    middle = _at(ranking, rng.permutation(ranks)[: sampling.candidates - 2 * third])
    taken = np.concatenate([ranking.relevant, best.documents, middle.documents])
    far = _random(ranking, corpus, third, taken, rng)
    return Draw(
        np.concatenate([best.documents, middle.documents, far.documents]),
        np.concatenate([best.scores, middle.scores, far.scores]),
    )


STRATEGIES: dict[str, Strategy] = {
    "band": band,
    "top": top,
    "stratified": stratified,
    "proportional": proportional,
    "random": random,
    "mixed": mixed,
}

NEEDS_CORPUS = frozenset({"random", "mixed"})
"""Strategies that draw from more documents than the teacher's lists have."""


class Sampler:
    """Draws the documents of a batch. A draw depends on the seed, the step and the query's row, and on nothing else.

    Args:
        candidates: the queries' rankings.
        corpus: how many documents there are in all.
        sampling: the strategy and its numbers.
        seed: another seed draws otherwise.
    """

    def __init__(self, candidates: Candidates, corpus: int, sampling: Sampling, seed: int) -> None:
        self.candidates = candidates
        self.corpus = corpus
        self.sampling = sampling
        self.seed = seed

    def draw(self, rows: NDArray[np.int64], step: int) -> Draw:
        """Return documents and scores of the given queries, each (batch, 1 + candidates), the positives first."""
        draws = [self._draw(int(row), step) for row in rows]
        return Draw(
            np.column_stack([self.candidates.positives[rows], np.stack([draw.documents for draw in draws])]),
            np.column_stack([self.candidates.positive_scores[rows], np.stack([draw.scores for draw in draws])]),
        )

    def too_short(self) -> list[int]:
        """Rows of the queries that have not enough documents to draw from."""
        rows = range(len(self.candidates))
        return [row for row in rows if len(self._draw(row, 0).documents) < self.sampling.candidates]

    def _draw(self, row: int, step: int) -> Draw:
        rng = np.random.default_rng([self.seed, step, row])
        return STRATEGIES[self.sampling.strategy](self.candidates.ranking(row), self.corpus, self.sampling, rng)


_NONE: NDArray[np.int64] = np.empty(0, np.int64)


def _at(ranking: Ranking, ranks: NDArray[np.int64]) -> Draw:
    return Draw(ranking.documents[ranks], ranking.scores[ranks])


def _random(ranking: Ranking, corpus: int, k: int, taken: NDArray[np.int64], rng: Generator) -> Draw:
    if not len(ranking.documents):
        return _at(ranking, _NONE)  # without a list there is no lowest score
    drawn: NDArray[np.int64] = rng.choice(corpus, min(k + len(taken), corpus), replace=False)
    documents = drawn[~np.isin(drawn, taken)][:k]
    scores = np.full(len(documents), ranking.scores.min(), np.float32)
    _, here, there = np.intersect1d(documents, ranking.documents, return_indices=True)
    scores[here] = ranking.scores[there]
    return Draw(documents, scores)
