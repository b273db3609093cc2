"""Read passages, one at a time, from the common file formats of retrieval corpora."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import read_lines, write_aside
from disco_pyserini.passages.tsv import read_rows

_ID_NAMES = ("id", "docid", "_id")
_KINDS = (".jsonl", ".json", ".tsv")
_IR_DATASETS = "irds:"


@dataclass(frozen=True, slots=True)
class Passage:
    """A unit of retrieval.

    Attributes:
        id: a unique id without white space.
        contents: the text.
    """

    id: str
    contents: str


class BadRecordError(InputError):
    """One record of a corpus is unusable; reading can continue after it."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


type OnError = Callable[[BadRecordError], None]
type _Record = tuple[str, Mapping[str, Any]]


def _stop(problem: BadRecordError) -> NoReturn:
    raise problem


def read_passages(
    source: str | Path, fields: Sequence[str] = (), on_error: OnError = _stop, spell: Callable[[str], str] = str
) -> Iterator[Passage]:
    """Read a corpus of any size, one passage at a time.

    Args:
        source: a JSONL file (``id``, ``docid`` or ``_id``; ``contents``, or ``text`` with an optional ``title``, which
            goes before it), a TSV file (id, text and an optional title, unless a header gives another order; quoted or
            not), either of them optionally gzipped, a folder of such files (read in name order), or ``irds:NAME`` for
            an ir_datasets data set. Empty lines are skipped.
        fields: names of JSON fields or TSV columns whose values are joined to make the text, instead of those above.
        on_error: called with the error of each unusable record; by default, raises it.
        spell: normalises each id.

    Returns:
        the passages, read lazily.

    Raises:
        BadRecordError: a record without an id or a text, with white space in its id, not JSON, or not UTF-8.
        InputError: the source is unreadable, truncated or of an unknown type, or has no passages.
    """
    source = str(source)
    return _passages(source, _records(source, fields, on_error), fields, on_error, spell)


def _passages(
    source: str, records: Iterator[_Record], fields: Sequence[str], on_error: OnError, spell: Callable[[str], str]
) -> Iterator[Passage]:
    found = False
    for where, record in records:
        try:
            passage = Passage(_id(where, record, spell), _text(where, record, fields))
        except BadRecordError as problem:
            on_error(problem)
            continue
        found = True
        yield passage
    if not found:
        raise InputError(f"{source}: expected at least one passage, found none that can be used")


def count_passages(source: str) -> int | None:
    """Return the approximate number of passages, for progress display; None if counting would take long."""
    if source.startswith(_IR_DATASETS):
        count = _ir_dataset(source).docs_count()
        return None if count is None else int(count)
    files = _files(Path(source))
    if any(file.suffix.lower() == ".gz" for file in files):
        return None
    total = 0
    for file in files:
        with file.open("rb") as content:
            total += sum(block.count(b"\n") for block in iter(partial(content.read, 1 << 20), b""))
    return total


class RejectsFile:
    """An ``on_error`` for `read_passages` that lists bad records in a JSONL file (``where``, ``reason``).

    Use it in a ``with`` block. When the block ends without an error, the file exists if any record was bad.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._stack = ExitStack()

    def __call__(self, problem: BadRecordError) -> None:
        if not self.count:
            self._lines = self._stack.enter_context(write_aside(self.path))
        self.count += 1
        self._lines.write(json.dumps({"where": problem.where, "reason": problem.reason}, ensure_ascii=False) + "\n")

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stack.__exit__(*failure)
        if not self.count and failure == (None, None, None):
            self.path.unlink(missing_ok=True)


def _id(where: str, record: Mapping[str, Any], spell: Callable[[str], str]) -> str:
    name = next((name for name in _ID_NAMES if name in record), None)
    if name is None:
        raise BadRecordError(where, f"expected an id ({', '.join(_ID_NAMES)}), found only: {', '.join(record)}")
    value = record[name]
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value:
        raise BadRecordError(where, f"expected {name} to be a string that is not empty, found {value!r:.80}")
    value = spell(value)
    if value.split() != [value]:
        raise BadRecordError(
            where,
            f"expected an id without white space, which would break TREC run files, found {value!r:.80}: replace it",
        )
    return _encodable(where, value)


def _text(where: str, record: Mapping[str, Any], fields: Sequence[str]) -> str:
    names = fields or (("contents",) if "contents" in record else ("title", "text"))
    values = []
    for name in names:
        value = record.get(name)
        if not fields and name == "title" and value is None:
            continue
        if name not in record:
            wanted = "the fields that were asked for" if fields else "contents or text"
            raise BadRecordError(where, f"expected {wanted}, found no {name!r} among: {', '.join(record)}")
        if value is not None and not isinstance(value, str):
            raise BadRecordError(where, f"expected {name} to be a string, found {type(value).__name__}")
        if value:
            values.append(value)
    text = " ".join(values)
    if not text.strip():
        raise BadRecordError(where, f"expected a text in {' + '.join(names)}, found it empty")
    return _encodable(where, text)


def _encodable(where: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        found = ascii(text[problem.start : problem.end])
        raise BadRecordError(where, f"expected Unicode text, found half a character ({found}): repair it") from problem
    return text


def _records(source: str, fields: Sequence[str], on_error: OnError) -> Iterator[_Record]:
    """Return the location and the fields of each record. A source that cannot be opened raises immediately."""
    if source.startswith(_IR_DATASETS):
        return _ir_dataset_records(source, _ir_dataset(source), fields)
    readers = [(_tsv_records if _kind(file) == ".tsv" else _json_records, file) for file in _files(Path(source))]
    return chain.from_iterable(read(file, fields, on_error) for read, file in readers)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder: check the path of the corpus")
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: expected a folder of {', '.join(_KINDS)} files, found nothing in it")
    for file in files:
        if file.is_dir() or _kind(file) not in _KINDS:
            raise InputError(
                f"{file}: expected a file whose name ends with {', '.join(_KINDS)}, with or without .gz after it: "
                "rename it, or take it out of the corpus"
            )
    return files


def _kind(file: Path) -> str:
    return Path(file.name.lower().removesuffix(".gz")).suffix


def _decoded_lines(file: Path, on_error: OnError) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(read_lines(file), 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as problem:
            found = f"{problem.object[problem.start : problem.end]!r} at byte {problem.start} of the line"
            on_error(BadRecordError(f"{file}:{number}", f"expected UTF-8, found {found}: convert the file to UTF-8"))
            continue
        yield number, text


def _json_records(file: Path, fields: Sequence[str], on_error: OnError) -> Iterator[_Record]:
    for number, line in _decoded_lines(file, on_error):
        if not line.strip():
            continue
        where = f"{file}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as problem:
            on_error(BadRecordError(where, f"expected one JSON object per line, found what is not JSON: {problem}"))
            continue
        if isinstance(record, dict):
            yield where, record
        else:
            kind = type(record).__name__
            on_error(BadRecordError(where, f"expected one JSON object per line, found a JSON value of type {kind}"))


def _tsv_records(file: Path, fields: Sequence[str], on_error: OnError) -> Iterator[_Record]:
    names: Sequence[str] = ()
    for row in read_rows(_decoded_lines(file, on_error)):
        if not "".join(row.fields).strip() and not row.problem:
            continue
        if not names:
            is_header = any(map(row.fields.__contains__, _ID_NAMES)) and any(
                map(row.fields.__contains__, fields or ("contents", "text"))
            )
            names = row.fields if is_header else ("id", "text", "title")
            if is_header:
                continue
        where = f"{file}:{row.number}"
        expected = "<TAB>".join(names)
        if row.problem:
            on_error(BadRecordError(where, f"expected {expected}, found that {row.problem}"))
        elif not 2 <= len(row.fields) <= len(names):
            found = f"{len(row.fields)} columns"
            on_error(BadRecordError(where, f"expected {expected}, found {found}: replace tabs inside a text by spaces"))
        else:
            yield where, dict(zip(names, row.fields, strict=False))


def _ir_dataset_records(source: str, dataset: Any, fields: Sequence[str]) -> Iterator[_Record]:
    documents = dataset.docs_iter()
    number = 0
    while True:
        try:
            document = next(documents, None)
        except Exception as problem:  # ir_datasets passes on any parser or download error
            raise DiscoError(f"{source}: ir_datasets failed after {number:,} passages: {problem}") from problem
        if document is None:
            return
        number += 1
        record = document._asdict() if fields else {"text": document.default_text()}
        yield f"{source}, passage {number}", {**record, "id": document.doc_id}


def _ir_dataset(source: str) -> Any:
    try:
        import ir_datasets
    except ImportError as problem:
        raise InputError(f"{source}: this needs ir_datasets: pip install ir_datasets") from problem
    try:
        dataset = ir_datasets.load(source.removeprefix(_IR_DATASETS))
    except KeyError as problem:
        raise InputError(f"{source}: ir_datasets knows no such data set: see https://ir-datasets.com") from problem
    if not dataset.has_docs():
        raise InputError(f"{source}: this data set of ir_datasets has no documents: name the one it belongs to")
    return dataset
