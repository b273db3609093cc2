"""Measures of one run, averaged over the judged queries and by turn depth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import ir_measures

from disco_pyserini.errors import InputError

DEFAULT_MEASURES = ("nDCG@3", "MRR", "R@10", "R@100")

Run = Mapping[str, Mapping[str, float]]
Qrels = Mapping[str, Mapping[str, int]]


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

    @property
    def queries(self) -> int:
        """How many judged queries the means are over."""
        return len(next(iter(self.by_query.values())))

    def by_depth(self, depths: Mapping[str, int]) -> dict[int, Evaluation]:
        """Split the queries by turn depth.

        Args:
            depths: the turn number of each query, by query id.

        Returns:
            the evaluation of the queries of each depth.

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

    Ties are broken as trec_eval does, by descending document id.

    Args:
        run: ``{qid: {docid: score}}``.
        qrels: ``{qid: {docid: grade}}``.
        measures: names as ir_measures spells them: ``nDCG@3``, ``MRR``, ``R@100``, ``AP``, ``P@5``, …

    Returns:
        the value of each measure for each judged query.

    Raises:
        InputError: a measure is unknown, or no query of the run is judged.
    """
    parsed = {}
    for name in measures:
        try:
            parsed[ir_measures.parse_measure(name)] = name
        except (NameError, ValueError) as problem:
            raise InputError(
                f"unknown measure {name!r}: expected one of ir_measures, such as nDCG@3 or R@100"
            ) from problem
    if not run.keys() & qrels.keys():
        raise InputError(
            f"the run and the qrels share no query id: the run has ids like {next(iter(run), None)!r}, "
            f"the qrels like {next(iter(qrels), None)!r}"
        )
    by_query: dict[str, dict[str, float]] = {name: {} for name in measures}
    for metric in ir_measures.iter_calc(list(parsed), qrels, run):
        by_query[parsed[metric.measure]][metric.query_id] = metric.value
    return Evaluation(by_query)
