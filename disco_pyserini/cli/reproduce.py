"""``disco reproduce``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import show_table

if TYPE_CHECKING:
    from disco_pyserini.reproduction.driver import Result
    from disco_pyserini.reproduction.plan import Job, Trial


def reproduce(
    collection: Annotated[
        list[str] | None, typer.Option(help="A collection, or the file of a recipe; again for more. All without it.")
    ] = None,
    condition: Annotated[list[str] | None, typer.Option(help="A condition by name; again for more.")] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the conditions and their state, and exit.")] = False,
    available: Annotated[
        bool, typer.Option("--available", help="Only conditions whose data and weights are on this machine.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commands in order, and run nothing.")] = False,
    display_commands: Annotated[
        bool, typer.Option("--display-commands", help="Print each command before it runs.")
    ] = False,
    skip_eval: Annotated[bool, typer.Option("--skip-eval", help="Make the runs, and do not evaluate them.")] = False,
    output: Annotated[Path, typer.Option(help="Folder for indexes, topics and runs, by collection.")] = Path(
        "reproduction"
    ),
    report: Annotated[Path | None, typer.Option(help="Write a page about the results (.html).")] = None,
) -> None:
    """Run baselines by their recipes, and compare what they score with what they should."""
    from disco_pyserini.errors import InputError
    from disco_pyserini.reproduction.driver import choose, lacking, reproduce
    from disco_pyserini.reproduction.plan import plan
    from disco_pyserini.reproduction.recipe import find_recipe, installed_recipes

    if report and (skip_eval or dry_run or list_only):
        raise InputError("--report needs results: leave out --list, --dry-run and --skip-eval")
    if report and report.suffix != ".html":
        raise InputError(f"{report}: expected a name that ends with .html")
    recipes = [find_recipe(name) for name in collection or installed_recipes()]
    trials = choose([trial for recipe in recipes for trial in plan(recipe, output)], condition or [])
    if available:
        trials = [trial for trial in trials if not lacking(trial)]
    if list_only:
        _list(trials)
        return
    if dry_run:
        _print_commands(trials)
        return
    progress = _Progress(display_commands)
    results: list[Result] = []
    try:
        for result in reproduce(
            trials,
            started=progress.started,
            waiting=progress.waiting,
            terminal=sys.stderr.isatty(),
            evaluating=not skip_eval,
            costs=report is not None,
        ):
            _print_result(result)
            results.append(result)
    except KeyboardInterrupt:
        print("stopped: the same command continues after what is finished", file=sys.stderr)
        raise typer.Exit(130) from None
    if report:
        from disco_pyserini.reproduction.html_report import write_report

        write_report(results, report)
        print(f"report: {report}")
    _finish(results, by_name=bool(collection or condition))


class _Progress:
    """Reports progress on stderr."""

    def __init__(self, display_commands: bool) -> None:
        self._display_commands = display_commands

    def started(self, job: Job, number: int, total: int) -> None:
        import shlex

        what = shlex.join(job.command) if self._display_commands else job.output
        self._place = f"[{number}/{total}]"
        print(f"{self._place} {what}", file=sys.stderr, flush=True)

    def waiting(self, seconds: float, last_line: str) -> None:
        """Show that a long command is still running, if its own progress bar is not visible."""
        print(f"{self._place} {seconds:.0f} s: {last_line or '(no output yet)'}", file=sys.stderr, flush=True)


def _list(trials: Sequence[Trial]) -> None:
    from disco_pyserini.reproduction.driver import lacking, state

    show_table(
        ["collection", "data set", "condition", "expected scores", "state"],
        [
            [
                trial.recipe.collection,
                trial.dataset.name,
                trial.condition.name,
                trial.expected.source or "not published",
                state(trial),
            ]
            for trial in trials
        ],
    )
    print(f"{sum(not lacking(trial) for trial in trials)} of {len(trials)} conditions can run on this machine")
    for remedy in dict.fromkeys(_remedy(need, trial) for trial in trials for need in lacking(trial)):
        print(f"  {remedy}")


def _remedy(need: str, trial: Trial) -> str:
    kind, _, name = need.partition(":")
    return f"weights: hf download {name}" if kind == "model" else f"{trial.recipe.collection}: {trial.recipe.get}"


def _print_commands(trials: Sequence[Trial]) -> None:
    import shlex

    from disco_pyserini.reproduction.driver import how_to_get, lacking
    from disco_pyserini.reproduction.execute import is_finished

    seen = set()
    for trial in trials:
        print(f"# {trial.name}")
        for need in lacking(trial):
            print(f"# {how_to_get(need, trial)}")
        for job in trial.jobs():
            if job.output not in seen:
                seen.add(job.output)
                print(f"{'# finished: ' if is_finished(job) else ''}{shlex.join(job.command)}")
        print(shlex.join(trial.evaluation))


def _print_result(result: Result) -> None:
    print(f"{result.trial.name} ({result.trial.condition.label})")
    for sentence in result.missing:
        print(f"  not run: {sentence}")
    if result.problem:
        print(f"  [FAIL] {result.problem}")
    for check in result.checks:
        line = f"  {check.measure:8} {check.shown:>8}"
        if check.verdict:
            line += f" [{check.verdict}]"
            if check.verdict != "OK":
                line += f" expected {check.expected:g}"
                line += "" if check.measure == "queries" else f", tolerance {result.trial.expected.tolerance:g}"
        print(line)
    if result.evaluation and not result.trial.expected.source:
        print("  no published scores to compare with")
    elif result.evaluation:
        print(f"  expected scores: {result.trial.expected.source}")


def _finish(results: Sequence[Result], by_name: bool) -> None:
    """Report the outcome, and set the exit code."""
    from disco_pyserini.errors import DiscoError, InputError

    failed = [result.trial.name for result in results if result.failed]
    absent = [result.trial.name for result in results if result.missing]
    ran = len(results) - len(absent)
    print(f"{ran} of {len(results)} conditions run, {len(failed)} failed, {len(absent)} lack data or weights")
    if failed:
        raise DiscoError(f"not reproduced: {', '.join(failed)}")
    if absent and by_name:
        raise InputError(f"asked for, but not run, since data or weights are missing: {', '.join(absent)}")
