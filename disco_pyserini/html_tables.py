"""Tables in HTML, as Jupyter shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table whose texts are escaped, so that markup and formulas in them are shown and never interpreted.

    Args:
        caption: a line above the table.
        columns: the heading of each column.
        rows: the cells of each row; None gives an empty cell, and numbers are aligned right.
    """
    head = "".join(f'<th style="text-align: left">{escape(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    # The class keeps Jupyter from reading prices such as "$5 and $6" as formulas.
    return (
        f'<table class="mathjax_ignore tex2jax_ignore"><caption style="text-align: left">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(value: object) -> str:
    side = "right" if isinstance(value, int | float) else "left"
    return f'<td style="text-align: {side}">{"" if value is None else escape(str(value))}</td>'
