"""Expected FLOPS: what a search costs in an inverted index, and how many dimensions are active at which turn.

Paria et al. (ICLR 2020), and SPLADE (Formal et al., SIGIR 2021, section 4): the expected number of products that
scoring one query against one document takes is the sum over the vocabulary of P(query activates the term) ·
P(document activates the term), both estimated as shares of the queries and of the collection.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.impacts import ImpactVector
from disco_pyserini.vectors.batch import VectorSource
from disco_pyserini.vectors.manifest import vocabulary_hash

_QUERIES_PER_BATCH = 64

type Terms = Mapping[str, NDArray[np.integer]]
"""The active terms of each query, by its id."""
type Progress = Callable[[int], None]


class QueryEncoder(Protocol):
    """What a query encoder must offer; `disco_pyserini.encoding.DiscoQueryEncoder` does."""

    model_name: str

    @property
    def vocabulary(self) -> Sequence[str]:
        """The tokens, in the order of their ids."""

    def vectors(self, texts: Sequence[str], /) -> Sequence[ImpactVector]:
        """Return the impacts of each text by token id."""


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


@dataclass(frozen=True, slots=True)
class SearchCost:
    """What searching with some queries costs.

    Attributes:
        queries: how many there are.
        flops: the expected FLOPS of a query and a document.
        dimensions: active dimensions of a query, on average.
    """

    queries: int
    flops: float
    dimensions: float

    @classmethod
    def of(cls, queries: Activations, documents: Activations) -> SearchCost:
        """Compute the cost from the activations of both sides."""
        return cls(queries.vectors, expected_flops(queries, documents), queries.mean_dimensions)


def search_costs(
    terms: Terms, documents: Activations, depths: Mapping[str, int]
) -> tuple[SearchCost, dict[int, SearchCost]]:
    """Return the cost of all queries, and that of the queries of each turn depth, in ascending order.

    Args:
        terms: the active terms of each query.
        documents: the activations of the collection, in the same dimensions.
        depths: the turn of each query, by its id.

    Raises:
        InputError: there is no query, or one has no depth.
    """
    size = len(documents.counts)
    everything = count_activations(((active, 1) for active in terms.values()), size)
    return SearchCost.of(everything, documents), {
        depth: SearchCost.of(group, documents) for depth, group in activations_by_depth(terms, depths, size).items()
    }


def encode_queries(
    encoder: QueryEncoder, texts: Mapping[str, str], progress: Progress = lambda queries: None
) -> dict[str, NDArray[np.int32]]:
    """Return the active terms of each query, by its id; ``progress`` is called with the number of queries just done."""
    active = {}
    for batch in batched(texts.items(), _QUERIES_PER_BATCH):
        for (qid, _), vector in zip(batch, encoder.vectors([text for _, text in batch]), strict=True):
            active[qid] = vector.terms
        progress(len(batch))
    return active


def document_activations(
    source: VectorSource, encoder: QueryEncoder, progress: Progress = lambda passages: None
) -> Activations:
    """Count the activations of documents in the dimensions of a query encoder.

    Args:
        source: the documents' vectors.
        encoder: the query encoder; tokens that it does not have are ignored.
        progress: called with the number of documents just read.

    Raises:
        InputError: the vectors have another vocabulary than the encoder, or there are none.
    """
    if source.space and source.space.vocabulary != vocabulary_hash(encoder.vocabulary):
        raise InputError(
            f"these vectors of {source.space.document_model} have another vocabulary than the query encoder "
            f"{encoder.model_name}: name an encoder that fits with --encoder"
        )
    dimensions = {token: number for number, token in enumerate(encoder.vocabulary)}
    counts = np.zeros(len(dimensions), dtype=np.int64)
    documents = 0
    for batch in source.batches():
        active, uses = np.unique(batch.terms[batch.offsets[0] : batch.offsets[-1]], return_counts=True)
        for term, number in zip(active.tolist(), uses.tolist(), strict=True):
            # JSONL numbers its tokens as they come, and may hold some that the query encoder never uses.
            if (dimension := dimensions.get(source.vocabulary[term])) is not None:
                counts[dimension] += number
        documents += len(batch)
        progress(len(batch))
    if not documents:
        raise InputError("expected at least one vector of a document, found none")
    return Activations(counts, documents)


def activations_by_depth(terms: Terms, depths: Mapping[str, int], vocabulary_size: int) -> dict[int, Activations]:
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
