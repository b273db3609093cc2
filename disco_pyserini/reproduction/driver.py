"""Run the conditions of recipes one by one, and compare measured with expected scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.evaluation import Estimate, Evaluation, evaluate
from disco_pyserini.extensions import nearest
from disco_pyserini.records import Record, read_json
from disco_pyserini.reproduction.execute import execute, is_finished, missing
from disco_pyserini.reproduction.plan import Job, Trial
from disco_pyserini.reproduction.verdicts import Check, Verdict, check
from disco_pyserini.trec import read_qrels, read_run


@dataclass(frozen=True, slots=True)
class Costs:
    """The output of ``disco flops``: expected products per query and document, and query terms; overall and by turn."""

    flops: float
    terms: float
    terms_by_depth: dict[int, Estimate]


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a trial.

    If inputs are ``missing`` (one sentence each), the trial was not run. If there is a ``problem``, it failed.
    Otherwise its run exists, with an ``evaluation`` if one was requested.
    """

    trial: Trial
    missing: tuple[str, ...] = ()
    problem: str | None = None
    evaluation: Evaluation | None = None
    costs: Costs | None = None

    @property
    def checks(self) -> list[Check]:
        """Compare measured with expected scores; empty without an evaluation."""
        return check(self.trial, self.evaluation) if self.evaluation else []

    @property
    def failed(self) -> bool:
        """Whether a command failed or a score misses its expected value."""
        return self.problem is not None or any(each.verdict is Verdict.FAIL for each in self.checks)


def choose(trials: Sequence[Trial], conditions: Sequence[str]) -> list[Trial]:
    """Return the trials of the named conditions, or all trials if no names are given.

    Raises:
        InputError: a name matches no trial.
    """
    known = list(dict.fromkeys(trial.condition.name for trial in trials))
    for name in conditions:
        if name not in known:
            raise InputError(f"no condition {name!r} here: {nearest(name, known)}")
    return [trial for trial in trials if not conditions or trial.condition.name in conditions]


def lacking(trial: Trial, *, evaluating: bool = True, costs: bool = False) -> tuple[str, ...]:
    """Return the missing inputs of a trial: paths, and ``model:ID`` for weights."""
    jobs = [job for job in trial.jobs(evaluating=evaluating, costs=costs) if not is_finished(job)]
    needs = [need for job in jobs for need in missing(job)]
    made = {job.output for job in trial.judging}
    for path in (trial.qrels, trial.turns) if evaluating else ():
        if path and not path.exists() and not made & {path, *path.parents}:
            needs.append(str(path))
    return tuple(dict.fromkeys(needs))


def how_to_get(need: str, trial: Trial) -> str:
    """Return a sentence that says how to get a missing input."""
    kind, _, name = need.partition(":")
    if kind == "model":
        return f"missing weights of {name}: hf download {name}"
    return f"missing {need}: {trial.recipe.get}"


def state(trial: Trial) -> str:
    """Return the status shown in a list: finished, ready, or the kind of input that is missing."""
    if is_finished(trial.search):
        return "finished"
    kinds = {"weights" if need.startswith("model:") else "data" for need in lacking(trial)}
    return f"lacks {' and '.join(sorted(kinds))}" if kinds else "ready"


def reproduce(
    trials: Sequence[Trial],
    *,
    started: Callable[[Job, int, int], None],
    waiting: Callable[[float, str], None] = lambda seconds, last_line: None,
    terminal: bool = False,
    evaluating: bool = True,
    costs: bool = False,
) -> Iterator[Result]:
    """Run trials, and yield the result of each as it ends.

    Args:
        trials: what to run. A job shared by several trials runs once.
        started: called before each job with the job, its number and the total number of jobs.
        waiting: see `execute`.
        terminal: see `execute`.
        evaluating: whether to compute measures.
        costs: whether to measure query costs, too.
    """
    runnable = [(trial, lacking(trial, evaluating=evaluating, costs=costs)) for trial in trials]
    to_run = list(
        dict.fromkeys(
            job.output
            for trial, absent in runnable
            for job in trial.jobs(evaluating=evaluating, costs=costs)
            if not absent and not is_finished(job)
        )
    )
    failures: dict[Path, str] = {}
    for trial, absent in runnable:
        if absent:
            yield Result(trial, missing=tuple(how_to_get(need, trial) for need in absent))
            continue
        try:
            for job in trial.jobs(evaluating=evaluating, costs=costs):
                if job.output in failures:
                    raise DiscoError(failures[job.output])
                if is_finished(job):
                    continue
                started(job, to_run.index(job.output) + 1, len(to_run))
                try:
                    execute(job, trial.folder / "logs", terminal, waiting)
                except DiscoError:
                    failures[job.output] = f"{job.output} could not be made: see above"
                    raise
            yield Result(
                trial,
                evaluation=_evaluate(trial) if evaluating else None,
                costs=read_costs(trial.flops.output) if costs and trial.flops else None,
            )
        except DiscoError as problem:
            yield Result(trial, problem=str(problem))


def read_costs(path: Path) -> Costs:
    """Read the output of ``disco flops --output``.

    Raises:
        InputError: the file has another format.
    """
    file = _CostsFile.check(read_json(path), f"{path}: not written by disco flops --output")
    by_depth = {int(depth): Estimate(group.dimensions, group.queries) for depth, group in file.by_depth.items()}
    return Costs(file.flops, file.dimensions, by_depth)


class _Numbers(Record):
    """The numbers in the file that a report shows."""

    model_config = ConfigDict(extra="ignore")

    queries: int
    flops: float
    dimensions: float


class _CostsFile(_Numbers):
    by_depth: dict[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], _Numbers]


def _evaluate(trial: Trial) -> Evaluation:
    return evaluate(read_run(trial.run), read_qrels(trial.qrels), trial.recipe.measures)
