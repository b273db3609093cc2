"""Several teachers made into one: by a rule over the scores that each gives to a document.

A document that one of the teachers does not score gets that teacher's lowest score for the query: a teacher's list is
the top of a ranking, so what is not in it scores at most as much as what stands last. (Leaving such a teacher out of
the mean instead would rank a document that one teacher does not even find above one that both find.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, sqrt
from statistics import fmean
from typing import Literal, get_args

from disco_pyserini.errors import InputError
from disco_pyserini.training.teachers import TeacherQuery

Rule = Literal["mean", "max", "min", "min-max", "z"]
RULES: tuple[str, ...] = get_args(Rule)


@dataclass
class FusionReport:
    """What came together.

    Attributes:
        queries: how many queries all teachers have.
        documents: how many scores these were given.
        partly_scored: how many of these scores stand on fewer than all teachers.
        unmatched: for each teacher, the ids of its queries that another one lacks; they are left out.
    """

    queries: int = 0
    documents: int = 0
    partly_scored: int = 0
    unmatched: list[list[str]] = field(default_factory=list)


def fuse(
    teachers: Sequence[Iterable[TeacherQuery]],
    rule: str,
    weights: Sequence[float] | None = None,
    report: FusionReport | None = None,
) -> Iterator[TeacherQuery]:
    """Yield the queries that all teachers have, with fused scores, best document first (equal ones by id).

    The teachers are read side by side, and a query is held until all have given it: files in one order need no
    memory, and those in different orders as much as they differ.

    Args:
        teachers: two or more, from `disco_pyserini.training.teachers.read_teacher`, for instance.
        rule: see `fuse_scores`.
        weights: see `fuse_scores`.
        report: filled in while the queries are read.

    Raises:
        InputError: an unknown rule, weights that do not fit, fewer than two teachers, or no query that all have.
    """
    if len(teachers) < 2:
        raise InputError(f"expected at least two teachers to fuse, found {len(teachers)}")
    _shares(rule, weights, len(teachers))
    return _fuse(teachers, rule, weights, report or FusionReport())


def fuse_scores(
    scores: Sequence[Mapping[str, float]], rule: str, weights: Sequence[float] | None = None
) -> dict[str, float]:
    """Fuse what several teachers say about one query.

    Args:
        scores: for each teacher, the score of each document; the rule for documents that one lacks is this module's.
        rule: ``mean``, ``max`` or ``min`` of the scores as they are; ``min-max``: the mean after each teacher's scores
            were mapped to 0 … 1; ``z``: the mean after they were given mean 0 and (population) deviation 1.
        weights: one for each teacher, for the three means; only their proportions count. All equal by default.

    Raises:
        InputError: an unknown rule, weights that do not fit, or scores to normalise that are all equal.
    """
    shares = _shares(rule, weights, len(scores))
    if rule in ("min-max", "z"):
        scores = [_normalised(one, rule) for one in scores]
    lowest = [min(one.values()) for one in scores]
    fused: dict[str, float] = {}
    for docid in dict.fromkeys(docid for one in scores for docid in one):
        values = [one.get(docid, low) for one, low in zip(scores, lowest, strict=True)]
        if rule == "max":
            fused[docid] = max(values)
        elif rule == "min":
            fused[docid] = min(values)
        else:
            fused[docid] = sum(share * value for share, value in zip(shares, values, strict=True))
    return dict(sorted(fused.items(), key=lambda item: (-item[1], item[0])))


def _fuse(
    teachers: Sequence[Iterable[TeacherQuery]], rule: str, weights: Sequence[float] | None, report: FusionReport
) -> Iterator[TeacherQuery]:
    waiting: dict[str, dict[int, dict[str, float]]] = {}
    for number, (qid, scores) in _side_by_side(teachers):
        given = waiting.setdefault(qid, {})
        given[number] = scores
        if len(given) < len(teachers):
            continue
        del waiting[qid]
        lists = [given[teacher] for teacher in range(len(teachers))]
        fused = fuse_scores(lists, rule, weights)
        report.queries += 1
        report.documents += len(fused)
        report.partly_scored += sum(any(docid not in one for one in lists) for docid in fused)
        yield qid, fused
    report.unmatched = [[qid for qid, given in waiting.items() if teacher in given] for teacher in range(len(teachers))]
    if not report.queries:
        ids = ", ".join(repr(next(iter(left), None)) for left in report.unmatched)
        raise InputError(f"the teachers share no query: their first ids are {ids}: were they made for one collection?")


def _side_by_side(teachers: Sequence[Iterable[TeacherQuery]]) -> Iterator[tuple[int, TeacherQuery]]:
    """Take a query from each teacher in turn, with the teacher's number."""
    readers = {number: iter(teacher) for number, teacher in enumerate(teachers)}
    while readers:
        for number, reader in list(readers.items()):
            query = next(reader, None)
            if query is None:
                del readers[number]
            else:
                yield number, query


def _normalised(scores: Mapping[str, float], rule: str) -> dict[str, float]:
    values = list(scores.values())
    if rule == "min-max":
        centre, scale = min(values), max(values) - min(values)
    else:
        centre = fmean(values)
        # statistics.pstdev calculates in fractions, which takes most of the time of a fusion.
        scale = sqrt(fmean((value - centre) ** 2 for value in values))
    if max(values) == min(values):
        raise InputError(f"the rule {rule} needs scores that differ, found {len(values)} equal score(s) for a query")
    return {docid: (score - centre) / scale for docid, score in scores.items()}


def _shares(rule: str, weights: Sequence[float] | None, teachers: int) -> list[float]:
    if rule not in RULES:
        raise InputError(f"unknown rule {rule!r}: expected one of {', '.join(RULES)}")
    if weights is None:
        return [1 / teachers] * teachers
    if rule in ("max", "min"):
        raise InputError(f"the rule {rule} knows no weights: leave them out, or use mean, min-max or z")
    if len(weights) != teachers:
        raise InputError(f"expected one weight for each of {teachers} teachers, found {len(weights)}")
    if not all(isfinite(weight) and weight > 0 for weight in weights):
        raise InputError(f"expected weights above 0, found {', '.join(f'{weight:g}' for weight in weights)}")
    return [weight / sum(weights) for weight in weights]
