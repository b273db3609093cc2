"""The small JSON files of a checkpoint, which other libraries write: each is read in one place, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, ConfigDict, model_validator

from disco_pyserini.errors import InputError
from disco_pyserini.records import Items, Record, read_json

_LONGEST = 1_000_000
"""Tokenizers without a limit name a number far above this."""


def _check_below(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or "\0" in path:
        raise ValueError("expected a folder in this checkpoint")
    return path


type _Folder = Annotated[str, AfterValidator(_check_below)]


class _ForeignRecord(Record):
    model_config = ConfigDict(extra="ignore")


class Module(_ForeignRecord):
    """One entry of a sentence-transformers checkpoint's ``modules.json``."""

    type: str
    path: _Folder


class _Modules(_ForeignRecord):
    modules: Items[Module]


class RouterConfig(_ForeignRecord):
    """``router_config.json``: the type of each module by its folder, and the folders of each route."""

    types: Mapping[_Folder, str]
    structure: Mapping[str, Items[str]]

    @model_validator(mode="after")
    def _check_types(self) -> Self:
        for name in (name for names in self.structure.values() for name in names):
            if name not in self.types:
                raise ValueError(f"expected the type of {name!r} in types")
        return self


class PoolingConfig(_ForeignRecord):
    """The pooling module's ``config.json``."""

    pooling_strategy: str | None = None
    activation_function: str = "relu"


class _EncoderConfig(_ForeignRecord):
    prompts: Mapping[str, str | None] = {}


class Settings(NamedTuple):
    """A sentence-transformers checkpoint's own length in tokens, and the text that it puts before each text."""

    max_length: int | None = None
    prompt: str = ""


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object of a checkpoint; an empty one if there is no such file.

    Raises:
        InputError: it cannot be read, or is not a JSON object.
    """
    found = read_json(path) if path.is_file() else {}
    if not isinstance(found, dict):
        raise InputError(f"{path}: expected a JSON object of a checkpoint, found {found!r:.80}")
    return found


def read_modules(folder: Path) -> tuple[Module, ...]:
    """Read ``modules.json``.

    Raises:
        InputError: it cannot be read, or names no modules.
    """
    path = folder / "modules.json"
    modules = _Modules.check({"modules": read_json(path)}, str(path)).modules
    if not modules:
        raise InputError(f"{path}: expected the modules of a sentence-transformers checkpoint, found none")
    return modules


def read_router(folder: Path) -> RouterConfig:
    """Read ``router_config.json``.

    Raises:
        InputError: it cannot be read, or is not the configuration of a Router.
    """
    path = folder / "router_config.json"
    return RouterConfig.check(read_json(path), str(path))


def read_pooling(folder: Path) -> PoolingConfig:
    """Read the configuration of a pooling module.

    Raises:
        InputError: it cannot be read.
    """
    path = folder / "config.json"
    return PoolingConfig.check(read_json(path), str(path))


def read_settings(folder: Path, model: Path, route: str) -> Settings:
    """Read the settings of a route; a checkpoint of another library has none.

    Args:
        folder: the checkpoint.
        model: the folder of the route's model in it.
        route: ``query`` or ``document``.

    Raises:
        InputError: a file cannot be read.
    """
    if not (folder / "modules.json").is_file():
        return Settings()
    path = folder / "config_sentence_transformers.json"
    config = _EncoderConfig.check(read_object(path), str(path))
    lengths = [
        read_object(model / "sentence_bert_config.json").get("max_seq_length"),
        read_object(model / "tokenizer_config.json").get("model_max_length"),
    ]
    usable = (length for length in lengths if type(length) is int and 3 <= length <= _LONGEST)
    return Settings(next(usable, None), config.prompts.get(route) or "")
