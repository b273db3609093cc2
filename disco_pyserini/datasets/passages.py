"""Reading passages, one at a time, from the files that retrieval corpora come in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

from disco_pyserini.datasets.collection import Passage
from disco_pyserini.datasets.tsv import read_rows
from disco_pyserini.errors import InputError
from disco_pyserini.files import read_lines, write_aside

ID_NAMES = ("id", "docid", "_id")
TEXT_NAMES = ("contents", "text")
_IR_DATASETS = "irds:"
_KINDS = (".jsonl", ".json", ".tsv")


class BadRecordError(InputError):
    """One record of a corpus cannot be used; those after it can."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


def _stop(problem: BadRecordError) -> NoReturn:
    raise problem


def read_passages(
    source: str, fields: Sequence[str] = (), on_error: Callable[[BadRecordError], None] = _stop
) -> Iterator[Passage]:
    """Read a corpus of any size, one passage at a time.

    Args:
        source: a JSONL file (``id``, ``docid`` or ``_id``; ``contents``, or ``text`` with an optional ``title``, which
            goes before it), a TSV file (id, text and an optional title; a header may order them otherwise; quoted or
            not), either of them gzipped, a folder of such files (read in the order of their names), or ``irds:NAME``
            for a data set of ir_datasets.
        fields: names of JSON fields or TSV columns that are joined to make the text, instead of those above.
        on_error: called with each record that cannot be used; by default, it stops the reading. Lines that are empty
            are not records.

    Raises:
        BadRecordError: a record without an id or a text, with white space in its id, not JSON, or not UTF-8.
        InputError: the source cannot be read, is cut short, is of an unknown kind, or has no passages.
    """
    found = False
    for where, record in _records(source, fields):
        try:
            if isinstance(record, BadRecordError):
                raise record
            passage = _passage(where, record, fields)
        except BadRecordError as problem:
            on_error(problem)
            continue
        found = True
        yield passage
    if not found:
        raise InputError(f"{source}: expected at least one passage, found none that can be used: check --corpus")


def count_passages(source: str) -> int | None:
    """About how many passages a corpus has, for showing progress; None where this would take long to know."""
    if source.startswith(_IR_DATASETS):
        count = _ir_dataset(source).docs_count()
        return None if count is None else int(count)
    files = _files(Path(source))
    if any(file.suffix.lower() == ".gz" for file in files):
        return None
    total = 0
    for file in files:
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                total += block.count(b"\n")
    return total


@contextmanager
def rejects_file(path: Path) -> Iterator[Callable[[BadRecordError], None]]:
    """Give an ``on_error`` for `read_passages` that lists bad records in a JSONL file (``where``, ``reason``).

    The file is there once the block has ended without an error, and only if there was any bad record.
    """
    with ExitStack() as stack:
        lines = None

        def reject(problem: BadRecordError) -> None:
            nonlocal lines
            lines = lines or stack.enter_context(write_aside(path))
            lines.write(json.dumps({"where": problem.where, "reason": problem.reason}, ensure_ascii=False) + "\n")

        yield reject
        if lines is None:
            path.unlink(missing_ok=True)


type _Record = tuple[str, Mapping[str, Any] | BadRecordError]


def _records(source: str, fields: Sequence[str]) -> Iterator[_Record]:
    """Yield where each record stands, and its fields by name."""
    if source.startswith(_IR_DATASETS):
        yield from _ir_dataset_records(source, fields)
        return
    for file in _files(Path(source)):
        lines = _decoded_lines(file)
        yield from _tsv_records(file, lines, fields) if _kind(file) == ".tsv" else _json_records(file, lines)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder: check --corpus")
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: expected a folder of {', '.join(_KINDS)} files, found it empty: check --corpus")
    for file in files:
        if file.is_dir() or _kind(file) not in _KINDS:
            raise InputError(
                f"{file}: expected a file whose name ends with {', '.join(_KINDS)} (or one of them and .gz): "
                "rename it or take it out of the corpus"
            )
    return files


def _kind(file: Path) -> str:
    name = file.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _decoded_lines(file: Path) -> Iterator[tuple[int, str | BadRecordError]]:
    for number, line in enumerate(read_lines(file), 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as problem:
            reason = f"expected UTF-8, found {problem.object[problem.start : problem.end]!r} at byte {problem.start}"
            yield number, BadRecordError(f"{file}:{number}", f"{reason}: convert the file to UTF-8")
            continue
        if text and not text.isspace():
            yield number, text


def _json_records(file: Path, lines: Iterator[tuple[int, str | BadRecordError]]) -> Iterator[_Record]:
    for number, line in lines:
        where = f"{file}:{number}"
        if isinstance(line, BadRecordError):
            yield where, line
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as problem:
            yield where, BadRecordError(where, f"expected one JSON object per line, found what is not JSON: {problem}")
            continue
        if not isinstance(record, dict):
            found = type(record).__name__
            record = BadRecordError(where, f"expected one JSON object per line, found a JSON {found}")
        yield where, record


def _tsv_records(
    file: Path, lines: Iterator[tuple[int, str | BadRecordError]], fields: Sequence[str]
) -> Iterator[_Record]:
    undecodable: list[tuple[int, BadRecordError]] = []

    def decodable() -> Iterator[tuple[int, str]]:
        for number, line in lines:
            if isinstance(line, BadRecordError):
                undecodable.append((number, line))
            else:
                yield number, line

    names: list[str] | None = None
    for row in read_rows(decodable()):
        yield from ((problem.where, problem) for _, problem in undecodable)
        undecodable.clear()
        where = f"{file}:{row.number}"
        if names is None:
            names = _header(row.fields)
            if names:
                continue
            if fields:
                raise InputError(f"{where}: --fields names columns, but the first line is not a header: {row.fields}")
            names = ["id", "text", "title"]
