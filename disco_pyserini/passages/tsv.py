"""Read tab-separated files, with quotation marks (as csv libraries write them) or without.

Both kinds are common (DPR and TopiOCQA passages are quoted, MS MARCO is not), and file names do not tell them apart.
The first unambiguous line decides for the rest of its file.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

_QUOTED_FIELD = r'"[^"]*(?:""[^"]*)*"'
_FIELD = rf'(?:{_QUOTED_FIELD}|(?!")[^\t]*)'
_QUOTED_ROW = re.compile(rf"{_FIELD}(?:\t{_FIELD})*")
_EACH_FIELD = re.compile(rf"(?:\A|\t)({_FIELD})")
_OPENING_QUOTE = re.compile(r'(?:\A|\t)"')
_MOST_LINES_IN_A_ROW = 1000


class Row(NamedTuple):
    """The fields of one row, and the number of its first line; ``problem`` says why it could not be split."""

    number: int
    fields: list[str]
    problem: str = ""


class _Lines(Iterator[tuple[int, str]]):
    """Numbered lines with push-back."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._ahead: deque[tuple[int, str]] = deque()

    def __next__(self) -> tuple[int, str]:
        return self._ahead.popleft() if self._ahead else next(self._lines)

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        self._ahead.extendleft(reversed(lines))


def read_rows(numbered_lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
    """Split numbered lines (without their line ends) into rows; a quoted field may span several lines."""
    lines = _Lines(numbered_lines)
    quoted: bool | None = None
    for number, line in lines:
        if quoted is False or not _OPENING_QUOTE.search(line):
            yield Row(number, line.split("\t"))
            continue
        row = _quoted_row(line, lines)
        if row is not None and (quoted or _needs_quotes(row)):
            quoted = True
            yield Row(number, [_unquote(match[1]) for match in _EACH_FIELD.finditer(row)])
        elif quoted:
            yield Row(number, [], "a quotation mark opens a field that is never closed")
        else:
            # csv libraries quote only when necessary: quotation marks around plain text belong to the text.
            quoted = None if row is not None else False
            yield Row(number, line.split("\t"))


def _quoted_row(line: str, lines: _Lines) -> str | None:
    """Return the line and the next ones that its quoted fields span; None, consuming none, if it is not quoted."""
    taken: list[tuple[int, str]] = []
    row = [line]
    while not _QUOTED_ROW.fullmatch("\n".join(row)):
        while True:
            following = next(lines, None)
            if following is not None:
                taken.append(following)
            # A tab before the closing mark: this is the next row, and the opening mark was part of the text.
            if following is None or "\t" in following[1].partition('"')[0] or len(taken) == _MOST_LINES_IN_A_ROW:
                lines.put_back(taken)
                return None
            row.append(following[1])
            if '"' in following[1]:
                break
    return "\n".join(row)


def _needs_quotes(row: str) -> bool:
    return row.startswith('"') or '""' in row or "\n" in row or len(_EACH_FIELD.findall(row)) <= row.count("\t")


def _unquote(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field
