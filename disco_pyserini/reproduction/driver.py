"""Running the conditions of recipes, one after the other, and comparing what they score with what they should."""

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
    """What ``disco flops`` wrote: expected products per query and document, query terms, and these by turn."""

    flops: float
    terms: float
    terms_by_depth: dict[int, Estimate]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a trial.

    It was not run where something is ``missing`` (each as a sentence), it failed where there is a ``problem``, and
    otherwise its run is there, with an ``evaluation`` unless none was asked for.
    """

    trial: Trial
    missing: tuple[str, ...] = ()
    problem: str | None = None
    evaluation: Evaluation | None = None
    costs: Costs | None = None

    @property
    def checks(self) -> list[Check]:
        """Measured against expected scores; none without an evaluation."""
        return check(self.trial, self.evaluation) if self.evaluation else []

    @property
    def failed(self) -> bool:
        """Whether a command failed, or a score is not as expected."""
        return self.problem is not None or any(each.verdict is Verdict.FAIL for each in self.checks)


def choose(trials: Sequence[Trial], conditions: Sequence[str]) -> list[Trial]:
    """Keep the trials of conditions that are named; all where none is.

    Raises:
        InputError: no trial is of one of these.
    """
    known = list(dict.fromkeys(trial.condition.name for trial in trials))
    for name in conditions:
        if name not in known:
            raise InputError(f"no condition {name!r} here: {nearest(name, known)}")
    return [trial for trial in trials if not conditions or trial.condition.name in conditions]


def lacking(trial: Trial, *, evaluating: bool = True, costs: bool = False) -> tuple[str, ...]:
    """What keeps a trial from being run and evaluated: paths, and ``model:ID`` for weights."""
    jobs = [job for job in trial.jobs(evaluating=evaluating, costs=costs) if not is_finished(job)]
    needs = [need for job in jobs for need in missing(job)]
    made = {job.output for job in trial.judging}
    for path in (trial.qrels, trial.turns) if evaluating else ():
        if path and not path.exists() and not made & {path, *path.parents}:
            needs.append(str(path))
    return tuple(dict.fromkeys(needs))


def how_to_get(need: str, trial: Trial) -> str:
    """A sentence about something that a trial lacks."""
    kind, _, name = need.partition(":")
    if kind == "model":
        return f"the weights of {name} are not here: get them with: hf download {name}"
    return f"{need} is not here: get it with: {trial.recipe.get}"


def state(trial: Trial) -> str:
    """For a list: finished, ready, or what kind of thing is missing."""
    if is_finished(trial.search):
        return "finished"
    kinds = {"weights" if need.startswith("model:") else "data" for need in lacking(trial)}
    return f"lacks {' and '.join(sorted(kinds))}" if kinds else "ready"


def reproduce(
    trials: Sequence[Trial],
    *,
    started: Callable[[Job, int, int], None],
    terminal: bool = False,
    evaluating: bool = True,
    costs: bool = False,
) -> Iterator[Result]:
    """Run trials, and yield what became of each when it has ended.

    Args:
        trials: what to run. A job that several of them share is run once.
        started: called with each job before it runs, its number, and how many jobs there are to run.
        terminal: see `execute`.
        evaluating: whether to compute measures.
        costs: whether to measure what queries cost, too.
    """
    runnable = [(trial, lacking(trial, evaluating=evaluating, costs=costs)) for trial in trials]
    waiting = list(
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
                started(job, waiting.index(job.output) + 1, len(waiting))
                try:
                    execute(job, trial.folder / "logs", terminal)
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
    """Read what ``disco flops --output`` wrote.

    Raises:
        InputError: the file is something else.
    """
    file = _CostsFile.check(read_json(path), f"{path}: not written by disco flops --output")
    by_depth = {int(depth): Estimate(group.dimensions, group.queries) for depth, group in file.by_depth.items()}
    return Costs(file.flops, file.dimensions, by_depth)


class _Numbers(Record):
    """What a report shows of the numbers in the file."""

    model_config = ConfigDict(extra="ignore")

    queries: int
    flops: float
    dimensions: float


class _CostsFile(_Numbers):
    by_depth: dict[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], _Numbers]


def _evaluate(trial: Trial) -> Evaluation:
    return evaluate(read_run(trial.run), read_qrels(trial.qrels), trial.recipe.measures)
