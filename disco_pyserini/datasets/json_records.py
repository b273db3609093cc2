"""Read JSON records strictly, with error messages that name the file and the record."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.files import open_unpacked, read_text_lines


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
    from ijson.common import ObjectBuilder

    number, depth, builder = 0, 0, ObjectBuilder()
    with open_unpacked(path) as file:
        try:
            for event, value in json_events(file, DEEPEST):
                if depth == 0:
                    if event != "start_array":
                        raise ValueError(f"{event.removeprefix('start_')} in place of an array")
                    depth = 1
                    continue
                depth += event.startswith("start_") - event.startswith("end_")
                if depth == 0:
                    continue
                builder.event(event, value)
                if depth == 1:
                    number += 1
                    where = f"{path}: record {number}"
                    if not isinstance(builder.value, dict):
                        raise InputError(f"{where}: expected a JSON object, found {builder.value!r:.80}")
                    yield JsonObject(where, builder.value)
                    builder = ObjectBuilder()
        except ValueError as problem:
            raise InputError(
                f"{path}: expected one JSON array, found after record {number} what is not: {problem}"
            ) from problem
    if not number:
        raise InputError(f"{path}: expected a JSON array of objects, found none")


DEEPEST = 100
"""How deeply the JSON of a collection may be nested."""


def json_events(file: io.BufferedIOBase, deepest: int) -> Iterator[tuple[str, Any]]:
    """Yield the events of a JSON file of any size, as ``ijson.basic_parse`` does.

    ijson itself needs time that is quadratic in the depth, and crashes if it is very deep.

    Raises:
        ValueError: the file is not JSON, or is nested more deeply than ``deepest``.
    """
    import ijson

    depth = 0
    try:
        for event, value in ijson.basic_parse(file, use_float=True):
            if event in ("start_map", "start_array"):
                depth += 1
                if depth > deepest:
                    raise ValueError(f"nested more than {deepest} deep")
            elif event in ("end_map", "end_array"):
                depth -= 1
            yield event, value
    except ijson.JSONError as problem:
        # The parser's message has a second line with an arrow to the position, and may contain non-UTF-8 bytes.
        reason = " ".join(str(problem).partition("(right here)")[0].replace("\\n", " ").split())
        raise ValueError(reason) from problem


# JSON can escape half of a character (a surrogate), which no file can be written with.
_HALF = re.compile("[\\ud800-\\udfff]")


def read_objects(path: Path) -> Iterator[JsonObject]:
    """Read a file of one JSON object per line.

    Raises:
        InputError: a line is not a JSON object, or the file has none.
    """
    found = False
    for number, line in read_text_lines(path):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as problem:
            raise InputError(f"{where}: expected a JSON object, found what is not JSON: {problem}") from problem
        if not isinstance(item, dict):
            raise InputError(f"{where}: expected a JSON object, found {item!r:.80}")
        if "\\u" in line and (half := _HALF.search(json.dumps(item, ensure_ascii=False))):
            raise InputError(f"{where}: expected Unicode text, found half a character ({half[0]!r}): repair it")
        found = True
        yield JsonObject(where, item)
    if not found:
        raise InputError(f"{path}: expected one JSON object per line, found none")
