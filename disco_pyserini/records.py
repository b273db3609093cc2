"""The base of all records in YAML and JSON files: cards, recipes, training configurations, manifests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from disco_pyserini.errors import InputError
from disco_pyserini.extensions import nearest


class Record(BaseModel):
    """A record with known fields, each of one type: nothing is converted, unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

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
            raise InputError(f"{where}: {_explain(cls, problem.errors()[0])}") from problem


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
    except (yaml.YAMLError, RecursionError) as problem:
        raise InputError(f"{where}: expected YAML: {' '.join(str(problem).split())}") from problem


class _Yaml(yaml.SafeLoader):
    pass


_BOOL = "tag:yaml.org,2002:bool"
_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml.add_implicit_resolver(_BOOL, re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF"))
_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+"), list("-+0123456789")
)


def read_json(path: Path) -> Any:
    """Parse a JSON file.

    Raises:
        InputError: it cannot be read, or is not JSON.
    """
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{path}: expected JSON: {problem}") from problem


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: check the path") from problem
    except UnicodeDecodeError as problem:
        raise InputError(f"{path}: expected UTF-8: {problem}: convert the file to UTF-8") from problem


def _explain(record: type[Record], error: ErrorDetails) -> str:
    """Say what is wrong with a field in our usual form."""
    field = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{field}: unknown field: {nearest(str(error['loc'][-1]), _fields(record, error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{field}: missing"
    reason = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    reason = reason if error["type"] == "value_error" else f"expected {reason}"
    return f"{field}: {reason}, found {error['input']!r:.80}" if field else reason


def _fields(record: type[Record], place: tuple[int | str, ...]) -> list[str]:
    """The names of the fields of a nested record."""
    model: Any = record
    for name in place:
        if isinstance(name, str) and name in model.model_fields:
            annotation = model.model_fields[name].annotation
            model = next(
                (one for one in _types(annotation) if isinstance(one, type) and issubclass(one, BaseModel)), model
            )
    return list(model.model_fields)


def _types(annotation: Any) -> list[Any]:
    inner = getattr(annotation, "__args__", ())
    return [annotation, *(one for each in inner for one in _types(each))]
