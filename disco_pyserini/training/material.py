"""Last step of preparing a training run: load and cross-check queries, teacher, candidates, documents and dev sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.errors import InputError
from disco_pyserini.training.augmentation import Example
from disco_pyserini.training.candidates import Candidates, TeacherLists
from disco_pyserini.training.config import Data, Dev, TrainingConfig
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.documents import Pool, load_pool, read_contents
from disco_pyserini.training.epochs import Epochs
from disco_pyserini.training.evaluator import DevSet
from disco_pyserini.training.losses import LOSSES, SampledLoss
from disco_pyserini.training.queries import Queries, read_queries
from disco_pyserini.training.sampling import Sampler
from disco_pyserini.training.searched import Rewritten, search_all
from disco_pyserini.training.teaching import encode_rewrites, read_teachers
from disco_pyserini.training.tolerance import Tolerance


@dataclass(frozen=True, slots=True)
class Material:
    """The data of a training run.

    Attributes:
        epochs: the texts of the training queries.
        sampler: draws from the candidates of each query.
        documents: vectors; without postings in live mode, if they are not needed.
        contents: the passages' texts, for live mode.
        rewrites: the vector of each query's rewrite (the mean of several), if the loss needs it.
        dev: the queries for evaluation.
        notes: queries and documents that were left out.
    """

    epochs: Epochs
    sampler: Sampler
    documents: DocumentVectors
    contents: Sequence[str]
    rewrites: DocumentVectors | None
    dev: Sequence[DevSet]
    notes: Sequence[str]

    @property
    def candidates(self) -> Candidates:
        """The rankings that the sampler draws from."""
        return self.sampler.candidates


@dataclass(frozen=True, slots=True)
class _Part:
    """One collection of the training data; the queries' ids are unique among all collections."""

    settings: Data
    queries: Queries
    held_out: Queries | None
    rewritten: Sequence[Rewritten]


def prepare(config: TrainingConfig, encoder: DiscoDocumentEncoder, seed: int) -> Material:
    """Read the queries and the teacher, load the documents, and make the candidates.

    Raises:
        InputError: a file is malformed, or does not match the others.
    """
    tolerance = Tolerance(config.tolerate)
    loss = LOSSES.get(config.loss.name)
    positives = loss.needs_positives(config.loss)
    several = sum(bool(collection.source) for collection in config.data) > 1
    parts = [
        _read(config, collection, encoder, tolerance, f"{collection.title}#" if several else "", positives)
        for collection in config.data
        if collection.source
    ]
    texts = {qid: text for part in parts for qid, text in part.queries.texts.items()}
    rewritten = [each for part in parts for each in part.rewritten]

    # Evaluation and rewrites search all documents; otherwise the teacher's documents are enough.
    pool = load_pool(config, encoder, config.sources, None, seed) if config.evaluates or rewritten else None
    known = pool or Pool(DocumentVectors.from_weights([], [], len(encoder.vocabulary)), config.sources)
    qrels = None
    if positives:
        qrels = {
            qid: judged
            for part in parts
            for qid, judged in known.qrels(part.queries.qrels, part.settings.documents).items()
        }
    flat: list[str] = []
    if rewritten and pool is not None:
        scores: Iterable[tuple[str, Mapping[str, float]]] = search_all(
            pool.vectors, rewritten, qrels or {}, config.teacher.depth, config.teacher.fusion
        )
        texts = {each.qid: texts[each.qid] for each in rewritten}
    else:
        scores = read_teachers(config.teacher, flat)
    lists = TeacherLists(scores, texts, qrels, tolerance, flat)
    if pool is None:
        pool = load_pool(config, encoder, config.sources, set(lists.ids), seed)
    sampler = Sampler(lists.candidates(pool.vectors.rows, tolerance), len(pool.vectors), config.sampling, seed)
    if issubclass(loss, SampledLoss):
        sampler = _without_short_lists(sampler, tolerance)
    qids = sampler.candidates.qids
    return Material(
        _epochs(config, parts, qids, seed, encoder.separator),
        sampler,
        pool.vectors,
        read_contents(pool) if config.documents == "live" else [],
        _targets(rewritten, qids, len(encoder.vocabulary)) if loss.needs_rewrites(config.loss) else None,
        _dev_sets(config, parts, pool, encoder, seed, tolerance),
        tolerance.notes,
    )


def _read(
    config: TrainingConfig,
    collection: Data,
    encoder: DiscoDocumentEncoder,
    tolerance: Tolerance,
    prefix: str,
    positives: bool,
) -> _Part:
    names = config.rewrites_of(collection)
    queries = read_queries(collection, names)
    held_out = None
    if collection.held_out:
        queries, held_out = queries.split(collection.held_out)
        if not held_out.texts:
            raise InputError(f"{collection.title}: held_out {collection.held_out:g} is less than one conversation")
    taught = queries
    if positives:
        judged = queries.judged()
        if unjudged := len(queries.texts) - len(judged):
            what = f"{prefix[:-1]}: " if prefix else ""
            tolerance.notes.append(
                f"left out: {what}{unjudged:,} of {len(queries.texts):,} queries without a relevant document"
            )
        taught = queries.only(judged)
    rewritten = (
        encode_rewrites(config.teacher, taught.prefixed(prefix), names, encoder, tolerance)
        if names and taught.turns
        else []
    )
    return _Part(collection, queries.prefixed(prefix), held_out, rewritten)


def _epochs(config: TrainingConfig, parts: Sequence[_Part], qids: Sequence[str], seed: int, separator: str) -> Epochs:
    """Return the texts of the queries that were kept."""
    rows: dict[str, tuple[Example | str, float]] = {}
    for part in parts:
        names = config.rewrites_of(part.settings)
        for qid, text in part.queries.texts.items():
            turn = part.queries.turns.get(qid)
            example: Example | str = text
            if turn:
                given = [name for name in names if turn.has(name)]
                example = Example(turn, given, part.settings.form, part.queries.titled)
            rows[qid] = example, part.settings.weight
    weights = np.array([rows[qid][1] for qid in qids])
    return Epochs([rows[qid][0] for qid in qids], weights, config.augment, seed, separator)


def _targets(rewritten: Sequence[Rewritten], qids: Sequence[str], vocabulary_size: int) -> DocumentVectors:
    means = {each.qid: each.mean() for each in rewritten}
    return DocumentVectors.from_weights(qids, [means[qid] for qid in qids], vocabulary_size)


def _dev_sets(
    config: TrainingConfig,
    parts: Sequence[_Part],
    pool: Pool,
    encoder: DiscoDocumentEncoder,
    seed: int,
    tolerance: Tolerance,
) -> list[DevSet]:
    asked: list[tuple[Data | Dev, Queries]] = [(part.settings, part.held_out) for part in parts if part.held_out]
    asked += [(collection, read_queries(collection)) for collection in config.dev]
    found = []
    for collection, queries in asked:
        source = collection.documents
        searched = pool
        if source and source not in pool.sources:
            searched = load_pool(config, encoder, [source], None, seed)
        queries = replace(queries, qrels=searched.qrels(queries.qrels, source))
        relevant = queries.relevant()
        tolerance.check(
            "relevant documents of dev queries without a vector",
            sorted(relevant - searched.vectors.rows.keys()),
            len(relevant),
            "are they of one collection?",
        )
        if not queries.judged():
            raise InputError(f"{collection.title}: no dev query has a relevant document: are they of one collection?")
        found.append(DevSet(collection.title, queries.texts, queries.qrels, searched.vectors))
    return found


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
