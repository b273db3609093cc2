"""``disco evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import DepthTurns, Qrels, show_table

if TYPE_CHECKING:
    from disco_pyserini.evaluation import Estimate


def evaluate(
    run: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="TREC run.")],
    qrels: Qrels,
    measures: Annotated[
        str, typer.Option(help="Measures, as ir_measures or trec_eval spell them, separated by spaces.")
    ] = "nDCG@3 MRR R@10 R@100",
    by_depth: Annotated[
        bool, typer.Option("--by-depth", help="Add one row for each turn depth, with confidence intervals.")
    ] = False,
    turns: DepthTurns = None,
    plot: Annotated[Path | None, typer.Option(help="With --by-depth: file for a plot of it (.png).")] = None,
) -> None:
    """Compute the measures of a run. Judged queries that the run lacks count as 0."""
    from disco_pyserini.datasets.named import open_qrels, turn_depths
    from disco_pyserini.errors import InputError
    from disco_pyserini.evaluation import evaluate
    from disco_pyserini.evaluation.plots import check_plot_path, plot_by_depth
    from disco_pyserini.trec import read_run

    if plot:
        check_plot_path(plot)
        if not by_depth:
            raise InputError("--plot draws the measures by turn depth: add --by-depth")
    names = measures.split()
    result = evaluate(read_run(run), open_qrels(qrels), names)
    groups = result.by_depth(turn_depths(next(iter(result.by_query.values())), turns)) if by_depth else {}
    rows = [("all", result), *((str(depth), group) for depth, group in groups.items())]
    show_table(
        ["turn", "queries", *names],
        [
            [label, str(group.queries), *(_cell(group.estimate(name), by_depth) for name in names)]
            for label, group in rows
        ],
    )
    if by_depth:
        print("In brackets: the 95 % confidence interval of the mean over the queries, cut at 0 and 1")
    if plot:
        lines = {name: {depth: group.estimate(name) for depth, group in groups.items()} for name in names}
        plot_by_depth(f"{run.name}, {result.queries} queries", {"mean": lines}, plot)


def _cell(estimate: Estimate, with_interval: bool) -> str:
    if not with_interval or estimate.half_width is None:
        return f"{estimate.mean:.4f}"
    low, high = max(0.0, estimate.mean - estimate.half_width), min(1.0, estimate.mean + estimate.half_width)
    return f"{estimate.mean:.4f} [{low:.2f}, {high:.2f}]"
