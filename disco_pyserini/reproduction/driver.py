"""Run the conditions of recipes one after the other, and compare their scores with the expected ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Annotated, Protocol

from pydantic import ConfigDict, Field

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.evaluation import Estimate, Evaluation, evaluate
from disco_pyserini.extensions import nearest
from disco_pyserini.records import Record, read_json
from disco_pyserini.reproduction.execute import execute, is_finished, missing
from disco_pyserini.reproduction.plan import Job, Trial
from disco_pyserini.reproduction.verdicts import Check, Verdict, check
from disco_pyserini.trec import read_qrels, read_run

_MODEL = "model:"


@dataclass(frozen=True, slots=True)
class Costs:
    """The numbers of ``disco flops``: expected products per query and document, and query terms, also by turn."""

    flops: float
    terms: float
    terms_by_depth: dict[int, Estimate]


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a trial.

    Attributes:
        trial: the trial.
        missing: what the trial lacks, each as a sentence; it was not run if there is anything.
        problem: why it failed; None if it did not.
        evaluation: of its run; None without a run, or if none was asked for.
        costs: what its queries cost, if asked for.
    """

    trial: Trial
    missing: tuple[str, ...] = ()
    problem: str | None = None
    evaluation: Evaluation | None = None
    costs: Costs | None = None

    @property
    def checks(self) -> list[Check]:
        """Checks of measured against expected scores; empty without an evaluation."""
        return check(self.trial, self.evaluation) if self.evaluation else []

    @property
    def failed(self) -> bool:
        """Whether a command failed or a score misses its expected value."""
        return self.problem is not None or any(each.verdict is Verdict.FAIL for each in self.checks)


def choose(trials: Sequence[Trial], conditions: Sequence[str]) -> list[Trial]:
    """Keep the trials of the named conditions, or all trials if no condition is named.

    Raises:
        InputError: no trial has a condition of one of these names.
    """
    known = list(dict.fromkeys(trial.condition.name for trial in trials))
    for name in conditions:
        if name not in known:
            raise InputError(f"no condition {name!r} here: {nearest(name, known)}")
    return [trial for trial in trials if not conditions or trial.condition.name in conditions]


def available(trials: Sequence[Trial]) -> list[Trial]:
    """Keep the trials whose data and weights are on this machine.

    Raises:
        InputError: there is none.
    """
    kept = [trial for trial in trials if not lacking(trial)]
    if not kept:
        raise InputError("none of these conditions can run here: disco reproduce --list says what each of them needs")
    return kept


def lacking(trial: Trial, *, evaluating: bool = True, costs: bool = False) -> tuple[str, ...]:
    """What is missing to run and evaluate a trial: paths, and ``model:ID`` for weights."""
    jobs = [job for job in trial.jobs(evaluating=evaluating, costs=costs) if not is_finished(job)]
    needs = [need for job in jobs for need in missing(job)]
    made = {job.output for job in trial.judging}
    for path in (trial.qrels, trial.turns) if evaluating else ():
        if path and not path.exists() and not made & {path, *path.parents}:
            needs.append(str(path))
    return tuple(dict.fromkeys(needs))


def how_to_get(need: str, trial: Trial) -> str:
    """A sentence about something that a trial lacks."""
    if need.startswith(_MODEL):
        model = need.removeprefix(_MODEL)
        return f"missing weights of {model}: hf download {model}"
    return f"missing {need}: {trial.recipe.get}"


@dataclass(frozen=True, slots=True)
class State:
    """Whether a trial can run here. Without needs, it is finished or ready."""

    trial: Trial
    finished: bool
    needs: tuple[str, ...]

    def __str__(self) -> str:
        """For a list: ``ready``, ``finished``, or the kinds of things that it needs."""
        kinds = {"weights" if need.startswith(_MODEL) else "data" for need in self.needs}
        if kinds:
            return f"needs {' and '.join(sorted(kinds))}"
        return "finished" if self.finished else "ready"

    @property
    def remedies(self) -> list[str]:
        """How to get the data and the weights that it needs."""
        recipe = self.trial.recipe
        models = [need.removeprefix(_MODEL) for need in self.needs if need.startswith(_MODEL)]
        data = [f"data of {recipe.collection}: {recipe.get}"] if len(models) < len(self.needs) else []
        return [*data, *(f"weights: hf download {model}" for model in models)]


def states(trials: Sequence[Trial]) -> list[State]:
    """The state of every trial; those that can run here come first."""
    found = [State(trial, is_finished(trial.search), lacking(trial)) for trial in trials]
    return sorted(found, key=lambda state: bool(state.needs))


class Progress(Protocol):
    """Whoever wants to know how far `reproduce` is."""

    def started(self, job: Job, number: int, total: int) -> None:
        """A job starts: its number, and the number of jobs to run."""

    def running(self, seconds: float, line: str) -> None:
        """The job has been running for some time; ``line`` is the last line of its output."""

    def finished(self, seconds: float) -> None:
        """The job has ended with success."""


def reproduce(
    trials: Sequence[Trial],
    progress: Progress,
    *,
    terminal: bool = False,
    evaluating: bool = True,
    costs: bool = False,
) -> Iterator[Result]:
    """Run trials, and yield the outcome of each when it has ended.

    Args:
        trials: what to run. A job that several of them share is run once.
        progress: is told about every job that runs.
        terminal: see `execute`.
        evaluating: whether to compute measures.
        costs: whether to measure what the queries cost as well.
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
                progress.started(job, waiting.index(job.output) + 1, len(waiting))
                began = monotonic()
                try:
                    execute(job, trial.folder / "logs", terminal=terminal, running=progress.running)
                except DiscoError:
                    failures[job.output] = f"{job.output} could not be made: see above"
                    raise
                progress.finished(monotonic() - began)
            yield Result(
                trial,
                evaluation=_evaluate(trial) if evaluating else None,
                costs=read_costs(trial.flops.output) if costs and trial.flops else None,
            )
        except DiscoError as problem:
            yield Result(trial, problem=str(problem))


def read_costs(path: Path) -> Costs:
    """Read a file that ``disco flops --output`` wrote.

    Raises:
        InputError: it is not such a file.
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
