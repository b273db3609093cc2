"""Compare runs with the first run, turn by turn: wins and losses."""

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
    """A run, and its score on each judged query."""

    name: str
    hits: Mapping[str, Mapping[str, float]]
    scores: Mapping[str, float]
    mean: float

    def top(self, qid: str, depth: int) -> list[str]:
        """Return the best documents of a query, with ties in trec_eval's order."""
        hits = self.hits.get(qid, {})
        return sorted(hits, key=lambda docid: (hits[docid], docid), reverse=True)[:depth]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run compared with the first: the difference on each judged query, and the p-value of a paired t-test.

    With more than two runs the p-values are corrected (Holm–Bonferroni).
    """

    run: Run
    differences: Mapping[str, float]
    p: float

    @property
    def wins(self) -> list[str]:
        """The queries on which this run is better, largest difference first."""
        return [qid for qid in sorted(self.differences, key=self._order, reverse=True) if self.differences[qid] > 0]

    @property
    def losses(self) -> list[str]:
        """The queries on which this run is worse, largest difference first."""
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


def compare(
    runs: Sequence[Path], judgments: Mapping[str, Mapping[str, int]], turns: Mapping[str, Query], measure: str
) -> Comparisons:
    """Evaluate runs and compare each with the first.

    Raises:
        InputError: fewer than two runs, a duplicate run, or judged queries without turns.
    """
    if len(set(runs)) < max(2, len(runs)):
        raise InputError("expected two different runs or more to compare")
    names = _names(runs)
    read = []
    for name, path in zip(names, runs, strict=True):
        hits = read_run(path)
        evaluation: Evaluation = evaluate(hits, judgments, [measure])
        read.append(Run(name, hits, evaluation.by_query[measure], evaluation.mean(measure)))
    baseline = read[0]
    if strangers := baseline.scores.keys() - turns.keys():
        raise InputError(
            f"the judged query {min(strangers)!r} is none of the {len(turns)} turns: do these belong to the judgments?"
        )
    p_values = holm({run.name: paired_t_test(run.scores, baseline.scores) for run in read[1:]})
    others = [
        Comparison(run, {qid: score - baseline.scores[qid] for qid, score in run.scores.items()}, p_values[run.name])
        for run in read[1:]
    ]
    return Comparisons(measure, baseline, others, judgments, turns)


def texts_of(corpus: str, docids: set[str]) -> dict[str, str]:
    """Return the texts of the given passages, without loading the corpus; omit passages that it lacks."""
    texts: dict[str, str] = {}
    for passage in read_passages(corpus):
        if passage.id in docids:
            texts[passage.id] = passage.contents
            if len(texts) == len(docids):
                break
    return texts


def _names(runs: Sequence[Path]) -> list[str]:
    """Return the file names of the runs if they differ, else their paths."""
    names = [path.name for path in runs]
    return names if len(set(names)) == len(names) else [str(path) for path in runs]
