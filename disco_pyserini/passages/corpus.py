"""Read corpora, one passage at a time: files, folders, data sets, documentation strings."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.files import exists, write_aside
from disco_pyserini.passages.passage import BadRecordError, OnError, Passage, stop
from disco_pyserini.passages.record_files import ID_NAMES
from disco_pyserini.passages.source import CORPORA, FORMATS, Found, Reading, Source
from disco_pyserini.passages.splitting import Splitter
from disco_pyserini.storage import AnyPath, ObjectPath, open_path

_ONE_PER_LINE = (".jsonl", ".json", ".tsv")
"""Formats with about one passage in each line."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a corpus consists of.

    Attributes:
        name: what was opened.
        sources: its parts, in the order of their names.
        strangers: files in a folder that no reader reads, and other entries that are not files.
    """

    name: str
    sources: Sequence[Source]
    strangers: Sequence[AnyPath] = ()


def read_passages(
    source: str | Path,
    fields: Sequence[str] = (),
    on_error: OnError = stop,
    spell: Callable[[str], str] = str,
    splitter: Splitter | None = None,
) -> Iterator[Passage]:
    """Read a corpus of any size, one passage at a time.

    Args:
        source: a file, a folder of files, ``irds:NAME`` for an ir_datasets data set, or ``pydoc:NAME,…`` for
            documentation strings of Python modules (docs/indexing.md lists the file formats). Files may be gzipped, and
            in an object store (``s3://…``, ``gs://…``). A folder is read with the folders in it, in the order of
            names; names that begin with a dot are left out.
        fields: names of JSON fields or columns whose values are joined to make the text, instead of the usual ones.
        on_error: called with the error of each unusable record, document or file; by default, raises it.
        spell: normalises each id.
        splitter: splits documents into passages; by default into passages of up to 180 words.

    Returns:
        the passages, read lazily.

    Raises:
        BadRecordError: a record without an id or a text, with white space in its id, not JSON, or not UTF-8; a document
            that cannot be read; a file in a folder that no reader reads.
        InputError: the source is unreadable, truncated or of an unknown type, or has no passages.
    """
    return passages_of(open_corpus(source), Reading(fields, on_error, splitter or Splitter()), spell)


def open_corpus(name: str | Path) -> Corpus:
    """Find the parts of a corpus, without reading them; see `read_passages`.

    Raises:
        InputError: there is no such file, folder, data set or module, or the file has an unknown type.
    """
    name = str(name)
    kind, colon, rest = name.partition(":")
    if colon and kind in CORPORA and not exists(name):
        return Corpus(name, CORPORA.get(kind)(rest))
    path = open_path(name)
    if not exists(path):
        raise InputError(f"{path}: no such file or folder: check the path of the corpus")
    if path.is_dir():
        return _folder(path)
    if _suffix(path) not in FORMATS:
        raise InputError(f"{path}: {_expected_suffix()}")
    return Corpus(name, [_file_source(path, path.name, _stamp(path))])


def passages_of(corpus: Corpus, reading: Reading, spell: Callable[[str], str] = str) -> Iterator[Passage]:
    """Read an open corpus; see `read_passages`."""
    for stranger in corpus.strangers:
        reading.on_error(stranger_error(stranger))
    found = False
    for source in corpus.sources:
        for passage in source_passages(source, reading, spell):
            found = True
            yield passage
    if not found:
        raise InputError(f"{corpus.name}: expected at least one passage, found none that can be used")


def source_passages(source: Source, reading: Reading, spell: Callable[[str], str] = str) -> Iterator[Passage]:
    """Read one source of a corpus; see `read_passages`."""
    for where, record in source.read(reading):
        if isinstance(record, Passage):
            yield record
            continue
        try:
            yield Passage(_id(where, record, spell), _text(where, record, reading.fields))
        except BadRecordError as problem:
            reading.on_error(problem)


def stranger_error(path: AnyPath) -> BadRecordError:
    """Return the error of a file in a folder that no reader reads."""
    return BadRecordError(str(path), _expected_suffix())


def count_passages(source: str) -> int | None:
    """Return the approximate number of passages, for progress display; None if counting would take long."""
    if source.startswith("irds:") and not exists(source):
        from disco_pyserini.passages.data_sets import count_documents

        return count_documents(source.removeprefix("irds:"))
    total = 0
    for part in open_corpus(source).sources:
        if part.path is None or part.path.suffix.lower() not in _ONE_PER_LINE:
            return None
        with part.path.open("rb") as content:
            total += sum(block.count(b"\n") for block in iter(partial(content.read, 1 << 20), b""))
    return total


class RejectsFile:
    """An ``on_error`` for `read_passages` that lists bad records in a JSONL file (``where``, ``reason``).

    Use it in a ``with`` block. When the block ends without an error, the file exists if any record was bad.
    """

    def __init__(self, path: AnyPath) -> None:
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


def _folder(folder: AnyPath) -> Corpus:
    sources: list[Source] = []
    strangers: list[AnyPath] = []
    for path, name, stamp in _objects(folder) if isinstance(folder, ObjectPath) else _files(folder):
        if stamp and _suffix(path) in FORMATS:
            sources.append(_file_source(path, name, stamp))
        else:
            strangers.append(path)
    if not sources and not strangers:
        raise InputError(f"{folder}: expected a folder of {', '.join(FORMATS)} files, found nothing in it")
    if not sources:
        raise InputError(f"{folder}: expected a folder of {', '.join(FORMATS)} files, found only others in it")
    return Corpus(str(folder), sources, strangers)


def _files(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield each file, its name in the corpus, and its stamp; an empty one for what is not a readable file."""
    for path in sorted(_entries(folder)):
        try:
            stamp = _stamp(path) if stat.S_ISREG(path.stat().st_mode) else ""
        except OSError:  # a broken link, or removed meanwhile
            stamp = ""
        yield path, path.relative_to(folder).as_posix(), stamp


def _objects(folder: ObjectPath) -> Iterator[tuple[ObjectPath, str, str]]:
    for path, stamp in sorted(folder.files_below(), key=lambda found: found[0].url.split("/")):
        name = path.url.removeprefix(f"{folder.url}/")
        if not any(part.startswith(".") for part in name.split("/")):
            yield path, name, stamp


def _entries(folder: Path) -> Iterable[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in files if not name.startswith("."))


def _stamp(path: AnyPath) -> str:
    if isinstance(path, ObjectPath):
        return path.stamp()
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


def _file_source(path: AnyPath, name: str, stamp: str) -> Source:
    def read(reading: Reading) -> Iterator[Found]:
        yield from FORMATS.get(_suffix(path))(path, name, reading)

    return Source(name, stamp, read, None if isinstance(path, ObjectPath) else path)


def _suffix(file: AnyPath) -> str:
    return Path(file.name.lower().removesuffix(".gz")).suffix


def _expected_suffix() -> str:
    return (
        f"expected a file whose name ends with {', '.join(FORMATS)}, with or without .gz after it: "
        "rename it, or take it out of the corpus"
    )


def _id(where: str, record: Mapping[str, Any], spell: Callable[[str], str]) -> str:
    name = next((name for name in ID_NAMES if name in record), None)
    if name is None:
        raise BadRecordError(where, f"expected an id ({', '.join(ID_NAMES)}), found only: {', '.join(record)}")
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
