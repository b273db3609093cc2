"""Compare measured with expected scores, with the verdicts of Pyserini's reproductions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from disco_pyserini.evaluation import Evaluation
from disco_pyserini.reproduction.plan import Trial

_DECIMALS = 4
_EPSILON = 1e-9  # 0.2225 - 0.222 is not exactly 0.0005 in floating point


class Verdict(StrEnum):
    """The result of comparing a measured score with the expected one."""

    OK = "OK"
    OKISH = "OKish"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """The check of a measure, or of the number of ``queries``. Without an expected value it has no verdict."""

    measure: str
    measured: float
    expected: float | None
    verdict: Verdict | None

    @property
    def shown(self) -> str:
        """The measured value, for people."""
        return f"{self.measured:.0f}" if self.measure == "queries" else f"{self.measured:.{_DECIMALS}f}"


def judge(measured: float, expected: float, tolerance: float) -> Verdict:
    """Compare as Pyserini does, with the measured score rounded to four decimals.

    OK: equal. OKish: within the tolerance. FAIL: outside the tolerance, in either direction.
    """
    difference = abs(round(measured, _DECIMALS) - expected)
    if difference <= _EPSILON:
        return Verdict.OK
    return Verdict.OKISH if difference <= tolerance + _EPSILON else Verdict.FAIL


def check(trial: Trial, evaluation: Evaluation) -> list[Check]:
    """Check every measure of the recipe, and the number of queries."""
    checks = []
    for measure in trial.recipe.measures:
        measured, expected = evaluation.mean(measure), trial.expected.scores.get(measure)
        verdict = None if expected is None else judge(measured, expected, trial.expected.tolerance)
        checks.append(Check(measure, measured, expected, verdict))
    queries = trial.dataset.queries
    verdict = None if queries is None else Verdict.OK if queries == evaluation.queries else Verdict.FAIL
    return [*checks, Check("queries", evaluation.queries, queries, verdict)]
