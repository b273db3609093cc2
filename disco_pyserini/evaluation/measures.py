"""Measures of a run, averaged over all judged queries and by turn depth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NamedTuple

import ir_measures

from disco_pyserini.errors import InputError
from disco_pyserini.evaluation.measure_names import LARGEST_GRADE, parse_measures

DEFAULT_MEASURES = ("nDCG@3", "MRR", "R@10", "R@100")

Run = Mapping[str, Mapping[str, float]]
Qrels = Mapping[str, Mapping[str, int]]


class Estimate(NamedTuple):
    """A mean over queries.

    Attributes:
        mean: the mean.
        queries: the number of queries.
        half_width: half the width of its 95 % confidence interval, by Student's t distribution; None for a single
            query, and for means without an interval.
    """

    mean: float
    queries: int
    half_width: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The values of each measure for each judged query.

    A judged query that the run lacks counts as 0, as with ``trec_eval -c``.

    Attributes:
        by_query: for each measure, its value by query id.
    """

    by_query: Mapping[str, Mapping[str, float]]

    def mean(self, measure: str) -> float:
        """Return the mean of a measure over all judged queries."""
        return fmean(self.by_query[measure].values())

    def estimate(self, measure: str) -> Estimate:
        """Return the mean of a measure with its confidence interval over the queries."""
        values = list(self.by_query[measure].values())
        if len(values) < 2:
            return Estimate(self.mean(measure), len(values), None)
        # The quantile of Student's t; importing scipy.stats would take half of the time of `disco evaluate`.
        from scipy.special import stdtrit

        error = stdev(values) / len(values) ** 0.5
        return Estimate(self.mean(measure), len(values), float(stdtrit(len(values) - 1, 0.975)) * error)

    @property
    def queries(self) -> int:
        """The number of judged queries."""
        return len(next(iter(self.by_query.values())))

    def by_depth(self, depths: Mapping[str, int]) -> dict[int, Evaluation]:
        """Split the queries by turn depth.

        Args:
            depths: the turn number of each query, by query id.

        Returns:
            the evaluation of the queries at each depth.

        Raises:
            InputError: a judged query has no depth.
        """
        groups: dict[int, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        for measure, values in self.by_query.items():
            for qid, value in values.items():
                if qid not in depths:
                    raise InputError(f"query {qid!r} is judged but has no turn: do these turns belong to these qrels?")
                groups[depths[qid]][measure][qid] = value
        return {depth: Evaluation(groups[depth]) for depth in sorted(groups)}


def evaluate(run: Run, qrels: Qrels, measures: Sequence[str] = DEFAULT_MEASURES) -> Evaluation:
    """Compute measures of a run.

    Ties are broken as trec_eval does, by descending document id. The exception is ``MRR`` with a cutoff: it breaks them
    by ascending id, as MS MARCO's script does.

    Args:
        run: ``{qid: {docid: score}}``.
        qrels: ``{qid: {docid: grade}}``.
        measures: names as ir_measures spells them (``nDCG@3``, ``MRR``, ``R@100``) or trec_eval (``ndcg_cut_3``,
            ``recip_rank``, ``recall_100``).

    Returns:
        the value of each measure for each judged query.

    Raises:
        InputError: a measure is unknown or cannot be computed, no query of the run is judged, or a grade exceeds
            10,000.
    """
    parsed = parse_measures(measures)
    if not run.keys() & qrels.keys():
        raise InputError(
            f"the run and the qrels share no query id: the run has ids like {next(iter(run), None)!r}, "
            f"the qrels like {next(iter(qrels), None)!r}"
        )
    _check_grades(qrels)
    # trec_eval's library reads out of bounds for a query with only negative grades.
    usable = {
        qid: grades if max(grades.values(), default=0) >= 0 else dict.fromkeys(grades, 0)
        for qid, grades in qrels.items()
    }
    by_query = {name: dict.fromkeys(qrels, 0.0) for name in parsed}
    names = {measure: name for name, measure in parsed.items()}
    for metric in ir_measures.iter_calc(list(names), usable, run):
        by_query[names[metric.measure]][metric.query_id] = metric.value
    return Evaluation(by_query)


def _check_grades(qrels: Qrels) -> None:
    for qid, grades in qrels.items():
        for docid, grade in grades.items():
            if abs(grade) > LARGEST_GRADE:
                raise InputError(
                    f"query {qid!r}, document {docid!r}: expected a grade from {-LARGEST_GRADE:,} to "
                    f"{LARGEST_GRADE:,}, found {grade:,}"
                )
