"""``disco compare``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import Qrels, Turns, printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from disco_pyserini.reproduction.turn_comparison import Comparison, Comparisons, Run

_PASSAGES = 3
_HISTORY = 3
_CHARACTERS = 240


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="TREC runs: a baseline, then the runs to compare with it."),
    ],
    qrels: Qrels,
    turns: Turns,
    corpus: Annotated[
        str | None, typer.Option(help="Passages, as disco encode reads them, to show their texts.")
    ] = None,
    measure: Annotated[str, typer.Option(help="A measure, as ir_measures or trec_eval spell it.")] = "nDCG@3",
    query: Annotated[str | None, typer.Option(help="Query id of a single turn to show.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Number of wins and of losses to show for each run.")] = 3,
) -> None:
    """Show which turns win and lose from one run to another, with their conversations and passages."""
    from rich.console import Console

    from disco_pyserini.datasets.named import open_qrels, open_turns
    from disco_pyserini.reproduction.turn_comparison import compare, texts_of

    found = compare(runs, open_qrels(qrels), open_turns(turns), measure)
    chosen = found.choose(limit, query)
    shown = found.documents(chosen, _PASSAGES)
    texts = texts_of(corpus, shown) if corpus is not None and shown else {}
    console = Console(highlight=False, markup=False)
    _summary(console, found)
    for other in found.others:
        for qid in chosen[other.run.name]:
            _turn(console, found, other, qid, texts)


def _summary(console: Console, found: Comparisons) -> None:
    baseline = found.baseline
    console.print(
        printable(f"{found.measure} over {len(baseline.scores)} queries; {baseline.name}: {baseline.mean:.4f}")
    )
    correction = ", Holm–Bonferroni" if len(found.others) > 1 else ""
    for other in found.others:
        wins, losses = len(other.wins), len(other.losses)
        console.print(
            f"{printable(other.run.name)}: {other.run.mean:.4f} ({other.run.mean - baseline.mean:+.4f}, "
            f"p = {other.p:.2g} by a paired t-test{correction}); "
            f"{wins} better, {losses} worse, {len(other.differences) - wins - losses} equal"
        )


def _turn(console: Console, found: Comparisons, other: Comparison, qid: str, texts: Mapping[str, str]) -> None:
    from rich.rule import Rule
    from rich.table import Table

    query = found.turns[qid]
    console.print()
    console.print(
        Rule(_text(f"{qid}, turn {query.depth}: {found.measure} {other.differences[qid]:+.4f}"), align="left")
    )
    earlier = query.conversation.turns[:-1]
    if (left_out := len(earlier) - _HISTORY) > 0:
        console.print(f"({left_out} earlier {'turn' if left_out == 1 else 'turns'})", style="dim")
    lines = Table.grid(padding=(0, 2))
    for turn in earlier[-_HISTORY:]:
        lines.add_row("user", _text(_cut(turn.utterance)))
        lines.add_row("system", _text(_cut(turn.response or "(not recorded)")), style="dim")
    lines.add_row("user", _text(query.conversation.utterance, style="bold"))
    for name, text in query.rewrites.items():
        lines.add_row(printable(name), _text(text, style="italic"))
    console.print(lines)
    table = Table(expand=True, show_lines=True)
    relevant = {docid for docid, grade in found.qrels.get(qid, {}).items() if grade > 0}
    both = (found.baseline, other.run)
    for run in both:
        table.add_column(_text(f"{run.name}: {run.scores[qid]:.4f}"), ratio=1, overflow="fold")
    columns: Sequence[Sequence[RenderableType]] = [_passages(run, qid, relevant, texts) for run in both]
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    console.print(table)


def _passages(run: Run, qid: str, relevant: set[str], texts: Mapping[str, str]) -> list[RenderableType]:
    cells: list[RenderableType] = []
    for rank, docid in enumerate(run.top(qid, _PASSAGES), 1):
        cell = _text(f"{rank}. {docid}", style="bold green" if docid in relevant else "")
        cell.append("  relevant" if docid in relevant else "")
        if docid in texts:
            cell.append(f"\n{printable(_cut(texts[docid]))}", style="not bold default")
        cells.append(cell)
    return [*cells, *[_text("(no more passages)", style="dim")] * (_PASSAGES - len(cells))]


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(printable(text), style)


def _cut(text: str) -> str:
    """Cut a long text at the end of a word."""
    from textwrap import shorten

    return shorten(text, _CHARACTERS, placeholder=" …")
