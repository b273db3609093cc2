"""A whole generated collection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from random import Random

from disco_pyserini.datasets.layout import write_collection
from disco_pyserini.datasets.turns import Query
from disco_pyserini.demo_world.conversations import JudgedQuery, converse
from disco_pyserini.demo_world.entities import PASSAGES_PER_CLUSTER, make_cluster
from disco_pyserini.demo_world.names import Namer
from disco_pyserini.demo_world.wording import write_passage
from disco_pyserini.demo_world.words import load_words
from disco_pyserini.errors import InputError
from disco_pyserini.passages import Passage

SPLITS = ("train", "dev", "test")
MAX_SIZE = 1_000_000
# Of any 20 clusters in a row, 12 are for training, 3 for development and 5 for testing, well mixed, so that small
# worlds have all three.
_PATTERN = (
    *("train", "test", "train", "dev", "train", "train", "test", "train", "train", "test"),
    *("train", "dev", "train", "train", "test", "train", "train", "dev", "test", "train"),
)


@dataclass(frozen=True)
class DemoWorld:
    """A collection about invented people, places, works and organisations, the same for the same arguments.

    The first ``size // 56`` clusters are complete, and conversations are about them. The remaining passages come from
    one more cluster, which no conversation is about. The iterators generate as they are read: the
    memory needed does not depend on ``size``.

    Attributes:
        seed: another seed gives other names, other facts and other conversations.
        size: the number of passages, at most `MAX_SIZE`.
        conversations_per_cluster: conversations about each cluster of 7 entities (56 passages).

    Raises:
        InputError: the size is not between 1 and `MAX_SIZE`, or there are no conversations.
    """

    seed: int = 2025
    size: int = 2000
    conversations_per_cluster: int = 6

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MAX_SIZE:
            raise InputError(f"a demo world has between 1 and {MAX_SIZE} passages, found a size of {self.size}")
        if self.conversations_per_cluster < 1:
            raise InputError(
                f"the number of conversations per cluster must be at least 1, found {self.conversations_per_cluster}"
            )

    def passages(self) -> Iterator[Passage]:
        """The corpus, in order."""
        return islice(self._endless_passages(), self.size)

    def queries(self, split: str) -> Iterator[Query]:
        """The turns to answer of a split, in order."""
        return (judged.query for judged in self.judged_queries(split))

    def qrels(self, split: str) -> dict[str, dict[str, int]]:
        """The grades of the passages that answer the turns of a split, by query and passage id."""
        return {judged.query.qid: judged.grades for judged in self.judged_queries(split)}

    def judged_queries(self, split: str) -> Iterator[JudgedQuery]:
        """The turns of a split with their grades.

        Raises:
            InputError: there is no such split.
        """
        if split not in SPLITS:
            raise InputError(f"unknown split {split!r}: expected {', '.join(SPLITS)}")
        return self._judged_queries(split)

    def write(self, directory: Path) -> None:
        """Write ``corpus.jsonl`` and, for every split, ``turns.<split>.jsonl`` and ``qrels.<split>.txt``."""
        splits = {split: (self.queries(split), self.qrels(split)) for split in SPLITS}
        write_collection(self.passages(), splits, directory)

    @cached_property
    def _namer(self) -> Namer:
        return Namer.draw(self.seed)

    def _endless_passages(self) -> Iterator[Passage]:
        for number in range(self.size // PASSAGES_PER_CLUSTER + 1):
            rng = Random(f"{self.seed}:{number}:passages")
            for entity in make_cluster(self.seed, number, self._namer):
                for facet in load_words().kinds[entity.kind].facets:
                    yield Passage(f"{entity.id}-{facet.name}", write_passage(facet, entity, rng))

    def _judged_queries(self, split: str) -> Iterator[JudgedQuery]:
        for number in range(self.size // PASSAGES_PER_CLUSTER):
            if _PATTERN[number % len(_PATTERN)] != split:
                continue
            cluster = make_cluster(self.seed, number, self._namer)
            for which in range(self.conversations_per_cluster):
                conversation_id = f"dw-{number * self.conversations_per_cluster + which:06d}"
                rng = Random(f"{self.seed}:{number}:conversation:{which}")
                yield from converse(cluster, conversation_id, rng)
