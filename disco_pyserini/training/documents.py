"""The documents of a training run: their vectors, stored or newly encoded, and their texts for live mode."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

import numpy as np

from disco_pyserini.datasets.named import open_passages
from disco_pyserini.datasets.registry import open_split
from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import WeightVector
from disco_pyserini.passages import Passage
from disco_pyserini.training.answers import read_answers
from disco_pyserini.training.config import Source, TrainingConfig
from disco_pyserini.training.document_vectors import DocumentVectors, check_space, load_vectors
from disco_pyserini.training.sampling import STRATEGIES
from disco_pyserini.trec import Qrels
from disco_pyserini.vectors import open_vectors

logger = logging.getLogger(__name__)

RANDOM_DOCUMENTS = 100_000
"""How many documents are loaded in addition to the teacher's, for strategies that draw from the whole corpus."""

_TEXTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Pool:
    """The documents of several sources together.

    Attributes:
        vectors: without postings in live mode, if they are not needed. The ids are those of the documents, after the
            source's name and ``#`` if there are several sources.
        sources: in the order of their documents.
    """

    vectors: DocumentVectors
    sources: Sequence[Source]

    def qrels(self, qrels: Mapping[str, Mapping[str, int]], source: Source | None) -> Qrels:
        """Return judgments of the documents of a source (of the only source, if None) with the ids of the pool."""
        prefix = prefix_of(source or self.sources[0], self.sources)
        return {qid: {prefix + docid: grade for docid, grade in judged.items()} for qid, judged in qrels.items()}


def prefix_of(source: Source, sources: Sequence[Source]) -> str:
    """What comes before the ids of a source's documents among those of several sources."""
    return f"{source}#" if len(sources) > 1 else ""


def load_pool(
    config: TrainingConfig,
    encoder: DiscoDocumentEncoder,
    sources: Sequence[Source],
    needed: Collection[str] | None,
    seed: int,
) -> Pool:
    """Read or encode the documents of all sources.

    Args:
        config: the configuration.
        encoder: the document encoder that training starts from.
        sources: where the documents come from.
        needed: the ids of the documents to load, if there is one source; None loads all.
        seed: selects the additional documents for strategies that draw from the whole corpus.

    Raises:
        InputError: the files are missing or malformed, or the vectors are from another encoder.
    """
    parts = [(prefix_of(source, sources), _load(config, encoder, source, needed, seed)) for source in sources]
    return Pool(DocumentVectors.joined(parts), sources)


def read_contents(pool: Pool) -> list[str]:
    """Read the texts of the documents of a pool, in the order of their ids.

    Raises:
        InputError: a corpus does not exist, or it lacks one of the documents.
    """
    texts = {}
    for source in pool.sources:
        prefix = prefix_of(source, pool.sources)
        for passage in _passages(source):
            if (docid := prefix + passage.id) in pool.vectors.rows:
                texts[docid] = passage.contents
    if missing := pool.vectors.rows.keys() - texts.keys():
        corpora = ", ".join(str(source.corpus) for source in pool.sources)
        raise InputError(f"{len(missing)} documents have a vector but no text in {corpora}, such as {min(missing)!r}")
    return [texts[docid] for docid in pool.vectors.ids]


def _load(
    config: TrainingConfig,
    encoder: DiscoDocumentEncoder,
    source: Source,
    needed: Collection[str] | None,
    seed: int,
) -> DocumentVectors:
    others = RANDOM_DOCUMENTS if STRATEGIES.get(config.sampling.strategy).needs_corpus else 0
    if source.vectors:
        stored = open_vectors(Path(source.vectors))
        check_space(stored.space, encoder.revision, encoder.vocabulary, source.vectors)
        logger.info("reading vectors from %s", source.vectors)
        return load_vectors(stored, encoder.vocabulary, needed, others, seed)
    passages: Iterable[Passage] = _passages(source)
    if needed is not None and not others:
        passages = (passage for passage in passages if passage.id in needed)
    unused = config.documents == "live" and needed is not None
    size = len(encoder.vocabulary)
    parts = [DocumentVectors.from_weights([], [], size)]
    for number, chunk in enumerate(batched(passages, _TEXTS_AT_ONCE)):
        logger.info("encoding %s, from document %s", source, f"{number * _TEXTS_AT_ONCE + 1:,}")
        vectors = [_EMPTY] * len(chunk) if unused else encoder.weight_vectors([passage.contents for passage in chunk])
        ids = [passage.id for passage in chunk]
        parts.append(DocumentVectors.from_weights(ids, vectors, size))
    return DocumentVectors.joined([("", part) for part in parts])


def _passages(source: Source) -> Iterator[Passage]:
    if not source.answers_of:
        return open_passages(str(source.corpus))
    opened, split = open_split(source.answers_of)
    return iter(read_answers(opened.queries(split), opened.benchmark.first_turn_is_title).passages)


_EMPTY = WeightVector(np.empty(0, np.int32), np.empty(0, np.float32))
