"""Second step of preparing a training run: get the teacher's scores from files or from searches with rewrites."""

from __future__ import annotations

import logging
from collections.abc import Iterable, MutableSequence, Sequence
from itertools import batched
from pathlib import Path

from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.config import Teacher
from disco_pyserini.training.fusion import fuse
from disco_pyserini.training.queries import Queries
from disco_pyserini.training.searched import Rewritten
from disco_pyserini.training.teachers import TeacherQuery, read_teacher
from disco_pyserini.training.tolerance import Tolerance

logger = logging.getLogger(__name__)

_TEXTS_AT_ONCE = 2_000


def encode_rewrites(
    teacher: Teacher, queries: Queries, names: Sequence[str], encoder: DiscoDocumentEncoder, tolerance: Tolerance
) -> list[Rewritten]:
    """Encode the rewrites of a collection's queries with the document encoder.

    Args:
        teacher: the weights of the rewrites, and the form of the distractors.
        queries: the queries.
        names: names of the rewrites. A query needs one of them; those that have none are left out, with a note.
        encoder: the document encoder.
        tolerance: collects the note.

    Raises:
        InputError: no query has any of the rewrites.
    """
    weights = dict(zip(names, teacher.weights or [1.0] * len(names), strict=False))
    given = {qid: {name: turn.text(name) for name in names if turn.has(name)} for qid, turn in queries.turns.items()}
    known_as = " or ".join(map(repr, names))
    without = [qid for qid, found in given.items() if not found]
    if len(without) == len(given):
        known = sorted({name for turn in queries.turns.values() for name in turn.rewrites})
        raise InputError(
            f"queries without a rewrite named {known_as}: {len(without):,} of {len(given):,} "
            f"({', '.join(without[:3])}, …): there are {', '.join(known) or 'no rewrites'}"
        )
    if without:
        tolerance.notes.append(
            f"left out: queries without a rewrite named {known_as}: {len(without):,} of {len(given):,} "
            f"({without[0]}, …)"
        )
    forms = [teacher.distractors] if teacher.distractors else []
    texts = {text for found in given.values() for text in found.values()}
    texts |= {queries.turns[qid].text(form) for qid, found in given.items() if found for form in forms}
    vectors = _encode(sorted(texts), encoder)
    return [
        Rewritten(
            qid,
            [vectors[text] for text in found.values()],
            [weights[name] / sum(weights[each] for each in found) for name in found],
            vectors[queries.turns[qid].text(teacher.distractors)] if teacher.distractors else None,
        )
        for qid, found in given.items()
        if found
    ]


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


def _encode(texts: Sequence[str], encoder: DiscoDocumentEncoder) -> dict[str, WeightVector]:
    vectors: dict[str, WeightVector] = {}
    for chunk in batched(texts, _TEXTS_AT_ONCE):
        logger.info("encoded %s of %s rewrites", f"{len(vectors):,}", f"{len(texts):,}")
        vectors |= zip(chunk, encoder.weight_vectors(chunk), strict=True)
    return vectors


def _fused(teachers: Sequence[Iterable[TeacherQuery]], settings: Teacher) -> Iterable[TeacherQuery]:
    return teachers[0] if len(teachers) == 1 else fuse(teachers, settings.fusion, settings.weights)
