"""Compare runs turn by turn: which turns win and lose against the first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError
from disco_pyserini.evaluation import Evaluation, evaluate
from disco_pyserini.evaluation.significance import holm, paired_t_test
from disco_pyserini.passages import read_passages
from disco_pyserini.trec import read_run


@dataclass(frozen=True, slots=True)
class Run:
    """A run with its score on each judged query."""

    name: str
    hits: Mapping[str, Mapping[str, float]]
    scores: Mapping[str, float]
    mean: float

    def top(self, qid: str, depth: int) -> list[str]:
        """The first documents of a query. Equal scores are ordered as in trec_eval."""
        hits = self.hits.get(qid, {})
        return sorted(hits, key=lambda docid: (hits[docid], docid), reverse=True)[:depth]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run compared with the first: the difference on each judged query, and the p-value of a paired t-test.

    With more than two runs, the p-values are corrected (Holm–Bonferroni).
    """

    run: Run
    differences: Mapping[str, float]
    p: float

    @property
    def wins(self) -> list[str]:
        """The queries on which this run is better, the largest difference first."""
        return [qid for qid in sorted(self.differences, key=self._order, reverse=True) if self.differences[qid] > 0]

    @property
    def losses(self) -> list[str]:
        """The queries on which this run is worse, the largest difference first."""
        return [qid for qid in sorted(self.differences, key=self._order) if self.differences[qid] < 0]

    def _order(self, qid: str) -> float:
        return self.differences[qid]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Comparisons with the first run, the judgments, and the turns by query id."""

    measure: str
    baseline: Run
    others: Sequence[Comparison]
    qrels: Mapping[str, Mapping[str, int]]
    turns: Mapping[str, Query]

    def choose(self, limit: int, query: str | None = None) -> dict[str, list[str]]:
        """Choose queries to show, by the name of each run but the first.

        Args:
            limit: at most this many wins and this many losses of each run.
            query: the id of a single query to show instead.

        Raises:
            InputError: this query is not judged.
        """
        if query is None:
            return {other.run.name: [*other.wins[:limit], *other.losses[:limit]] for other in self.others}
        if query not in self.baseline.scores:
            raise InputError(f"no judged query {query!r}: expected a query id such as {next(iter(self.qrels))!r}")
        return {other.run.name: [query] for other in self.others}

    def documents(self, chosen: Mapping[str, Sequence[str]], depth: int) -> set[str]:
        """The first documents of the chosen queries, in their own run and in the first."""
        return {
            docid
            for other in self.others
            for qid in chosen[other.run.name]
            for run in (self.baseline, other.run)
            for docid in run.top(qid, depth)
        }


def compare(
    runs: Sequence[Path], judgments: Mapping[str, Mapping[str, int]], turns: Mapping[str, Query], measure: str
) -> Comparisons:
    """Evaluate run files and compare each with the first; see `compare_hits`.

    Raises:
        InputError: there are fewer than two runs, a run is given twice, or a judged query is not among the turns.
    """
    if len(set(runs)) < max(2, len(runs)):
        raise InputError(f"expected at least two different runs to compare, found {', '.join(map(str, runs))}")
    hits = {name: read_run(path) for name, path in zip(_names(runs), runs, strict=True)}
    return compare_hits(hits, judgments, turns, measure)


def compare_hits(
    runs: Mapping[str, Mapping[str, Mapping[str, float]]],
    judgments: Mapping[str, Mapping[str, int]],
    turns: Mapping[str, Query],
    measure: str,
) -> Comparisons:
    """Evaluate runs and compare each with the first.

    Args:
        runs: scores by document id and query id, by the name of the run; the baseline first.
        judgments: the grades by document id and query id.
        turns: the turns by query id.
        measure: as ir_measures or trec_eval spell it.

    Raises:
        InputError: a judged query is not among the turns, or the measure is unknown.
    """
    read = []
    for name, hits in runs.items():
        evaluation: Evaluation = evaluate(hits, judgments, [measure])
        read.append(Run(name, hits, evaluation.by_query[measure], evaluation.mean(measure)))
    baseline = read[0]
    if strangers := baseline.scores.keys() - turns.keys():
        raise InputError(
            f"the judged query {min(strangers)!r} is not among the {len(turns)} turns: do these belong to the qrels?"
        )
    p_values = holm({run.name: paired_t_test(run.scores, baseline.scores) for run in read[1:]})
    others = [
        Comparison(run, {qid: score - baseline.scores[qid] for qid, score in run.scores.items()}, p_values[run.name])
        for run in read[1:]
    ]
    return Comparisons(measure, baseline, others, judgments, turns)


def texts_of(corpus: str, docids: set[str]) -> dict[str, str]:
    """The texts of some passages of a corpus. Passages that it lacks are left out."""
    texts: dict[str, str] = {}
    for passage in read_passages(corpus):
        if passage.id in docids:
            texts[passage.id] = passage.contents
            if len(texts) == len(docids):
                break
    return texts


def _names(runs: Sequence[Path]) -> list[str]:
    """File names if they differ, otherwise paths."""
    names = [path.name for path in runs]
    return names if len(set(names)) == len(names) else [str(path) for path in runs]
