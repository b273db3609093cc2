"""The common shape of the published collections: what `disco_pyserini.datasets.registry` lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from disco_pyserini.datasets.collection import Passage, Query
from disco_pyserini.datasets.resources import Resource, Terms

type Qrels = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A published collection: where its files come from, and how they are read.

    Attributes:
        name: as on the command line.
        title: what it is, in a line.
        terms: its licence, and what must be signed for.
        resources: its files; a ``path`` is relative to the collection's folder.
        splits: for each split the number of turns that the publisher states, None where none is stated.
        queries: reads the turns of a split from the collection's folder.
        qrels: reads the judgments of a split from the collection's folder.
        passages: reads the passages from the collection's folder; None where they come from elsewhere (`corpus`).
        corpus: the passages' source for ``--corpus`` where another tool has them (``irds:…``).
    """

    name: str
    title: str
    terms: Terms
    resources: tuple[Resource, ...]
    splits: Mapping[str, int | None]
    queries: Callable[[Path, str], Iterator[Query]]
    qrels: Callable[[Path, str], Qrels]
    passages: Callable[[Path], Iterator[Passage]] | None = None
    corpus: str | None = None
