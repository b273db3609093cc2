"""Last step of preparing a training run: load and cross-check candidates, document vectors and dev queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.training.candidates import Candidates, TeacherLists
from disco_pyserini.training.config import TrainingConfig
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.documents import load_documents, read_contents
from disco_pyserini.training.losses import LOSSES, SampledLoss
from disco_pyserini.training.queries import Queries, read_queries
from disco_pyserini.training.sampling import Sampler
from disco_pyserini.training.teaching import encode_rewrites, read_teachers, search_rewrites
from disco_pyserini.training.tolerance import Tolerance


@dataclass(frozen=True, slots=True)
class Material:
    """The data of a training run; the candidates have the same rows as ``texts``.

    Attributes:
        texts: the conversations.
        sampler: draws from the candidates of each text.
        documents: vectors; without postings in live mode, if they are not needed.
        contents: the passages' texts, for live mode.
        rewrites: the vector of each query's rewrite, if the loss needs it.
        dev: the queries for evaluation.
        notes: queries and documents that were left out.
    """

    texts: Sequence[str]
    sampler: Sampler
    documents: DocumentVectors
    contents: Sequence[str]
    rewrites: DocumentVectors | None
    dev: Queries | None
    notes: Sequence[str]

    @property
    def candidates(self) -> Candidates:
        """The rankings that the sampler draws from."""
        return self.sampler.candidates


def prepare(config: TrainingConfig, encoder: DiscoDocumentEncoder, seed: int) -> Material:
    """Read the queries and the teacher, load the documents, and make the candidates.

    Raises:
        InputError: a file is malformed, or does not match the others.
    """
    tolerance = Tolerance(config.data.tolerate)
    queries = read_queries(config.data)
    dev = read_queries(config.dev) if config.dev.source else None
    if unjudged := len(queries.texts) - len(queries.judged()):
        tolerance.notes.append(f"left out: {unjudged:,} of {len(queries.texts):,} queries without a relevant document")

    encoded = encode_rewrites(config.teacher, queries, encoder, tolerance) if config.teacher.rewrites else None
    # Evaluation and rewrites search all documents; otherwise the teacher's documents are enough.
    documents = load_documents(config, encoder, None, seed) if dev or encoded else None
    flat: list[str] = []
    if encoded and documents is not None:
        scores = search_rewrites(config.teacher, encoded, documents, queries.qrels)
    else:
        scores = read_teachers(config.teacher, flat)
    lists = TeacherLists(scores, queries.texts, queries.qrels, tolerance, flat)

    if documents is None:
        documents = load_documents(config, encoder, set(lists.ids), seed)
    candidates = lists.candidates(documents.rows, tolerance)
    if dev:
        relevant = dev.relevant()
        missing = sorted(relevant - documents.rows.keys())
        tolerance.check(
            "relevant documents of dev queries without a vector", missing, len(relevant), "are they of one collection?"
        )
    loss = LOSSES.get(config.loss.name)
    sampler = Sampler(candidates, len(documents), config.sampling, seed)
    if issubclass(loss, SampledLoss):
        sampler = _without_short_lists(sampler, tolerance)
    qids = sampler.candidates.qids
    rewrites = None
    if encoded and loss.needs_rewrites:
        vectors = [encoded.rewrites[0][qid] for qid in qids]
        rewrites = DocumentVectors.from_weights(qids, vectors, documents.vocabulary_size)
    return Material(
        [queries.texts[qid] for qid in qids],
        sampler,
        documents,
        read_contents(str(config.data.corpus), documents.ids) if config.documents == "live" else [],
        rewrites,
        dev,
        tolerance.notes,
    )


def _without_short_lists(sampler: Sampler, tolerance: Tolerance) -> Sampler:
    """Leave out the queries that have too few documents to draw from."""
    candidates, sampling = sampler.candidates, sampler.sampling
    short = sampler.too_short()
    tolerance.check(
        f"queries with too few documents for {sampling.candidates} candidates ({sampling.strategy})",
        [candidates.qids[row] for row in short],
        len(candidates),
        "draw fewer candidates, choose another strategy or band, or use a deeper teacher",
    )
    return Sampler(candidates.without(short), sampler.corpus, sampling, sampler.seed) if short else sampler
