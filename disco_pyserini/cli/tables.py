"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def show(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, title in enumerate(header):
        table.add_column(title, justify="left" if position == 0 else "right", no_wrap=position > 0)
    for row in rows:
        table.add_row(*row)
    # A table is cut at the terminal's edge; into a file or a pipe it goes whole.
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)
