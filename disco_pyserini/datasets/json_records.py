"""Reading JSON files of records strictly, with messages that name the file and the record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.files import open_unpacked, read_lines


@dataclass(frozen=True, slots=True)
class JsonObject:
    """One JSON object, and where it stands."""

    where: str
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A string that is not blank."""
        value = self.field(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "a text that is not empty", value)
        return value

    def optional(self, name: str) -> str | None:
        """A string; None where it is absent, null or blank."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "a text or nothing", value)
        return value if value and value.strip() else None

    def label(self, name: str) -> str:
        """An id: a string without white space, or an integer."""
        value = self.field(name)
        if type(value) is int:
            return str(value)
        if not isinstance(value, str) or value.split() != [value]:
            raise self.wrong(name, "an integer, or a text without white space", value)
        return value

    def number(self, name: str) -> int:
        """An integer, which may be written as a string."""
        value = self.field(name)
        if type(value) is int:
            return value
        if not isinstance(value, str) or not value.strip().isdecimal():
            raise self.wrong(name, "an integer", value)
        return int(value)

    def texts(self, name: str) -> list[str]:
        """A list of strings, which may be empty."""
        value = self.field(name)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(name, "a list of texts", value)
        return value

    def records(self, name: str) -> list[JsonObject]:
        """A list of objects."""
        value = self.field(name)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(name, "a list of objects", value)
        return [JsonObject(f"{self.where}, {name} {number}", one) for number, one in enumerate(value, 1)]

    def wrong(self, name: str, expected: str, found: object) -> InputError:
        """The error that a field is not what it should be."""
        return InputError(f"{self.where}: expected {name!r} to be {expected}, found {found!r:.80}")

    def field(self, name: str) -> Any:
        """A value of any type.

        Raises:
            InputError: there is no such field.
        """
        if name not in self.fields:
            raise InputError(f"{self.where}: expected a field {name!r}, found only: {', '.join(self.fields) or 'none'}")
        return self.fields[name]


def read_array(path: Path) -> Iterator[JsonObject]:
    """Read a file that is one JSON array of objects, one at a time, whatever its size.

    Raises:
        InputError: it is something else.
    """
    import ijson

    number = 0
    with open_unpacked(path) as file:
        try:
            for number, item in enumerate(ijson.items(file, "item", use_float=True), 1):
                where = f"{path}: record {number}"
                if not isinstance(item, dict):
                    raise InputError(f"{where}: expected a JSON object, found {item!r:.80}")
                yield JsonObject(where, item)
        except (ijson.JSONError, UnicodeDecodeError) as problem:
            raise InputError(
                f"{path}: expected one JSON array, found after record {number} what is not: {problem}"
            ) from problem
    if not number:
        raise InputError(f"{path}: expected a JSON array of objects, found none")


def read_objects(path: Path) -> Iterator[JsonObject]:
    """Read a file of one JSON object per line.

    Raises:
        InputError: a line is something else, or there is none.
    """
    found = False
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as problem:
            raise InputError(f"{where}: expected a JSON object, found what is not JSON: {problem}") from problem
        if not isinstance(item, dict):
            raise InputError(f"{where}: expected a JSON object, found {item!r:.80}")
        found = True
        yield JsonObject(where, item)
    if not found:
        raise InputError(f"{path}: expected one JSON object per line, found none")
