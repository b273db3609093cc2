"""Second step of preparing a training run: get the teacher's scores from files or from searches with rewrites."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from pathlib import Path

from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.config import Teacher
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.fusion import fuse
from disco_pyserini.training.queries import Queries
from disco_pyserini.training.searched import search_all
from disco_pyserini.training.teachers import TeacherQuery, read_teacher
from disco_pyserini.training.tolerance import Tolerance

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EncodedRewrites:
    """Vectors of the query texts for searching.

    Attributes:
        rewrites: for each configured rewrite, vectors by query id.
        distractors: vectors of the distractor texts by query id; None if there are none.
    """

    rewrites: Sequence[Mapping[str, WeightVector]]
    distractors: Mapping[str, WeightVector] | None


def encode_rewrites(
    teacher: Teacher, queries: Queries, encoder: DiscoDocumentEncoder, tolerance: Tolerance
) -> EncodedRewrites:
    """Encode the rewrites of the judged queries with the document encoder.

    Raises:
        InputError: the queries come from a topics file, or more than the tolerated share of them lack the rewrite.
    """
    if not queries.turns:
        raise InputError("teacher.rewrites needs data.turns, which have the rewrites: a topics file has none")
    judged = queries.judged()
    encoded = []
    for name in teacher.rewrites:
        found = [qid for qid in judged if name in queries.turns[qid].rewrites]
        tolerance.check(
            f"queries without a rewrite named {name!r}",
            sorted(set(judged) - set(found)),
            len(judged),
            "name another one in teacher.rewrites",
        )
        encoded.append(_encode(queries, found, name, encoder))
    distractors = _encode(queries, judged, teacher.distractors, encoder) if teacher.distractors else None
    return EncodedRewrites(encoded, distractors)


def search_rewrites(
    teacher: Teacher, encoded: EncodedRewrites, documents: DocumentVectors, qrels: Mapping[str, Mapping[str, int]]
) -> Iterable[TeacherQuery]:
    """Search all documents with the rewrites, and fuse the scores if there are several.

    Raises:
        InputError: the fusion weights are invalid.
    """
    logger.info("searching %s documents with %s rewrites", f"{len(documents):,}", f"{len(encoded.rewrites[0]):,}")
    found = []
    for rewrites in encoded.rewrites:
        distractors = [encoded.distractors[qid] for qid in rewrites] if encoded.distractors else None
        found.append(search_all(documents, list(rewrites.items()), qrels, teacher.depth, distractors))
    return _fused(found, teacher)


def read_teachers(teacher: Teacher, flat: MutableSequence[str]) -> Iterable[TeacherQuery]:
    """Read the teacher files, and fuse the scores if there are several.

    Args:
        teacher: names the files.
        flat: receives the ids of queries whose scores are all equal; these are left out.

    Raises:
        InputError: a file cannot be read or is malformed, or the fusion weights are invalid.
    """
    logger.info("reading %s", ", ".join(teacher.files))
    return _fused([read_teacher(Path(path), flat) for path in teacher.files], teacher)


def _encode(queries: Queries, qids: Sequence[str], form: str, encoder: DiscoDocumentEncoder) -> dict[str, WeightVector]:
    vectors = encoder.weight_vectors([queries.turns[qid].text(form) for qid in qids])
    return dict(zip(qids, vectors, strict=True))


def _fused(teachers: Sequence[Iterable[TeacherQuery]], settings: Teacher) -> Iterable[TeacherQuery]:
    return teachers[0] if len(teachers) == 1 else fuse(teachers, settings.fusion, settings.weights)
