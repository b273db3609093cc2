"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def show(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: numbers to the right, everything else to the left."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, title in enumerate(header):
        numeric = all(row[position].replace(".", "").isdecimal() for row in rows)
        table.add_column(title, justify="right" if numeric else "left", no_wrap=numeric)
    for row in rows:
        table.add_row(*row)
    # A table is cut at the terminal's edge; into a file or a pipe it goes whole.
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)
