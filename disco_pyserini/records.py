"""The base of all records in YAML and JSON files: cards, recipes, training configurations, manifests."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from disco_pyserini.errors import InputError
from disco_pyserini.extensions import nearest
from disco_pyserini.storage import AnyPath


class Record(BaseModel):
    """A record with known fields, each of one type: nothing is converted, unknown fields are refused.

    A validator says what is wrong with a `ValueError`. If its message begins with "expected", the value that was found
    is added to it.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @classmethod
    def check(cls, fields: object, where: str) -> Self:
        """Build from parsed YAML or JSON.

        Raises:
            InputError: a field is missing, unknown or of the wrong type; the message names the field, says where it
                was found, and suggests the nearest known field.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as problem:
            raise InputError(f"{where}: {_explain(cls, fields, problem.errors())}") from problem


type Items[T] = Annotated[tuple[T, ...], Strict(False)]
"""A list in the file, a tuple in the record."""

type Text = Annotated[str, Field(min_length=1)]
"""Text that is not empty."""


def _check_name(name: str) -> str:
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise ValueError("expected a name of letters, digits and . + - _, without a folder")
    return name


type FileName = Annotated[str, AfterValidator(_check_name)]
"""A name that can be part of a file's name, and never leads to another folder."""


def built(kind: type[Any]) -> BeforeValidator:
    """For a field that holds a dataclass which checks its own values: build it from a mapping of its fields."""

    def build(value: object) -> object:
        known = [field.name for field in fields_of(kind)]
        if isinstance(value, kind):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(f"expected fields such as {known[0]}")
        for name in value:
            if name not in known:
                raise ValueError(f"unknown field {name!r}: {nearest(str(name), known)}")
        try:
            return kind(**value)
        except InputError as problem:
            raise ValueError(str(problem)) from problem

    return BeforeValidator(build)


def only(known: int | str) -> AfterValidator:
    """For the field with a file's format or its version: another one is refused, whatever the other fields are."""

    def check(found: int | str) -> int | str:
        if found != known:
            raise PydanticCustomError(
                _OTHER_FORMAT,
                "expected {known}, found {found}: update disco-pyserini if a later version wrote the file",
                {"known": repr(known), "found": f"{found!r:.80}"},
            )
        return found

    return AfterValidator(check)


_OTHER_FORMAT = "other_format"


def read_yaml(path: Path) -> Any:
    """Parse a YAML file; see `parse_yaml`.

    Raises:
        InputError: it cannot be read, or is not YAML.
    """
    return parse_yaml(_text(path), str(path))


def parse_yaml(text: str, where: str) -> Any:
    """Parse YAML with numbers and truth values as in YAML 1.2: ``2e-5`` is a number, ``no`` is a text.

    Raises:
        InputError: it is not YAML.
    """
    try:
        return yaml.load(text, _Yaml)
    # PyYAML checks no tagged value (`!!int x`) and no date before it converts it.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as problem:
        raise InputError(f"{where}: expected YAML: {' '.join(str(problem).split())}") from problem


class _Yaml(yaml.SafeLoader):
    """Refuses what is nested too deeply, which takes PyYAML seconds to fail on, and control characters.

    YAML has escapes for them (``"\\e"``), but no terminal, no page and no file of ours could show them.
    """

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise yaml.YAMLError(f"nested more than {_DEEPEST} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_scalar(self, node: Any) -> Any:
        text = super().construct_scalar(node)
        if found := _CONTROL.search(text):
            raise yaml.YAMLError(f"expected text without control characters, found {found[0]!r} in {text!r:.80}")
        return text


_DEEPEST = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


_BOOL = "tag:yaml.org,2002:bool"
_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml.add_implicit_resolver(_BOOL, re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF"))
_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+"), list("-+0123456789")
)


def read_json(path: AnyPath) -> Any:
    """Parse a JSON file.

    Raises:
        InputError: it cannot be read, or is not JSON.
    """
    return parse_json(_text(path), str(path))


def parse_json(text: str | bytes, where: str) -> Any:
    """Parse JSON.

    Raises:
        InputError: it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{where}: expected JSON: {problem}") from problem


def _text(path: AnyPath) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: check the path") from problem
    except UnicodeDecodeError as problem:
        raise InputError(f"{path}: expected UTF-8: {problem}: convert the file to UTF-8") from problem
    except ValueError as problem:  # a null character in the path
        raise InputError(f"{str(path)!r}: cannot be read: {problem}: check the path") from problem


_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "fields",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "more than {gt:,.12g}",
    "greater_than_equal": "at least {ge:,.12g}",
    "int_type": "an integer",
    "less_than": "less than {lt:,.12g}",
    "less_than_equal": "at most {le:,.12g}",
    "list_type": "a list",
    "string_pattern_mismatch": "text like {pattern}",
    "string_too_short": "text that is not empty",
    "string_type": "text",
    "too_short": "at least {min_length} of them",
    "tuple_type": "a list",
}
"""What a value should have been, by pydantic's name of the error. Others are described in pydantic's own words."""

_FIRST = (_OTHER_FORMAT, "extra_forbidden")


def _explain(record: type[BaseModel], fields: object, errors: list[ErrorDetails]) -> str:
    """Say what is wrong with the first field that is wrong, in our usual form."""
    # Another format has other fields; a misspelt field is unknown, and the right one is missing: the first says more.
    error = min(errors, key=lambda each: _FIRST.index(each["type"]) if each["type"] in _FIRST else len(_FIRST))
    place, owner = _place(record, fields, error)
    at = f"{place}: " if place else ""
    if error["type"] in {"extra_forbidden", "invalid_key"}:
        return f"{at}unknown field: {nearest(str(error['loc'][-1]), owner.model_fields)}"
    if error["type"] == "missing":
        return f"{at}missing"
    reasons = [_reason(each, owner) for each in errors if _place(record, fields, each)[0] == place]
    reason = " or ".join(dict.fromkeys(reasons)).replace(" or expected ", " or ")  # several: those of a union
    if not reason.startswith("expected") or ", found " in reason:
        return at + reason
    return f"{at}{reason}, found {_REPR.repr(error['input']):.80}"


def _reason(error: ErrorDetails, owner: type[BaseModel]) -> str:
    if error["type"] in {"value_error", _OTHER_FORMAT}:
        return error["msg"].removeprefix("Value error, ")
    if error["type"] == "model_type":
        return f"expected fields such as {next(iter(owner.model_fields))}"
    if error["type"] in _EXPECTED:
        return f"expected {_EXPECTED[error['type']].format_map(error.get('ctx', {}))}"
    return f"expected {error['msg'].removeprefix('Input should be ')}"


def _place(record: type[BaseModel], fields: object, error: ErrorDetails) -> tuple[str, type[BaseModel]]:
    """Where in a file an error is, ``conditions[NAME].command`` for example, and the record that has the field."""
    place, value, owner, inner = "", fields, record, record
    last = len(error["loc"]) if error["type"] in {"missing", "invalid_key"} else 0  # the field is not in the file
    for number, step in enumerate(error["loc"], 1):
        if isinstance(value, list | tuple) and isinstance(step, int):
            value = value[step]
            place += f"[{_title(inner, value, step + 1)}]"
        elif isinstance(value, Mapping) and (step in value or number == last):
            owner = inner
            inner = _record_in(owner, step)
            value = value.get(step)
            place += f".{step}"
        # Any other step names a member of a union, not a place.
    return place.removeprefix("."), inner if error["type"] == "model_type" else owner


def _title(record: type[BaseModel], item: object, number: int) -> str:
    """An item of a list is named by its first field, or else by its number."""
    title = item.get(next(iter(record.model_fields))) if isinstance(item, Mapping) else None
    return f"{title:.80}" if isinstance(title, str) else str(number)


def _record_in(record: type[BaseModel], field: object) -> type[BaseModel]:
    """The record, or the list of records, that a field holds; the record itself if it holds neither."""
    known = record.model_fields.get(str(field))
    return (record_in(known.annotation) if known else None) or record


def record_in(annotation: Any) -> type[BaseModel] | None:
    """Return the record in a field's type: the record itself, or that of a list; None if there is none."""
    types = (each for each in _types(annotation) if isinstance(each, type))
    return next((each for each in types if issubclass(each, BaseModel)), None)


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _types(inner)


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 80  # YAML's aliases can make a short file a huge structure
