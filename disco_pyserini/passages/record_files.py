"""Files of records: JSON lines, and tables with tabs or commas."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence

from disco_pyserini.files import read_lines
from disco_pyserini.passages.passage import BadRecordError, OnError, Passage
from disco_pyserini.passages.source import Found, Reading, passage_id
from disco_pyserini.passages.tsv import read_rows
from disco_pyserini.storage import AnyPath

ID_NAMES = ("id", "docid", "_id")
TEXT_NAMES = ("contents", "text")

_CSV_DELIMITERS = ",;\t"


def read_json_lines(file: AnyPath, name: str, reading: Reading) -> Iterator[Found]:
    """Read one JSON object per line; see `disco_pyserini.passages.source.FileFormat`."""
    for number, line in _decoded_lines(file, reading.on_error):
        if not line.strip():
            continue
        where = f"{file}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as problem:
            reading.on_error(
                BadRecordError(where, f"expected one JSON object per line, found what is not JSON: {problem}")
            )
            continue
        if isinstance(record, dict):
            yield where, record
        else:
            kind = type(record).__name__
            reading.on_error(
                BadRecordError(where, f"expected one JSON object per line, found a JSON value of type {kind}")
            )


def read_tsv(file: AnyPath, name: str, reading: Reading) -> Iterator[Found]:
    """Read rows of id, text and an optional title, or in the order of a header."""
    names: Sequence[str] = ()
    for row in read_rows(_decoded_lines(file, reading.on_error)):
        if not "".join(row.fields).strip() and not row.problem:
            continue
        if not names:
            is_header = _has_ids(row.fields, reading.fields)
            names = row.fields if is_header else ("id", "text", "title")
            if is_header:
                continue
        where = f"{file}:{row.number}"
        expected = "<TAB>".join(names)
        if row.problem:
            reading.on_error(BadRecordError(where, f"expected {expected}, found that {row.problem}"))
        elif not 2 <= len(row.fields) <= len(names):
            found = f"{len(row.fields)} columns"
            reading.on_error(
                BadRecordError(where, f"expected {expected}, found {found}: replace tabs inside a text by spaces")
            )
        else:
            yield where, dict(zip(names, row.fields, strict=False))


def read_csv(file: AnyPath, name: str, reading: Reading) -> Iterator[Found]:
    """Read a table with a header.

    With a column for ids and one for texts, each row is a passage, as in a TSV file. In any other table a row becomes a
    text of ``column: value`` lines (or of the columns asked for), and its passages are named after the file.
    """
    lines = (f"{line}\n" for _, line in _decoded_lines(file, reading.on_error))
    header = next((line for line in lines if line.strip()), "")
    delimiter = max(_CSV_DELIMITERS, key=header.count)
    rows = csv.reader(_chained(header, lines), delimiter=delimiter)
    names: list[str] = []
    number = 0
    while True:
        try:
            row = next(rows, None)
        except csv.Error as problem:
            reading.on_error(BadRecordError(f"{file}: line {rows.line_num}", f"expected a CSV file: {problem}"))
            continue
        if row is None:
            return
        if not "".join(row).strip():
            continue
        where = f"{file}, line {rows.line_num}"
        if not names:
            names = [column.strip() for column in row]
        elif len(row) != len(names):
            reading.on_error(
                BadRecordError(where, f"expected {len(names)} columns, as in the header, found {len(row)}")
            )
        elif _has_ids(names, reading.fields):
            yield where, dict(zip(names, row, strict=True))
        else:
            cells = [(column, value) for column, value in zip(names, row, strict=True) if value.strip()]
            text = "\n".join(f"{column}: {value}" if column else value for column, value in cells)
            if reading.fields:
                text = " ".join(value for column, value in cells if column in reading.fields)
            for piece in reading.splitter.split(text):
                number += 1
                yield where, Passage(passage_id(name, number), piece)


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _has_ids(names: Sequence[str], fields: Sequence[str]) -> bool:
    """Whether a header names a column for ids and one for texts."""
    return any(name in names for name in ID_NAMES) and any(name in names for name in fields or TEXT_NAMES)


def _decoded_lines(file: AnyPath, on_error: OnError) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(read_lines(file), 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as problem:
            found = f"{problem.object[problem.start : problem.end]!r} at byte {problem.start} of the line"
            on_error(BadRecordError(f"{file}:{number}", f"expected UTF-8, found {found}: convert the file to UTF-8"))
            continue
        yield number, text
