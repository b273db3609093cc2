"""Expected FLOPS: what a search costs in an inverted index, and how many dimensions are active at which turn.

Paria et al. (ICLR 2020), and SPLADE (Formal et al., SIGIR 2021, section 4): the expected number of products that
scoring one query against one document takes is the sum over the vocabulary of P(query activates the term) ·
P(document activates the term), both estimated as shares of the queries and of the collection.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError


@dataclass(frozen=True, slots=True)
class Activations:
    """How many of ``vectors`` vectors have a weight other than 0 in each dimension of the vocabulary: ``counts``."""

    counts: NDArray[np.int64]
    vectors: int

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """The share of the vectors that each dimension is active in."""
        return self.counts / self.vectors

    @property
    def mean_dimensions(self) -> float:
        """Active dimensions of a vector, on average."""
        return float(self.counts.sum() / self.vectors)


def count_activations(batches: Iterable[tuple[NDArray[np.integer], int]], vocabulary_size: int) -> Activations:
    """Count the active dimensions of vectors.

    Args:
        batches: the active terms of some vectors, one after the other, and how many vectors these are.
        vocabulary_size: the number of dimensions.

    Raises:
        InputError: there is no vector.
    """
    counts = np.zeros(vocabulary_size, dtype=np.int64)
    vectors = 0
    for terms, number in batches:
        counts += np.bincount(terms, minlength=vocabulary_size)
        vectors += number
    if not vectors:
        raise InputError("expected at least one vector to count active dimensions of, found none")
    return Activations(counts, vectors)


def expected_flops(queries: Activations, documents: Activations) -> float:
    """The expected number of products for one query and one document.

    Raises:
        InputError: the two have vocabularies of different sizes.
    """
    if len(queries.counts) != len(documents.counts):
        raise InputError(
            f"queries have {len(queries.counts)} dimensions, documents {len(documents.counts)}: "
            "both must be encoded with one vocabulary"
        )
    return float(queries.probabilities @ documents.probabilities)


def activations_by_depth(
    terms: Mapping[str, NDArray[np.integer]], depths: Mapping[str, int], vocabulary_size: int
) -> dict[int, Activations]:
    """Count the active dimensions of queries by turn depth.

    Args:
        terms: the active terms of each query, by its id.
        depths: the turn of each query, by its id.
        vocabulary_size: the number of dimensions.

    Raises:
        InputError: a query has no depth.
    """
    groups: dict[int, list[tuple[NDArray[np.integer], int]]] = defaultdict(list)
    for qid, active in terms.items():
        if qid not in depths:
            raise InputError(f"query {qid!r} has no turn: do these turns belong to these topics?")
        groups[depths[qid]].append((active, 1))
    return {depth: count_activations(groups[depth], vocabulary_size) for depth in sorted(groups)}
