"""Read JSON records strictly, with error messages that name the file and the record."""

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
    """One JSON object and its location."""

    where: str
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a string that is not blank."""
        value = self.field(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "a text that is not empty", value)
        return value

    def optional(self, name: str) -> str | None:
        """Return a string, or None if it is missing, null or blank."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "a text or nothing", value)
        return value if value and value.strip() else None

    def label(self, name: str) -> str:
        """Return an id: a string without white space, or an integer."""
        value = self.field(name)
        if type(value) is int:
            return str(value)
        if not isinstance(value, str) or value.split() != [value]:
            raise self.wrong(name, "an integer, or a text without white space", value)
        return value

    def number(self, name: str) -> int:
        """Return an integer, which may be stored as a string."""
        value = self.field(name)
        if type(value) is int:
            return value
        if not isinstance(value, str) or not value.strip().isdecimal():
            raise self.wrong(name, "an integer", value)
        return int(value)

    def texts(self, name: str) -> list[str]:
        """Return a list of strings, which may be empty."""
        value = self.field(name)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(name, "a list of texts", value)
        return value

    def records(self, name: str) -> list[JsonObject]:
        """Return a list of objects."""
        value = self.field(name)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(name, "a list of objects", value)
        return [JsonObject(f"{self.where}, {name} {number}", one) for number, one in enumerate(value, 1)]

    def wrong(self, name: str, expected: str, found: object) -> InputError:
        """Return the error for a field with an unexpected value."""
        return InputError(f"{self.where}: expected {name!r} to be {expected}, found {found!r:.80}")

    def field(self, name: str) -> Any:
        """Return a value of any type.

        Raises:
            InputError: the field is missing.
        """
        if name not in self.fields:
            raise InputError(f"{self.where}: expected a field {name!r}, found only: {', '.join(self.fields) or 'none'}")
        return self.fields[name]


def read_array(path: Path) -> Iterator[JsonObject]:
    """Read a JSON array of objects from a file of any size, one object at a time.

    Raises:
        InputError: the file is not such an array, or the array is empty.
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
        InputError: a line is not a JSON object, or the file has none.
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
