"""Recipes: one YAML file per collection, with commands and their expected scores (docs/reproduction.md)."""

from __future__ import annotations

import importlib.resources
import os.path
import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from disco_pyserini.cards import cards
from disco_pyserini.datasets.resources import data_folder
from disco_pyserini.errors import InputError
from disco_pyserini.evaluation import DEFAULT_MEASURES
from disco_pyserini.evaluation.measure_names import parse_measures
from disco_pyserini.extensions import nearest
from disco_pyserini.records import FileName, Items, Record, Text, read_yaml

DEFAULT_TOLERANCE = 0.0005
"""Pyserini's tolerance; also the rounding error of scores with three decimals."""

COMMON_PLACEHOLDERS = ("data", "output", "collection", "encoders", "dataset", "query")
CONDITION_PLACEHOLDERS = (*COMMON_PLACEHOLDERS, "condition", "run", "flops")
PLACEHOLDER = re.compile(r"\{(\w+)\}")

type Words = tuple[str, ...]


def _check_placeholders(text: str, known: Collection[str] = COMMON_PLACEHOLDERS) -> str:
    for name in PLACEHOLDER.findall(text):
        if name not in known:
            raise ValueError(f"unknown placeholder {{{name}}}: {nearest(name, known)}")
    return text


def _check_output(path: str) -> str:
    if not path.startswith("{output}/") or ".." in Path(path).parts:
        raise ValueError("expected a path that starts with {output}/")
    return path


def _split(command: object) -> object:
    """Split a text as a shell would; return a list of arguments unchanged."""
    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as problem:
        raise ValueError(f"cannot be split into arguments ({problem}): check the quotes") from problem
    if not isinstance(words, list) or not words:
        raise ValueError("expected a command, as text or as a list of arguments")
    return words


def _check_command(command: Words, known: Collection[str], output: str) -> Words:
    for word in command:
        _check_placeholders(word, known)
    if not any(output in word for word in command):
        raise ValueError(f"expected {output} among its arguments, since that is what it has to write")
    return command


def _check_measures(measures: Words) -> Words:
    try:
        parse_measures(measures)
    except InputError as problem:
        raise ValueError(str(problem)) from problem
    return measures


def _check_distinct[Entry: Record](entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Refuse duplicate entries; the first field identifies an entry."""
    seen = set()
    for entry in entries:
        field, name = next(iter(entry))
        if name in seen:
            raise ValueError(f"duplicate {field} {name!r}: make them differ")
        seen.add(name)
    return entries


type Template = Annotated[Text, AfterValidator(_check_placeholders)]
type Command = Annotated[Items[str], BeforeValidator(_split)]
type YesNo = Annotated[bool, BeforeValidator(lambda given: {"yes": True, "no": False}.get(str(given), given))]
type Distinct[Entry: Record] = Annotated[Items[Entry], AfterValidator(_check_distinct)]
type Number = Annotated[float, Field(ge=0)]


class Step(Record):
    """A command that makes one file or folder, ``output``, for other commands.

    ``needs`` are files that must exist before it runs, or ``model:ID`` for weights from the model hub. A command that
    ``resumes`` continues its interrupted output; other commands start again from nothing.
    """

    output: Annotated[Template, AfterValidator(_check_output)]
    command: Command
    needs: Items[Template] = ()
    resumes: YesNo = False

    @field_validator("command")
    @classmethod
    def _check(cls, command: Words, info: ValidationInfo) -> Words:
        return _check_command(command, COMMON_PLACEHOLDERS, info.data.get("output", ""))


class Dataset(Record):
    """The judgments for evaluation. ``turns`` gives the turn of each query; without it, query ids end in the turn.

    ``queries`` is the number of queries that ``qrels`` judges, if known.
    """

    name: FileName
    qrels: Template
    turns: Template | None = None
    queries: Annotated[int, Field(ge=1)] | None = None


class _Expectation(Record):
    """The expected scores of a condition on a data set, as written in the file."""

    dataset: Text
    scores: Items[Annotated[dict[str, float], Field(min_length=1)]] = ()
    source: Text | None = None
    measured: Text | None = None
    card: Text | None = None
    published: YesNo | None = None
    tolerance: Number | None = None

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        sources = ("source", "measured", "card", "published")
        given = [name for name in sources if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                "expected one of source (where the scores were published), measured (with what), card (whose scores "
                f"these are) and published: no, found {' and '.join(given) or 'none'}"
            )
        if self.published or (self.published is False and self.scores):
            raise ValueError("published: expected no, without scores; published scores have their source")
        if self.card and self.scores:
            raise ValueError("scores: expected none beside card, which has its own")
        if given[0] in {"source", "measured"} and not self.scores:
            raise ValueError("scores: missing")
        return self


class _Condition(Record):
    """A condition, as written in the file."""

    name: FileName
    display: Text | None = None
    query: str = ""
    command: Command
    needs: Items[Template] = ()
    flops: Command | None = None
    datasets: Annotated[Distinct[_Expectation], Field(min_length=1)]

    @field_validator("command", "flops")
    @classmethod
    def _check(cls, command: Words | None, info: ValidationInfo) -> Words | None:
        output = "{flops}" if info.field_name == "flops" else "{run}"
        return command and _check_command(command, CONDITION_PLACEHOLDERS, output)

    @model_validator(mode="after")
    def _check_query(self) -> Self:
        if not self.query and any("{query}" in word for word in (*self.command, *(self.flops or ()))):
            raise ValueError("query: missing: the condition's commands use {query}")
        return self


class _RecipeFile(Record):
    collection: FileName
    title: Text | None = None
    about: str = ""
    data: str = ""
    get: Text | None = None
    measures: Annotated[Items[Text], AfterValidator(_check_measures)] = DEFAULT_MEASURES
    tolerance: Number = DEFAULT_TOLERANCE
    baseline: str | None = None
    datasets: Annotated[Distinct[Dataset], Field(min_length=1)]
    prepare: Distinct[Step] = ()
    conditions: Annotated[Distinct[_Condition], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected scores of a condition on a data set, and their source. Empty if none are published."""

    dataset: str
    scores: Mapping[str, float]
    source: str
    tolerance: float


@dataclass(frozen=True, slots=True)
class Condition:
    """A system with a query form: the command that writes its run, and its expected scores."""

    name: str
    display: str
    command: Words
    expected: tuple[Expected, ...]
    query: str = ""
    needs: tuple[str, ...] = ()
    flops: Words | None = None

    @property
    def label(self) -> str:
        """The name shown to users."""
        return f"{self.display} · {self.query}" if self.query else self.display


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe. ``data`` is the folder of the collection's files, ``get`` the command that fetches them."""

    path: Path
    collection: str
    title: str
    about: str
    data: Path
    get: str
    measures: tuple[str, ...]
    baseline: str
    datasets: tuple[Dataset, ...]
    prepare: tuple[Step, ...]
    conditions: tuple[Condition, ...]


def recipes_folder() -> Path:
    """Return the installed ``runs/`` folder."""
    return Path(str(importlib.resources.files("disco_pyserini.runs")))


def installed_recipes() -> dict[str, Path]:
    """Return the recipe files that come with the package, by collection."""
    return {path.stem: path for path in sorted(recipes_folder().glob("*.yaml"))}


def find_recipe(name: str) -> Recipe:
    """Read an installed recipe by collection name, or any recipe by path.

    Raises:
        InputError: the recipe does not exist or is invalid.
    """
    if name.endswith((".yaml", ".yml")):
        return read_recipe(Path(name))
    installed = installed_recipes()
    if name not in installed:
        raise InputError(
            f"no recipe for {name!r}: {nearest(name, installed)}; a recipe of your own is named by its file (….yaml)"
        )
    return read_recipe(installed[name])


def read_recipe(path: Path) -> Recipe:
    """Read a recipe and check it.

    Raises:
        InputError: the recipe is invalid; the message names the file, condition and field, and suggests a known name.
    """
    fields = read_yaml(path)
    if isinstance(fields, dict):
        fields = {"collection": path.stem, **fields}
    file = _RecipeFile.check(fields, str(path))
    names = [condition.name for condition in file.conditions]
    if file.baseline is not None:
        _check_known(f"{path}: baseline", "condition", file.baseline, names)
    return Recipe(
        path=path,
        collection=file.collection,
        title=file.title or file.collection,
        about=file.about,
        data=Path(os.path.normpath(path.parent / file.data)) if file.data else data_folder(file.collection),
        get=file.get or f"disco data get {file.collection}",
        measures=file.measures,
        baseline=file.baseline or names[0],
        datasets=file.datasets,
        prepare=file.prepare,
        conditions=tuple(_condition(each, file, f"{path}: conditions[{each.name}]") for each in file.conditions),
    )


def _condition(condition: _Condition, file: _RecipeFile, where: str) -> Condition:
    return Condition(
        name=condition.name,
        display=condition.display or condition.name,
        command=condition.command,
        expected=tuple(_expected(each, file, f"{where}.datasets[{each.dataset}]") for each in condition.datasets),
        query=condition.query,
        needs=condition.needs,
        flops=condition.flops,
    )


def _expected(entry: _Expectation, file: _RecipeFile, where: str) -> Expected:
    _check_known(f"{where}.dataset", "data set", entry.dataset, [dataset.name for dataset in file.datasets])
    if entry.card is not None:
        scores, source = _card_scores(entry.card, file, f"{where}.card")
    else:
        scores = {measure: score for group in entry.scores for measure, score in group.items()}
        source = entry.source or (f"measured with {entry.measured}" if entry.measured else "")
    for measure in scores:
        _check_known(f"{where}.scores", "measure", measure, file.measures)
    tolerance = file.tolerance if entry.tolerance is None else entry.tolerance
    return Expected(dataset=entry.dataset, scores=scores, source=source, tolerance=tolerance)


def _card_scores(name: str, file: _RecipeFile, where: str) -> tuple[Mapping[str, float], str]:
    _check_known(where, "card", name, cards())
    for published in cards()[name].scores:
        if published.collection == file.collection:
            scores = {name: published.measures[name] for name in file.measures if name in published.measures}
            return scores, published.source
    raise InputError(f"{where}: the card {name} has no scores for {file.collection}")


def _check_known(where: str, kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise InputError(f"{where}: unknown {kind} {name!r}: {nearest(name, known)}")
