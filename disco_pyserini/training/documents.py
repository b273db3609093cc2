"""The documents of a training run: their vectors, stored or newly encoded, and their texts for live mode."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from itertools import batched
from pathlib import Path

import numpy as np

from disco_pyserini.datasets.named import open_passages
from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.config import TrainingConfig
from disco_pyserini.training.document_vectors import DocumentVectors, check_space, load_vectors
from disco_pyserini.training.sampling import STRATEGIES
from disco_pyserini.vectors import open_vectors

logger = logging.getLogger(__name__)

RANDOM_DOCUMENTS = 100_000
"""How many documents are loaded in addition to the teacher's, for strategies that draw from the whole corpus."""

_TEXTS_AT_ONCE = 1_000


def load_documents(
    config: TrainingConfig, encoder: DiscoDocumentEncoder, needed: Collection[str] | None, seed: int
) -> DocumentVectors:
    """Read ``data.vectors``, or encode ``data.corpus``.

    Args:
        config: names the vectors or the corpus.
        encoder: the document encoder that training starts from.
        needed: the ids of the documents to load; None loads all.
        seed: selects the additional documents for strategies that draw from the whole corpus.

    Raises:
        InputError: the files are missing or malformed, or the vectors are from another encoder.
    """
    others = RANDOM_DOCUMENTS if STRATEGIES.get(config.sampling.strategy).needs_corpus else 0
    if config.data.vectors:
        source = open_vectors(Path(config.data.vectors))
        check_space(source.space, encoder.revision, encoder.vocabulary, config.data.vectors)
        logger.info("reading vectors from %s", config.data.vectors)
        return load_vectors(source, encoder.vocabulary, needed, others, seed)
    passages = open_passages(str(config.data.corpus))
    if needed is not None and not others:
        passages = (passage for passage in passages if passage.id in needed)
    logger.info("encoding documents")
    ids: list[str] = []
    vectors: list[WeightVector] = []
    for chunk in batched(passages, _TEXTS_AT_ONCE):
        ids += [passage.id for passage in chunk]
        if config.documents == "live" and needed is not None:  # these vectors are never used
            vectors += [WeightVector(np.empty(0, np.int32), np.empty(0, np.float32))] * len(chunk)
        else:
            vectors += encoder.weight_vectors([passage.contents for passage in chunk])
    return DocumentVectors.from_weights(ids, vectors, len(encoder.vocabulary))


def read_contents(corpus: str, ids: Sequence[str]) -> list[str]:
    """Read the texts of documents, in the order of their ids.

    Raises:
        InputError: the corpus does not exist, or it lacks one of the documents.
    """
    wanted = set(ids)
    texts = {passage.id: passage.contents for passage in open_passages(corpus) if passage.id in wanted}
    if missing := wanted - texts.keys():
        raise InputError(f"{len(missing)} documents have a vector but no text in {corpus}, such as {min(missing)!r}")
    return [texts[docid] for docid in ids]
