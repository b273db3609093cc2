"""Code shared by sub-commands: options, the progress bar, tables, messages, interrupts."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

# Options


class OnError(StrEnum):
    """What to do about a record that cannot be used."""

    stop = "stop"
    skip = "skip"


Device = Annotated[
    str | None, typer.Option(help="Torch device: cpu, cuda, cuda:1, …; by default a GPU if there is one.")
]
Backend = Annotated[
    str | None, typer.Option(help="What runs the model: torch (the default), torch-bf16, onnx or onnx-int8.")
]
MaxLength = Annotated[
    int | None, typer.Option(min=3, help="Tokens after which a text is cut; by default the encoder's own limit.")
]
Threads = Annotated[int, typer.Option(min=1, help="Number of threads.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Queries to encode and search at once.")]
Index = Annotated[Path, typer.Option(help="Folder of an impact index, from disco index or Anserini.")]
AllowPartial = Annotated[
    bool,
    typer.Option("--allow-partial", help="If a shard of the index does not answer, answer without it, and say so."),
]
Topics = Annotated[str, typer.Option(help="Topics file (qid<TAB>text), or COLLECTION/SPLIT/QUERY.")]
Qrels = Annotated[str, typer.Option(help="TREC qrels file, or COLLECTION/SPLIT.")]
Turns = Annotated[str, typer.Option(help="Turns to answer: COLLECTION/SPLIT, or a turns.jsonl file.")]
DepthTurns = Annotated[
    str | None,
    typer.Option(
        "--turns",
        help="Where turn depths come from: COLLECTION/SPLIT, or a turns.jsonl file; by default the turn number at the "
        "end of each query id.",
    ),
]
Corpus = Annotated[
    str,
    typer.Option(help="Passages or documents: a file or folder, pydoc:NAME,…, irds:NAME, or COLLECTION/SPLIT."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")]
Engine = Annotated[str, typer.Option(help="Engine that searches the index; `disco doctor` lists them.")]
QueryEncoder = Annotated[
    str, typer.Option(help="Query encoder: disco (the index's own), a card's name, or disco:PATH-or-hub-id.")
]
StoreRaw = Annotated[
    bool, typer.Option("--store-raw/--no-store-raw", help="Store the passages' texts beside their vectors or terms.")
]
OnErrorOption = Annotated[
    OnError, typer.Option("--on-error", help="Unusable records: stop at the first, or skip them and report them.")
]
RayAddress = Annotated[
    str | None,
    typer.Option("--ray", metavar="ADDRESS", help="Work on a Ray cluster: HOST:PORT, ray://HOST:PORT, auto or local."),
]

# Progress


@contextmanager
def progress_bar(title: str, total: int | None, unit: str = "passages") -> Iterator[Callable[[int], None]]:
    """Show a progress bar with rate and time left; yield a function to call with each number of units done.

    The rate covers the last 30 seconds. It starts with the first finished units, so that loading a model or starting
    Java does not count.
    """
    from rich.progress import MofNCompleteColumn, TimeRemainingColumn

    with _bars(MofNCompleteColumn(), _rate_column(unit), TimeRemainingColumn()) as bars:
        task = bars.add_task(title, total=total)
        waiting, due = 0, 0.0

        def done(units: int) -> None:
            nonlocal waiting, due
            waiting += units
            # The bar keeps 1,000 steps; single passages would fill that within milliseconds.
            if (now := monotonic()) >= due:
                bars.advance(task, waiting)
                waiting, due = 0, now + 0.1

        try:
            yield done
        finally:
            bars.advance(task, waiting)


@contextmanager
def download_bars() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show one bar per file; yield a function to call with a file's name, its bytes so far and its total bytes."""
    from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

    with _bars(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield show


def _bars(*columns: ProgressColumn) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress

    console = Console(stderr=True)
    # In a log, a bar would appear only once, at its end.
    return Progress("{task.description}", BarColumn(), *columns, console=console, disable=not console.is_terminal)


def _rate_column(unit: str) -> ProgressColumn:
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            rate = task.finished_speed or task.speed
            return Text(f"{rate:,.0f} {unit}/s" if rate else "")

    return Rate()


# Output


def printable(text: str) -> str:
    """Replace control characters, with which a text could change the terminal, by ``�``; tabs become spaces."""
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n").expandtabs(4))


# C0 without the newline, DEL, C1, and what changes the direction of text.
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_NARROWEST_TEXT = 20


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with right-aligned numbers. Names are never cut; a long last column is wrapped."""
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, title in enumerate(header):
        cells = [row[position] for row in rows]
        numeric = all(cell.replace(".", "").isdecimal() for cell in cells)
        longest = max(map(cell_len, [title, *cells]))
        last = position == len(header) - 1
        table.add_column(
            title,
            justify="right" if numeric else "left",
            width=None if last else longest,
            min_width=min(longest, _NARROWEST_TEXT) if last else None,
        )
    for row in rows:
        table.add_row(*row)
    # In a file or a pipe, every row is one line. A narrow terminal wraps the lines itself.
    terminal = Console()
    needed = Measurement.get(terminal, terminal.options.update(max_width=10_000), table)
    width = max(terminal.width, needed.minimum) if terminal.is_terminal else needed.maximum
    Console(width=width, markup=False, highlight=False).print(table)


def report_ids(what: str, ids: Sequence[str]) -> None:
    """Report on stderr the number of affected queries, with the first few ids."""
    if ids:
        examples = ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
        print(f"{what}: {len(ids):,} {'query' if len(ids) == 1 else 'queries'}: {examples}", file=sys.stderr)


def refuse_existing(output: Path, overwrite: bool) -> None:
    """Raise an `InputError` if the output file exists, unless overwriting is allowed."""
    from disco_pyserini.errors import InputError

    if output.is_file() and not overwrite:
        raise InputError(f"{output}: exists already: add --overwrite to replace it, or choose another --output")


@contextmanager
def resumable(how: str = "where it was") -> Iterator[None]:
    """After Ctrl-C, say that the same command continues, and exit with 130."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"stopped: the same command continues {how}", file=sys.stderr)
        raise typer.Exit(130) from None
