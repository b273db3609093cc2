"""Sample training documents from a teacher's rankings: named strategies, with draws that a resumed run repeats.

A strategy gets one query's ranking, without its relevant documents, and returns ``k`` distinct documents with the
teacher's scores (fewer if there are not enough). Documents that the teacher did not score get the lowest score in its
list: the list is the top of a ranking, so any other document scores at most that much.

To add a strategy, write a function like those below, and name it in `STRATEGIES` or announce a `Strategy` as an entry
point in the group ``disco_pyserini.sampling``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from disco_pyserini.extensions import Registry
from disco_pyserini.records import Record
from disco_pyserini.training.candidates import Candidates, Ranking


class Sampling(Record):
    """The sampling of candidates at every step.

    Attributes:
        strategy: a name in `STRATEGIES`.
        candidates: the number of documents drawn in addition to the positive.
        skip: the number of top ranks that ``band`` and ``mixed`` skip.
        depth: the number of following ranks that they draw from, relevant documents included in the count.
        options: the settings of a strategy that another package added.
    """

    strategy: str = "band"
    candidates: Annotated[int, Field(ge=1)] = 16
    skip: Annotated[int, Field(ge=0)] = 10
    depth: Annotated[int, Field(ge=1)] = 950
    options: Mapping[str, Any] = {}


class Draw(NamedTuple):
    """Rows of documents, and the teacher's scores of them."""

    documents: NDArray[np.int64]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy for drawing one query's documents.

    Attributes:
        draw: called with the query's ranking, the number of loaded documents (their rows count from 0), the settings
            and a random generator, which is all that the draw may depend on.
        needs_corpus: whether it draws documents outside the teacher's lists; additional ones are then loaded.
        within_band: whether it draws from the band of ranks only. A positive outside the band, above or below it, then
            gets the band's best score.
    """

    draw: Callable[[Ranking, int, Sampling, Generator], Draw]
    needs_corpus: bool = False
    within_band: bool = False


def band(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """Draw uniformly from a band of the whole list's ranks. The published set-up skips 10 and uses the next 950."""
    return _at(ranking, rng.permutation(_band(ranking, sampling.skip, sampling))[: sampling.candidates])


def top(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """Return the top documents of the list, the same at every step."""
    return _at(ranking, np.arange(len(ranking.documents))[: sampling.candidates])


def stratified(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """Split the list into ``candidates`` equally long parts, and draw one document from each."""
    borders = np.arange(sampling.candidates + 1) * len(ranking.documents) // sampling.candidates
    if len(ranking.documents) < sampling.candidates:
        return _at(ranking, np.arange(len(ranking.documents)))
    return _at(ranking, rng.integers(borders[:-1], borders[1:]))


def proportional(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """Draw without replacement, with probabilities proportional to the teacher's scores.

    If a list has scores below 0, the lowest is subtracted from all of them first.
    """
    chances = ranking.scores.astype(np.float64)
    chances = chances - min(chances.min(initial=0), 0)
    chances += 1e-9 * max(chances.max(initial=0), 1)  # a score of 0 can still be drawn
    size = min(sampling.candidates, len(chances))
    return _at(ranking, rng.choice(len(chances), size, replace=False, p=chances / chances.sum()) if size else _NONE)


def random(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """Draw uniformly from the loaded documents of the corpus that are not relevant."""
    return _random(ranking, corpus, sampling.candidates, ranking.relevant, rng)


def mixed(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """Draw a third from the top of the list, a third from the whole corpus, and the rest from the band of ranks."""
    third = sampling.candidates // 3
    best = _at(ranking, np.arange(len(ranking.documents))[:third])
    middle = _at(ranking, rng.permutation(_band(ranking, third, sampling))[: sampling.candidates - 2 * third])
    taken = np.concatenate([ranking.relevant, best.documents, middle.documents])
    far = _random(ranking, corpus, third, taken, rng)
    return Draw(
        np.concatenate([best.documents, middle.documents, far.documents]),
        np.concatenate([best.scores, middle.scores, far.scores]),
    )


STRATEGIES: Registry[Strategy] = Registry(
    "sampling strategy",
    "sampling",
    {
        "band": Strategy(band, within_band=True),
        "top": Strategy(top),
        "stratified": Strategy(stratified),
        "proportional": Strategy(proportional),
        "random": Strategy(random, needs_corpus=True),
        "mixed": Strategy(mixed, needs_corpus=True),
    },
)


class Sampler:
    """Draws the documents of a batch. A draw depends only on the seed, the step and the query's row.

    Args:
        candidates: the queries' rankings.
        corpus: the total number of documents.
        sampling: the strategy and its settings.
        seed: seed of the draws.

    Raises:
        InputError: the strategy is unknown.
    """

    def __init__(self, candidates: Candidates, corpus: int, sampling: Sampling, seed: int) -> None:
        self.candidates = candidates
        self.corpus = corpus
        self.sampling = sampling
        self.seed = seed
        self._strategy = STRATEGIES.get(sampling.strategy)

    def draw(self, rows: NDArray[np.int64], step: int) -> Draw:
        """Return documents and scores of the given queries, each (batch, 1 + candidates), the positives first.

        One of a query's positives is drawn at each step. It has the teacher's score, or the best score in its list (in
        the band, for a strategy that draws from there only) if it is not there.
        """
        documents, scores = [], []
        for row in rows.tolist():
            rng = self._random(row, step)
            draw = self._strategy.draw(self.candidates.ranking(row), self.corpus, self.sampling, rng)
            positive = self.candidates.positives[row][rng.integers(len(self.candidates.positives[row]))]
            documents.append(np.concatenate([[positive], draw.documents]))
            scores.append(np.concatenate([[self._score(row, positive)], draw.scores]))
        return Draw(np.stack(documents), np.stack(scores))

    def too_short(self) -> list[int]:
        """Return the rows of queries with too few documents to draw from."""
        rows = range(len(self.candidates))
        return [row for row in rows if self._drawable(row) < self.sampling.candidates]

    def _drawable(self, row: int) -> int:
        ranking = self.candidates.ranking(row)
        return len(self._strategy.draw(ranking, self.corpus, self.sampling, self._random(row, 0)).documents)

    def _random(self, row: int, step: int) -> Generator:
        return np.random.default_rng([self.seed, step, row])

    def _score(self, row: int, positive: np.int64) -> np.float32:
        documents, scores = self.candidates.list_of(row)
        if self._strategy.within_band:
            band = slice(self.sampling.skip, self.sampling.skip + self.sampling.depth)
            documents, scores = documents[band], scores[band]
        [places] = np.nonzero(documents == positive)
        score: np.float32 = scores[places[0] if len(places) else 0]
        return score


_NONE: NDArray[np.int64] = np.empty(0, np.int64)


def _at(ranking: Ranking, ranks: NDArray[np.int64]) -> Draw:
    return Draw(ranking.documents[ranks], ranking.scores[ranks])


def _band(ranking: Ranking, first: int, sampling: Sampling) -> NDArray[np.intp]:
    """The places of the documents in the band, from rank ``first``. Relevant documents count as ranks."""
    inside = (ranking.ranks >= max(sampling.skip, first)) & (ranking.ranks < sampling.skip + sampling.depth)
    return np.flatnonzero(inside)


def _random(ranking: Ranking, corpus: int, k: int, taken: NDArray[np.int64], rng: Generator) -> Draw:
    if not len(ranking.documents):
        return _at(ranking, _NONE)  # an empty list has no lowest score
    drawn: NDArray[np.int64] = rng.choice(corpus, min(k + len(taken), corpus), replace=False)
    documents = drawn[~np.isin(drawn, taken)][:k]
    scores = np.full(len(documents), ranking.scores.min(), np.float32)
    _, here, there = np.intersect1d(documents, ranking.documents, return_indices=True)
    scores[here] = ranking.scores[there]
    return Draw(documents, scores)
