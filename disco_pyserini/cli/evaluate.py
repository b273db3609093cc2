"""``disco evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    run: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="TREC run.")],
    qrels: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="TREC qrels.")],
    measures: Annotated[
        str, typer.Option(help="Measures of ir_measures, separated by spaces.")
    ] = "nDCG@3 MRR R@10 R@100",
    by_depth: Annotated[bool, typer.Option("--by-depth", help="One row for each turn depth.")] = False,
    turns: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="turns.jsonl with the depths; else ids end in the turn number."),
    ] = None,
) -> None:
    """Compute the measures of a run. Judged queries that the run lacks count as 0."""
    from disco_pyserini.cli.tables import show
    from disco_pyserini.datasets.collection import read_qrels, read_turns
    from disco_pyserini.evaluation import evaluate, read_run
    from disco_pyserini.evaluation.measures import depth_of

    names = measures.split()
    result = evaluate(read_run(run), read_qrels(qrels), names)
    rows = [("all", result)]
    if by_depth:
        depths = {query.qid: query.depth for query in read_turns(turns)} if turns else {}
        judged = next(iter(result.by_query.values()))
        depths = depths or {qid: depth_of(qid) for qid in judged}
        rows += [(str(depth), group) for depth, group in result.by_depth(depths).items()]
    show(
        ["turn", "queries", *names],
        [[label, str(group.queries), *(f"{group.mean(name):.4f}" for name in names)] for label, group in rows],
    )
