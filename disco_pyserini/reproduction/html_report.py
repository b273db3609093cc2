"""A page about results: measured and expected scores, significance, plots, costs and commands."""

from __future__ import annotations

import datetime
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from disco_pyserini.datasets.turns import depth_of, read_turns
from disco_pyserini.evaluation import Evaluation
from disco_pyserini.evaluation.plots import Line, svg_by_depth
from disco_pyserini.evaluation.significance import holm, paired_t_test
from disco_pyserini.extras import check_extra
from disco_pyserini.files import write_aside
from disco_pyserini.reproduction.driver import Result
from disco_pyserini.reproduction.plan import Trial
from disco_pyserini.reproduction.verdicts import Check

if TYPE_CHECKING:
    from markupsafe import Markup

LEVEL = 0.05
"""Corrected p-values below this count as significant."""

_TEMPLATE = "report.html.jinja"
_VERSIONS = ("disco-pyserini", "pyserini", "ir-measures")


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between a condition and the baseline, with its corrected p-value."""

    mean: float
    p: float

    @property
    def significant(self) -> bool:
        """Whether the p-value is below `LEVEL`."""
        return self.p < LEVEL


@dataclass(frozen=True, slots=True)
class Cell:
    """A condition's score on a measure."""

    check: Check
    best: bool
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class Row:
    """A condition on a data set. ``cells`` is empty if the condition failed or was not run."""

    result: Result
    anchor: str
    cells: Mapping[str, Cell]
    queries: Check | None

    @property
    def commands(self) -> str:
        """All commands that lead to its scores, one a line."""
        trial = self.result.trial
        return "\n".join([*(shlex.join(job.command) for job in trial.jobs(costs=True)), shlex.join(trial.evaluation)])


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot by turn with its numbers: a row for each line, a value (or None) for each turn.

    The values are means over the queries that ``over`` names.
    """

    title: str
    over: str
    svg: Markup
    depths: Sequence[int]
    rows: Sequence[tuple[str, Sequence[float | None]]]
    decimals: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Conditions × measures on one data set of a collection."""

    trial: Trial
    anchor: str
    rows: Sequence[Row]
    baseline: str
    comparisons: int
    plots: Sequence[Plot]


def write_report(results: Sequence[Result], path: Path) -> None:
    """Write the page: a single file that loads no other.

    Raises:
        InputError: the turns of a collection do not belong to its qrels.
        DiscoError: the file system refused.
    """
    check_extra("report", "writing a report")
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("disco_pyserini.reproduction"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.trial.recipe.collection, result.trial.dataset.name), []).append(result)
    page = environment.get_template(_TEMPLATE).render(
        matrices=[_matrix(group, number) for number, group in enumerate(groups.values(), 1)],
        conditions=len(results),
        failed=sum(result.failed for result in results),
        missing=sum(bool(result.missing) for result in results),
        level=LEVEL,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        versions={name: version(name) for name in _VERSIONS},
    )
    with write_aside(path) as file:
        file.write(page)


def _matrix(results: Sequence[Result], number: int) -> Matrix:
    trial = results[0].trial
    evaluations = {result.trial.condition.name: result.evaluation for result in results if result.evaluation}
    differences = _differences(evaluations, trial.recipe.baseline, trial.recipe.measures)
    best = {
        measure: max((round(evaluation.mean(measure), 4) for evaluation in evaluations.values()), default=0.0)
        for measure in trial.recipe.measures
    }
    rows = []
    for result in results:
        name = result.trial.condition.name
        checks = {check.measure: check for check in result.checks}
        queries = checks.pop("queries", None)
        cells = {
            measure: Cell(check, round(check.measured, 4) == best[measure], differences.get((name, measure)))
            for measure, check in checks.items()
        }
        rows.append(Row(result, f"commands-{number}-{_slug(name)}", cells, queries))
    labels = {result.trial.condition.name: result.trial.condition.label for result in results}
    return Matrix(
        trial=trial,
        anchor=f"matrix-{number}-{_slug(trial.recipe.collection)}",
        rows=rows,
        baseline=labels.get(trial.recipe.baseline, "") if trial.recipe.baseline in evaluations else "",
        comparisons=len(differences),
        plots=_plots(results, f"matrix-{number}"),
    )


def _differences(
    evaluations: Mapping[str, Evaluation], baseline: str, measures: Sequence[str]
) -> dict[tuple[str, str], Difference]:
    """The difference of each condition from the baseline, corrected for the number of comparisons."""
    if baseline not in evaluations:
        return {}
    base = evaluations[baseline]
    p_values = {
        (name, measure): paired_t_test(evaluation.by_query[measure], base.by_query[measure])
        for name, evaluation in evaluations.items()
        for measure in measures
        if name != baseline
    }
    return {
        (name, measure): Difference(evaluations[name].mean(measure) - base.mean(measure), p)
        for (name, measure), p in holm(p_values).items()
    }


def _plots(results: Sequence[Result], salt: str) -> list[Plot]:
    evaluated = [(result.trial.condition, result.evaluation) for result in results if result.evaluation]
    if not evaluated:
        return []
    trial = results[0].trial
    measure = trial.recipe.measures[0]
    depths = _depths(trial, evaluated[0][1])
    scores = [
        Line(
            condition.label,
            condition.display,
            condition.query,
            {depth: group.estimate(measure) for depth, group in evaluation.by_depth(depths).items()},
        )
        for condition, evaluation in evaluated
    ]
    terms = [
        Line(
            result.trial.condition.label,
            result.trial.condition.display,
            result.trial.condition.query,
            result.costs.terms_by_depth,
        )
        for result in results
        if result.costs
    ]
    plots = [_plot(measure, "the judged queries", scores, f"{salt}-scores", decimals=3)]
    return [*plots, _plot("query terms", "all queries", terms, f"{salt}-terms", decimals=1)] if terms else plots


def _plot(title: str, over: str, lines: Sequence[Line], salt: str, decimals: int) -> Plot:
    from markupsafe import Markup

    depths = sorted({depth for line in lines for depth in line.values})
    rows = [
        (line.name, [line.values[depth].mean if depth in line.values else None for depth in depths]) for line in lines
    ]
    # The SVG is well-formed XML; its texts are escaped.
    return Plot(title, over, Markup(svg_by_depth(lines, title, salt)), depths, rows, decimals)


def _depths(trial: Trial, evaluation: Evaluation) -> dict[str, int]:
    if trial.turns:
        return {query.qid: query.depth for query in read_turns(trial.turns)}
    return {qid: depth_of(qid) for qid in evaluation.by_query[trial.recipe.measures[0]]}


def _slug(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name)
