"""``disco reproduce``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import resumable, show_table

if TYPE_CHECKING:
    from disco_pyserini.reproduction.driver import Result
    from disco_pyserini.reproduction.plan import Job, Trial

_FIRST_REPORT_SECONDS = 5.0
_LINE_CHARACTERS = 100


def reproduce(
    collection: Annotated[
        list[str] | None,
        typer.Option(help="Name of a collection, or the file of a recipe; repeat it for several. Default: all."),
    ] = None,
    condition: Annotated[
        list[str] | None, typer.Option(help="Name of a condition; repeat it for several. Default: all.")
    ] = None,
    list_only: Annotated[
        bool, typer.Option("--list", help="List the conditions and whether each can run here; run nothing.")
    ] = False,
    available_only: Annotated[
        bool, typer.Option("--available", help="Leave out conditions that lack data or weights.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commands in order; run nothing.")] = False,
    display_commands: Annotated[
        bool, typer.Option("--display-commands", help="Print each command before it runs.")
    ] = False,
    skip_eval: Annotated[bool, typer.Option("--skip-eval", help="Make the runs without evaluating them.")] = False,
    output: Annotated[Path, typer.Option(help="Folder for indexes, topics and runs.")] = Path("reproduction"),
    report: Annotated[Path | None, typer.Option(help="File for a page about the results (.html).")] = None,
) -> None:
    """Run baselines from recipes, and compare their scores with the expected ones."""
    from disco_pyserini.errors import InputError
    from disco_pyserini.extras import check_extra
    from disco_pyserini.files import only_run
    from disco_pyserini.reproduction.driver import available, choose, reproduce
    from disco_pyserini.reproduction.plan import plan
    from disco_pyserini.reproduction.recipe import find_recipe, installed_recipes

    if report and (skip_eval or dry_run or list_only):
        raise InputError("--report needs results: leave out --list, --dry-run and --skip-eval")
    if report and report.suffix != ".html":
        raise InputError(f"{report}: expected a name that ends with .html")
    if report:
        check_extra("report", "writing a report")  # now, not after hours of running
    recipes = [find_recipe(name) for name in collection or installed_recipes()]
    trials = choose([trial for recipe in recipes for trial in plan(recipe, output)], condition or [])
    if available_only:
        trials = available(trials)
    if list_only:
        _list(trials)
        return
    if dry_run:
        _print_commands(trials)
        return
    terminal = sys.stderr.isatty()
    results: list[Result] = []
    with only_run(output), resumable("after the last finished step"):
        for result in reproduce(
            trials,
            _Progress(display_commands, terminal),
            terminal=terminal,
            evaluating=not skip_eval,
            costs=report is not None,
        ):
            _print_result(result)
            results.append(result)
    if report:
        from disco_pyserini.reproduction.html_report import write_report

        write_report(results, report)
        print(f"report: {report}")
    _finish(results, by_name=bool(collection or condition))


class _Progress:
    """Prints to stderr which step runs, and now and then that it goes on."""

    def __init__(self, display_commands: bool, terminal: bool) -> None:
        self._display_commands = display_commands
        # A progress bar of the command may be on the current line of the terminal.
        self._start_of_line = "\r\x1b[K" if terminal else ""
        self._step = ""
        self._due = 0.0

    def started(self, job: Job, number: int, total: int) -> None:
        import shlex

        self._step = f"[{number}/{total}]"
        self._due = _FIRST_REPORT_SECONDS
        self._print(shlex.join(job.command) if self._display_commands else str(job.output))

    def running(self, seconds: float, line: str) -> None:
        if seconds >= self._due:
            self._due = min(2 * self._due, self._due + 60)
            self._print(f"{_clock(seconds)} {line[:_LINE_CHARACTERS]}".rstrip())

    def finished(self, seconds: float) -> None:
        if seconds >= _FIRST_REPORT_SECONDS:
            self._print(f"finished after {_clock(seconds)}")

    def _print(self, text: str) -> None:
        print(f"{self._start_of_line}{self._step} {text}", file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _list(trials: Sequence[Trial]) -> None:
    from disco_pyserini.reproduction.driver import states

    found = states(trials)
    show_table(
        ["collection", "data set", "condition", "expected scores", "state"],
        [
            [
                state.trial.recipe.collection,
                state.trial.dataset.name,
                state.trial.condition.name,
                state.trial.expected.source or "not published",
                str(state),
            ]
            for state in found
        ],
    )
    can_run = sum(not state.needs for state in found)
    print(f"{can_run} of {len(found)} conditions can run on this machine")
    for remedy in dict.fromkeys(remedy for state in found for remedy in state.remedies):
        print(f"  {remedy}")


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
    """Print a summary, and raise what the exit code has to say."""
    from disco_pyserini.errors import DiscoError, InputError

    failed = [result.trial.name for result in results if result.failed]
    absent = [result.trial.name for result in results if result.missing]
    ran = len(results) - len(absent)
    print(f"{ran} of {len(results)} conditions run, {len(failed)} failed, {len(absent)} missing data or weights")
    if failed:
        raise DiscoError(f"not reproduced: {', '.join(failed)}")
    if absent and by_name:
        raise InputError(f"not run, because data or weights are missing: {', '.join(absent)}")
