"""Turn a recipe into the commands that each of its conditions needs, in order, each once."""

from __future__ import annotations

import os.path
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from disco_pyserini.cards import cards_folder
from disco_pyserini.errors import InputError
from disco_pyserini.reproduction.recipe import PLACEHOLDER, Condition, Dataset, Expected, Recipe, Step

type Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """A complete command, the file or folder that it makes, and the jobs whose outputs it uses."""

    output: Path
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    resumes: bool = False
    after: tuple[Job, ...] = ()

    @property
    def history(self) -> tuple[Job, ...]:
        """This job and all the jobs it depends on, in a runnable order."""
        return in_order([self])


@dataclass(frozen=True, slots=True)
class Trial:
    """A condition on a data set: what to run, evaluate and compare."""

    recipe: Recipe
    condition: Condition
    dataset: Dataset
    expected: Expected
    folder: Path
    search: Job
    flops: Job | None
    qrels: Path
    turns: Path | None
    judging: tuple[Job, ...]
    """The jobs that make ``qrels`` and ``turns``, unless the collection includes them."""

    @property
    def run(self) -> Path:
        """The run file."""
        return self.search.output

    @property
    def name(self) -> str:
        """The name shown in messages."""
        return f"{self.recipe.collection} {self.dataset.name} {self.condition.name}"

    @property
    def evaluation(self) -> tuple[str, ...]:
        """The command that computes the measures."""
        measures = " ".join(self.recipe.measures)
        return ("disco", "evaluate", "--run", str(self.run), "--qrels", str(self.qrels), "--measures", measures)

    def jobs(self, *, evaluating: bool = True, costs: bool = False) -> tuple[Job, ...]:
        """The jobs in order: for the run, its evaluation and its query costs."""
        judging = self.judging if evaluating else ()
        return in_order([*judging, self.search, *([self.flops] if costs and self.flops else [])])


def plan(recipe: Recipe, output: Path) -> list[Trial]:
    """Return every condition on each of its data sets, one data set after the other.

    Args:
        recipe: the recipe.
        output: the parent folder of the folders of the collections.

    Raises:
        InputError: two commands make the same output, or two commands need each other's output.
    """
    folder = output / recipe.collection
    trials = []
    for dataset in recipe.datasets:
        for condition in recipe.conditions:
            expected = next((each for each in condition.expected if each.dataset == dataset.name), None)
            if expected:
                trials.append(_trial(recipe, condition, dataset, expected, folder))
    _check_outputs(recipe, trials)
    return trials


def in_order(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Return the jobs and their dependencies in a runnable order, without duplicates."""
    ordered: dict[Path, Job] = {}

    def add(job: Job) -> None:
        if job.output not in ordered:
            for earlier in job.after:
                add(earlier)
            ordered[job.output] = job

    for job in jobs:
        add(job)
    return tuple(ordered.values())


def mention(path: Path) -> re.Pattern[str]:
    """A pattern that finds a path in an argument.

    The path stands at the start or after ``:``, ``=`` or ``,``, and is followed by the end, a ``,`` or a ``/``.
    """
    return re.compile(rf"(?:^|(?<=[:=,])){re.escape(str(path))}(?=/|,|$)")


def _trial(recipe: Recipe, condition: Condition, dataset: Dataset, expected: Expected, folder: Path) -> Trial:
    name = f"{dataset.name}.{condition.name}"
    run, flops = folder / f"run.{name}.txt", folder / f"flops.{name}.json"
    values = {
        "data": str(recipe.data),
        "output": str(folder),
        "collection": recipe.collection,
        "encoders": str(cards_folder()),
        "dataset": dataset.name,
        "condition": condition.name,
        "run": str(run),
        "flops": str(flops),
        **({"query": condition.query} if condition.query else {}),
    }
    steps = _Steps(recipe, values)
    qrels = Path(_fill(dataset.qrels, values))
    turns = Path(_fill(dataset.turns, values)) if dataset.turns else None
    needs = tuple(_fill(need, values) for need in condition.needs)
    command = _fill_all(condition.command, values)
    return Trial(
        recipe=recipe,
        condition=condition,
        dataset=dataset,
        expected=expected,
        folder=folder,
        search=Job(run, command, needs, after=steps.used_by(command)),
        flops=_flops(condition, flops, values, needs, steps),
        qrels=qrels,
        turns=turns,
        judging=steps.used_by([str(path) for path in (qrels, turns) if path]),
    )


def _flops(condition: Condition, output: Path, values: Values, needs: tuple[str, ...], steps: _Steps) -> Job | None:
    if condition.flops is None:
        return None
    command = _fill_all(condition.flops, values)
    return Job(output, command, needs, after=steps.used_by(command))


class _Steps:
    """The steps of a recipe, filled in for one trial. A command uses a step if it mentions the step's output."""

    def __init__(self, recipe: Recipe, values: Values) -> None:
        self._recipe = recipe
        self._values = values
        # A condition without a query form cannot use a step for one.
        self._steps = {self._output(step): step for step in recipe.prepare if _placeholders(step) <= values.keys()}

    def used_by(self, arguments: Collection[str], inside: tuple[Path, ...] = ()) -> tuple[Job, ...]:
        return tuple(
            self._job(output, step, inside)
            for output, step in self._steps.items()
            if output not in inside[-1:] and any(mention(output).search(argument) for argument in arguments)
        )

    def _output(self, step: Step) -> Path:
        output = Path(_fill(step.output, self._values))
        if not Path(os.path.normpath(output)).is_relative_to(os.path.normpath(self._values["output"])):
            raise InputError(
                f"{self._recipe.path}: prepare[{step.output}].output: expected a path in {self._values['output']}, "
                f"found {output}"
            )
        return output

    def _job(self, output: Path, step: Step, inside: tuple[Path, ...]) -> Job:
        if output in inside:
            circle = " needs ".join(path.name for path in (*inside[inside.index(output) :], output))
            raise InputError(f"{self._recipe.path}: prepare: {circle}: no command can be the first")
        command = _fill_all(step.command, self._values)
        return Job(
            output=output,
            command=command,
            needs=tuple(_fill(need, self._values) for need in step.needs),
            resumes=step.resumes,
            after=self.used_by(command, (*inside, output)),
        )


def _placeholders(step: Step) -> set[str]:
    return {name for text in (step.output, *step.command, *step.needs) for name in PLACEHOLDER.findall(text)}


def _fill(template: str, values: Values) -> str:
    return PLACEHOLDER.sub(lambda found: values[found[1]], template)


def _fill_all(templates: Iterable[str], values: Values) -> tuple[str, ...]:
    return tuple(_fill(template, values) for template in templates)


def _check_outputs(recipe: Recipe, trials: Iterable[Trial]) -> None:
    commands: dict[Path, tuple[str, ...]] = {}
    for trial in trials:
        for job in trial.jobs(costs=True):
            if commands.setdefault(job.output, job.command) != job.command:
                raise InputError(
                    f"{recipe.path}: prepare[{job.output.name}]: its command differs from one condition or data set "
                    "to another: so must the output, by {dataset} or {query} in its name"
                )
