"""From a configuration to what a training run needs in memory: texts, candidates, document vectors, dev queries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

import numpy as np

from disco_pyserini.datasets.turns import Query, read_turns
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import WeightVector
from disco_pyserini.passages import Passage, read_passages
from disco_pyserini.training import config as settings
from disco_pyserini.training.candidates import Candidates, TeacherLists, Tolerance
from disco_pyserini.training.document_vectors import DocumentVectors, check_space, load_vectors
from disco_pyserini.training.fusion import fuse
from disco_pyserini.training.sampling import NEEDS_CORPUS, Sampler
from disco_pyserini.training.searched import search_all
from disco_pyserini.training.teachers import read_teacher
from disco_pyserini.trec import read_qrels, read_topics
from disco_pyserini.vectors import open_vectors

Say = Callable[[str], None]

RANDOM_DOCUMENTS = 100_000
"""How many documents beside those of the teacher are loaded for strategies that draw from the corpus."""

_TEXTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Queries:
    """Queries of a collection: their texts, the turns behind them (empty for a topics file), and their judgements."""

    texts: Mapping[str, str]
    turns: Mapping[str, Query]
    qrels: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Material:
    """What a run trains on; the candidates' rows are those of ``texts``.

    Attributes:
        texts: the conversations.
        candidates: their rankings.
        sampler: draws from them.
        documents: vectors; without postings where live mode needs none.
        contents: the passages' texts, for live mode.
        rewrites: E_d of each query's rewrite, for the representation loss.
        dev: what to evaluate on.
        notes: what was left out.
    """

    texts: Sequence[str]
    candidates: Candidates
    sampler: Sampler
    documents: DocumentVectors
    contents: Sequence[str]
    rewrites: DocumentVectors | None
    dev: Queries | None
    notes: Sequence[str]


def prepare(config: settings.TrainingConfig, encoder: DiscoDocumentEncoder, seed: int, say: Say) -> Material:
    """Read, check and encode everything.

    Raises:
        InputError: a file is not what it should be, or does not belong to the others.
    """
    tolerance = Tolerance(config.data.tolerate)
    queries = read_queries(config.data, "train")
    has_dev = bool(config.dev.turns or config.dev.topics or config.dev.demo_world)
    dev = read_queries(config.dev, "dev") if has_dev else None
    judged = [qid for qid in queries.texts if any(grade > 0 for grade in queries.qrels.get(qid, {}).values())]
    if unjudged := len(queries.texts) - len(judged):
        tolerance.notes.append(f"left out: {unjudged:,} of {len(queries.texts):,} queries without a relevant document")
    rewrites = _encode_rewrites(config.teacher.rewrites, queries, judged, encoder, tolerance)
    distractors = None
    if config.teacher.distractors:
        turns = [queries.turns[qid] for qid in judged]
        vectors = encoder.weight_vectors([query.text(config.teacher.distractors) for query in turns])
        distractors = dict(zip(judged, vectors, strict=True))

    whole = dev is not None or bool(config.teacher.rewrites)
    documents = _documents(config, encoder, None, seed, say) if whole else None
    flat: list[str] = []
    teacher = _teach(config, documents, rewrites, distractors, queries.qrels, flat, say)
    lists = TeacherLists(teacher, queries.texts, queries.qrels, tolerance, flat)
    if documents is None:
        documents = _documents(config, encoder, set(lists.ids), seed, say)
    candidates = lists.candidates(documents.rows, tolerance)
    if dev:
        relevant = {docid for qid in dev.texts for docid, grade in dev.qrels.get(qid, {}).items() if grade > 0}
        missing = sorted(relevant - documents.rows.keys())
        tolerance.check(
            "relevant documents of dev queries without a vector", missing, len(relevant), "are they of one collection?"
        )
    sampler = Sampler(candidates, len(documents), config.sampling, seed)
    short = sampler.too_short() if config.loss.name != "representation-mse" else []
    tolerance.check(
        f"queries with too few documents for {config.sampling.candidates} candidates ({config.sampling.strategy})",
        [candidates.qids[row] for row in short],
        len(candidates),
        "draw fewer candidates, choose another strategy or band, or use a deeper teacher",
    )
    if short:
        candidates = candidates.without(short)
        sampler = Sampler(candidates, len(documents), config.sampling, seed)
    rewritten = None
    if config.loss.name == "representation-mse":
        rewritten = DocumentVectors.from_weights(
            candidates.qids, [rewrites[0][qid] for qid in candidates.qids], documents.vocabulary_size
        )
    return Material(
        [queries.texts[qid] for qid in candidates.qids],
        candidates,
        sampler,
        documents,
        _contents(config.data, documents.ids) if config.documents == "live" else [],
        rewritten,
        dev,
        tolerance.notes,
    )


def read_queries(collection: settings.Collection, split: str) -> Queries:
    """Read the queries of a section; ``split`` is that of a demo world."""
    if collection.demo_world:
        world = _world(collection)
        turns: Iterable[Query] = world.queries(split)
        qrels = world.qrels(split)
    else:
        qrels = read_qrels(Path(str(collection.qrels)))
        if collection.topics:
            return Queries(read_topics(Path(collection.topics)), {}, qrels)
        turns = read_turns(Path(str(collection.turns)))
    by_id = {query.qid: query for query in turns}
    return Queries({qid: query.text(collection.form) for qid, query in by_id.items()}, by_id, qrels)


def _world(collection: settings.Collection) -> DemoWorld:
    try:
        return DemoWorld(**(collection.demo_world or {}))
    except TypeError as problem:
        raise InputError(f"demo_world: {problem}: expected size, seed and conversations_per_cluster") from problem


def _encode_rewrites(
    names: Sequence[str], queries: Queries, judged: Sequence[str], encoder: DiscoDocumentEncoder, tolerance: Tolerance
) -> list[dict[str, WeightVector]]:
    encoded = []
    for name in names:
        if not queries.turns:
            raise InputError("teacher.rewrites needs data.turns, where the rewrites are: a topics file has none")
        have = [qid for qid in judged if name in queries.turns[qid].rewrites]
        tolerance.check(
            f"queries without a rewrite named {name!r}",
            sorted(set(judged) - set(have)),
            len(judged),
            "name another one in teacher.rewrites",
        )
        vectors = encoder.weight_vectors([queries.turns[qid].text(name) for qid in have])
        encoded.append(dict(zip(have, vectors, strict=True)))
    return encoded


def _teach(
    config: settings.TrainingConfig,
    documents: DocumentVectors | None,
    rewrites: Sequence[Mapping[str, WeightVector]],
    distractors: Mapping[str, WeightVector] | None,
    qrels: Mapping[str, Mapping[str, int]],
    flat: list[str],
    say: Say,
) -> Iterable[tuple[str, Mapping[str, float]]]:
    teacher = config.teacher
    if teacher.files:
        say(f"reading {', '.join(teacher.files)}")
        teachers: list[Iterable[tuple[str, dict[str, float]]]] = [
            read_teacher(Path(path), flat) for path in teacher.files
        ]
    else:
        assert documents is not None
        say(f"searching {len(documents):,} documents with {len(rewrites[0]):,} rewrites")
        teachers = [
            search_all(
                documents,
                list(one.items()),
                qrels,
                teacher.depth,
                [distractors[qid] for qid in one] if distractors else None,
            )
            for one in rewrites
        ]
    return teachers[0] if len(teachers) == 1 else fuse(teachers, teacher.fusion, teacher.weights)


def _documents(
    config: settings.TrainingConfig, encoder: DiscoDocumentEncoder, needed: Collection[str] | None, seed: int, say: Say
) -> DocumentVectors:
    others = RANDOM_DOCUMENTS if config.sampling.strategy in NEEDS_CORPUS else 0
    if config.data.vectors:
        source = open_vectors(Path(config.data.vectors))
        check_space(source.space, encoder.revision, encoder.vocabulary, config.data.vectors)
        say(f"reading vectors from {config.data.vectors}")
        return load_vectors(source, encoder.vocabulary, needed, others, seed)
    passages = _passages(config.data)
    if needed is not None and not others:
        passages = (passage for passage in passages if passage.id in needed)
    say("encoding documents")
    ids: list[str] = []
    vectors: list[WeightVector] = []
    for chunk in batched(passages, _TEXTS_AT_ONCE):
        ids += [passage.id for passage in chunk]
        if config.documents == "live" and needed is not None:
            vectors += [WeightVector(np.empty(0, np.int32), np.empty(0, np.float32))] * len(chunk)
        else:
            vectors += encoder.weight_vectors([passage.contents for passage in chunk])
    return DocumentVectors.from_weights(ids, vectors, len(encoder.vocabulary))


def _passages(data: settings.Data) -> Iterable[Passage]:
    return _world(data).passages() if data.demo_world else read_passages(str(data.corpus))


def _contents(data: settings.Data, ids: Sequence[str]) -> list[str]:
    wanted = set(ids)
    texts = {passage.id: passage.contents for passage in _passages(data) if passage.id in wanted}
    if missing := wanted - texts.keys():
        raise InputError(f"{len(missing)} documents have a vector but no text in data.corpus, such as {min(missing)!r}")
    return [texts[docid] for docid in ids]
