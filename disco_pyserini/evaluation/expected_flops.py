"""Expected FLOPS of a search in an inverted index, and active dimensions by turn.

Paria et al. (ICLR 2020), and SPLADE (Formal et al., SIGIR 2021, section 4): the expected number of products for
scoring one query against one document is the sum over the vocabulary of P(query activates the term) ·
P(document activates the term). Both are estimated as shares, of the queries and of the collection.
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
"""The active terms of each query, by query id."""
type Progress = Callable[[int], None]


class QueryEncoder(Protocol):
    """The interface of a query encoder; `disco_pyserini.encoding.DiscoQueryEncoder` implements it."""

    model_name: str

    @property
    def vocabulary(self) -> Sequence[str]:
        """The tokens, in the order of their ids."""

    def vectors(self, texts: Sequence[str], /) -> Sequence[ImpactVector]:
        """Return the impacts of each text by token id."""


@dataclass(frozen=True, slots=True)
class Activations:
    """For each dimension, the number (``counts``) of the ``vectors`` vectors with a non-zero weight."""

    counts: NDArray[np.int64]
    vectors: int

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """For each dimension, the share of vectors in which it is active."""
        return self.counts / self.vectors

    @property
    def mean_dimensions(self) -> float:
        """The mean number of active dimensions per vector."""
        return float(self.counts.sum() / self.vectors)


def count_activations(batches: Iterable[tuple[NDArray[np.integer], int]], vocabulary_size: int) -> Activations:
    """Count the active dimensions of vectors.

    Args:
        batches: the concatenated active terms of some vectors, and the number of these vectors.
        vocabulary_size: the number of dimensions.

    Raises:
        InputError: there are no vectors.
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
    """Return the expected number of products for one query and one document.

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
    """The search cost of a set of queries.

    Attributes:
        queries: the number of queries.
        flops: the expected FLOPS per query and document.
        dimensions: the mean number of active dimensions per query.
    """

    queries: int
    flops: float
    dimensions: float

    @classmethod
    def of(cls, queries: Activations, documents: Activations) -> SearchCost:
        """Compute the cost from the activations of queries and documents."""
        return cls(queries.vectors, expected_flops(queries, documents), queries.mean_dimensions)


def search_costs(
    terms: Terms, documents: Activations, depths: Mapping[str, int]
) -> tuple[SearchCost, dict[int, SearchCost]]:
    """Return the cost of all queries, and of the queries at each turn depth, in ascending order.

    Args:
        terms: the active terms of each query.
        documents: the activations of the collection, in the same dimensions.
        depths: the turn of each query, by its id.

    Raises:
        InputError: there are no queries, or one has no depth.
    """
    size = len(documents.counts)
    everything = count_activations(((active, 1) for active in terms.values()), size)
    return SearchCost.of(everything, documents), {
        depth: SearchCost.of(group, documents) for depth, group in activations_by_depth(terms, depths, size).items()
    }


def encode_queries(
    encoder: QueryEncoder, texts: Mapping[str, str], progress: Progress = lambda queries: None
) -> dict[str, NDArray[np.int32]]:
    """Return the active terms of each query, by id; ``progress`` is called with the number of queries just encoded."""
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
        encoder: the query encoder; tokens outside its vocabulary are ignored.
        progress: called with the number of documents just read.

    Raises:
        InputError: the vectors have a different vocabulary from the encoder, or there are no vectors.
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
            # Tokens of JSONL are numbered in order of appearance, and may include some unknown to the query encoder.
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
