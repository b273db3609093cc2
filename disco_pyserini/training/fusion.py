"""Fuse several teachers into one, with a rule that combines their scores of a document.

If a teacher does not score a document, the document gets that teacher's lowest score for the query. A teacher's list is
the top of a ranking, so any other document scores at most as much as the last one in it. (Leaving the teacher out of
the mean instead would rank a document that only one teacher finds above one that both find.)

To add a rule, write a function like those below, and name it in `RULES` or announce a `Rule` as an entry point in the
group ``disco_pyserini.fusion``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.extensions import Registry
from disco_pyserini.training.teachers import TeacherQuery


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for fusing the scores of one query.

    Attributes:
        fuse: called with scores (teachers, documents), NaN for missing scores (`fill_lowest` replaces these), and with
            the teachers' shares (teachers,), which sum to 1; returns the fused scores (documents,).
        weighted: whether the rule uses the shares; if it does not, weights are refused.
        linear: whether the fused score is the sum of the scores times the shares. One search with the weighted mean of
            the teachers' query vectors then finds the best documents.
    """

    fuse: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
    weighted: bool = True
    linear: bool = False


def fill_lowest(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace missing scores with the teacher's lowest score; (teachers, documents)."""
    return np.where(np.isnan(scores), np.nanmin(scores, axis=1, keepdims=True), scores)


def mean(scores: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean."""
    fused: NDArray[np.float64] = (shares[:, None] * fill_lowest(scores)).sum(axis=0)
    return fused


def highest(scores: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the highest score."""
    fused: NDArray[np.float64] = fill_lowest(scores).max(axis=0)
    return fused


def lowest(scores: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lowest score."""
    fused: NDArray[np.float64] = fill_lowest(scores).min(axis=0)
    return fused


def min_max(scores: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean after scaling each teacher's scores to 0 … 1."""
    bottom, top = _limits(scores)
    return mean((scores - bottom) / (top - bottom), shares)


def z_score(scores: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean after scaling each teacher's scores to mean 0 and (population) standard deviation 1."""
    _limits(scores)  # equal scores may have a deviation that is only close to 0
    centred = scores - np.nanmean(scores, axis=1, keepdims=True)
    return mean(centred / np.nanstd(scores, axis=1, keepdims=True), shares)


RULES: Registry[Rule] = Registry(
    "fusion rule",
    "fusion",
    {
        "mean": Rule(mean, linear=True),
        "max": Rule(highest, weighted=False),
        "min": Rule(lowest, weighted=False),
        "min-max": Rule(min_max),
        "z": Rule(z_score),
    },
)


@dataclass
class FusionReport:
    """Counts of a fusion.

    Attributes:
        queries: the number of queries that all teachers score.
        documents: the number of fused scores of these queries.
        partly_scored: the number of these scores with at least one teacher's score missing.
        unmatched: for each teacher, the ids of its queries that another teacher lacks; they are left out.
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
    """Yield the queries that all teachers score, with fused scores, best document first (ties by id).

    The teachers are read in parallel, and a query stays in memory until all teachers have scored it. Files in the
    same order need almost no memory.

    Args:
        teachers: at least two, from `disco_pyserini.training.teachers.read_teacher` for example.
        rule: a name in `RULES`.
        weights: see `fuse_scores`.
        report: filled in while the queries are read.

    Raises:
        InputError: an unknown rule, invalid weights, fewer than two teachers, or no query that all teachers score.
    """
    if len(teachers) < 2:
        raise InputError(f"expected at least two teachers to fuse, found {len(teachers)}")
    _shares(rule, weights, len(teachers))
    return _fuse(teachers, rule, weights, report or FusionReport())


def fuse_scores(
    scores: Sequence[Mapping[str, float]], rule: str, weights: Sequence[float] | None = None
) -> dict[str, float]:
    """Fuse several teachers' scores of the documents of one query.

    Args:
        scores: for each teacher, the score of each document.
        rule: a name in `RULES`.
        weights: one for each teacher, if the rule uses them; only their ratios matter. All are equal by default.

    Raises:
        InputError: an unknown rule, invalid weights, or equal scores that cannot be normalised.
    """
    shares = _shares(rule, weights, len(scores))
    ids = list(dict.fromkeys(docid for one in scores for docid in one))
    matrix = np.array([[one.get(docid, np.nan) for docid in ids] for one in scores], np.float64)
    fused = dict(zip(ids, RULES.get(rule).fuse(matrix, shares).tolist(), strict=True))
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
        raise InputError(f"the teachers share no query: their first ids are {ids}: are they of one collection?")


def _side_by_side(teachers: Sequence[Iterable[TeacherQuery]]) -> Iterator[tuple[int, TeacherQuery]]:
    """Yield a query from each teacher in turn, with the teacher's number."""
    readers = {number: iter(teacher) for number, teacher in enumerate(teachers)}
    while readers:
        for number, reader in list(readers.items()):
            query = next(reader, None)
            if query is None:
                del readers[number]
            else:
                yield number, query


def _limits(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each teacher's lowest and highest score, both (teachers, 1)."""
    bottom, top = np.nanmin(scores, axis=1, keepdims=True), np.nanmax(scores, axis=1, keepdims=True)
    if (bottom == top).any():
        raise InputError("expected scores that differ, to normalise them, found a query with equal scores only")
    return bottom, top


def _shares(rule: str, weights: Sequence[float] | None, teachers: int) -> NDArray[np.float64]:
    weighted = RULES.get(rule).weighted
    if weights is None:
        return np.full(teachers, 1 / teachers)
    if not weighted:
        raise InputError(f"the fusion rule {rule} uses no weights: leave them out, or use mean, min-max or z")
    if len(weights) != teachers:
        raise InputError(f"expected one weight for each of {teachers} teachers, found {len(weights)}")
    if not all(isfinite(weight) and weight > 0 for weight in weights):
        raise InputError(f"expected weights above 0, found {', '.join(f'{weight:g}' for weight in weights)}")
    return np.array(weights, np.float64) / sum(weights)
