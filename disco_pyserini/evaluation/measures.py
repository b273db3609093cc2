"""Measures of one run, averaged over the judged queries and by turn depth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from disco_pyserini.errors import InputError
from disco_pyserini.evaluation.measure_names import MAX_GRADE, PIPELINE, parse_measures

DEFAULT_MEASURES = ("nDCG@3", "MRR", "R@10", "R@100")

Run = Mapping[str, Mapping[str, float]]
Qrels = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Per-query values of each measure. A judged query that the run lacks counts as 0, as with ``trec_eval -c``."""

    by_query: Mapping[str, Mapping[str, float]]

    def mean(self, measure: str) -> float:
        """The mean over all judged queries."""
        return fmean(self.by_query[measure].values())

    @property
    def queries(self) -> int:
        """How many judged queries the means are over."""
        return len(next(iter(self.by_query.values())))

    def by_depth(self, depths: Mapping[str, int]) -> dict[int, Evaluation]:
        """Split by turn depth; ``depths`` maps query ids to turn numbers."""
        groups: dict[int, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        for measure, values in self.by_query.items():
            for qid, value in values.items():
                if qid not in depths:
                    raise InputError(f"query {qid!r} is judged but has no turn: do these turns belong to these qrels?")
                groups[depths[qid]][measure][qid] = value
        return {depth: Evaluation(groups[depth]) for depth in sorted(groups)}


def evaluate(run: Run, qrels: Qrels, measures: Sequence[str] = DEFAULT_MEASURES) -> Evaluation:
    """Compute measures, spelled as in ir_measures (``nDCG@3``, ``MRR``, ``R@100``) or trec_eval (``ndcg_cut_3``).

    Equal scores are ordered by descending document id, as in trec_eval. Only ``MRR`` with a cutoff follows MS MARCO's
    script, which orders them by ascending id.

    Raises:
        InputError: a measure is unknown or cannot be computed, no query of the run is judged, or a grade is too high.
    """
    parsed = parse_measures(measures)
    if not run.keys() & qrels.keys():
        raise InputError(
            f"the run and the qrels share no query id: the run has ids like {next(iter(run), None)!r}, "
            f"the qrels like {next(iter(qrels), None)!r}"
        )
    names = {measure: name for name, measure in parsed.items()}
    by_query: dict[str, dict[str, float]] = {name: {} for name in measures}
    for metric in PIPELINE.iter_calc(list(names), _safe(qrels), run):
        by_query[names[metric.measure]][metric.query_id] = metric.value
    return Evaluation(by_query)


def _safe(qrels: Qrels) -> Qrels:
    """Keep pytrec_eval from what crashes it: very high grades, and queries that only have negative ones.

    Such a query is judged and has no relevant document, just as if all its grades were 0.
    """
    for qid, grades in qrels.items():
        for docid, grade in grades.items():
            if abs(grade) > MAX_GRADE:
                raise InputError(
                    f"query {qid!r}, document {docid!r}: expected a grade from {-MAX_GRADE:,} to {MAX_GRADE:,}, "
                    f"found {grade:,}"
                )
    return {
        qid: grades if max(grades.values(), default=0) >= 0 else dict.fromkeys(grades, 0)
        for qid, grades in qrels.items()
    }
