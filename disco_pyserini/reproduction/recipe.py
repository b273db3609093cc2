"""Recipes: one YAML file per collection that says which commands give which scores (docs/reproduction.md)."""

from __future__ import annotations

import importlib.resources
import os.path
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from disco_pyserini.cards import cards
from disco_pyserini.datasets.resources import data_folder
from disco_pyserini.errors import InputError
from disco_pyserini.evaluation import DEFAULT_MEASURES

DEFAULT_TOLERANCE = 0.0005
"""Pyserini's, and what rounding to three decimals hides."""

COMMON_PLACEHOLDERS = ("data", "output", "collection", "encoders", "dataset", "query")
CONDITION_PLACEHOLDERS = (*COMMON_PLACEHOLDERS, "condition", "run", "flops")

_RECIPE = (
    "collection",
    "title",
    "about",
    "data",
    "get",
    "measures",
    "tolerance",
    "baseline",
    "datasets",
    "prepare",
    "conditions",
)
_DATASET = ("name", "qrels", "turns", "queries")
_STEP = ("output", "command", "needs", "resumes")
_CONDITION = ("name", "display", "query", "command", "needs", "flops", "datasets")
_EXPECTED = ("dataset", "scores", "source", "measured", "card", "published", "tolerance")

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A command that makes one file or folder, ``output``, for others to use.

    ``needs`` are files that must be there before, or ``model:ID`` for weights of the model hub. A command that
    ``resumes`` continues what an interrupted one left; of any other, the leavings are deleted.
    """

    output: str
    command: Command
    needs: tuple[str, ...] = ()
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class Dataset:
    """What runs are judged by. ``turns`` has the turn of each query; without it, query ids end in the turn.

    ``queries`` is how many queries ``qrels`` judges, where that is known.
    """

    name: str
    qrels: str
    turns: str | None = None
    queries: int | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a condition should score on a data set, and who says so. No scores: nobody published any."""

    dataset: str
    scores: Mapping[str, float]
    source: str
    tolerance: float


@dataclass(frozen=True, slots=True)
class Condition:
    """A system that reads a form of the query: the command that writes its run, and what it should score."""

    name: str
    display: str
    command: Command
    expected: tuple[Expected, ...]
    query: str = ""
    needs: tuple[str, ...] = ()
    flops: Command | None = None

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.display} · {self.query}" if self.query else self.display


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe. ``data`` is the folder of the collection's files, ``get`` the command that fetches them."""

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
    """The files of the recipes that come with the package, by collection."""
    return {path.stem: path for path in sorted(recipes_folder().glob("*.yaml"))}


def find_recipe(name: str) -> Recipe:
    """Read an installed recipe by the name of its collection, or any recipe by the path of its file.

    Raises:
        InputError: there is none, or it is not valid.
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
        InputError: the file is no recipe; the message names the file, the condition, the field, and the nearest known.
    """
    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: check the path") from problem
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise InputError(f"{path}: expected YAML: {' '.join(str(problem).split())}") from problem
    top = _Fields(record, str(path), _RECIPE)
    collection = top.text("collection", path.stem)
    measures = tuple(top.texts("measures", DEFAULT_MEASURES))
    tolerance = top.number("tolerance", DEFAULT_TOLERANCE)
    folder = top.text("data", "")
    datasets = tuple(_dataset(entry) for entry in top.entries("datasets", "name", _DATASET))
    scoring = _Scoring(collection, measures, tolerance, tuple(dataset.name for dataset in datasets))
    prepare = tuple(_step(entry) for entry in top.entries("prepare", "output", _STEP, required=False))
    conditions = tuple(_condition(entry, scoring) for entry in top.entries("conditions", "name", _CONDITION))
    names = [condition.name for condition in conditions]
    recipe = Recipe(
        path=path,
        collection=collection,
        title=top.text("title", collection),
        about=top.text("about", ""),
        data=Path(os.path.normpath(path.parent / folder)) if folder else data_folder(collection),
        get=top.text("get", f"disco data get {collection}"),
        measures=measures,
        baseline=top.one_of("baseline", names, names[0]),
        datasets=datasets,
        prepare=prepare,
        conditions=conditions,
    )
    return recipe


@dataclass(frozen=True, slots=True)
class _Scoring:
    """What the scores of a condition are checked against."""

    collection: str
    measures: tuple[str, ...]
    tolerance: float
    datasets: tuple[str, ...]


def _dataset(entry: _Fields) -> Dataset:
    dataset = Dataset(
        name=entry.name("name"),
        qrels=entry.template("qrels", COMMON_PLACEHOLDERS),
        turns=entry.template("turns", COMMON_PLACEHOLDERS) if entry.has("turns") else None,
        queries=int(entry.number("queries", 0)) or None,
    )
    return dataset


def _step(entry: _Fields) -> Step:
    output = entry.template("output", COMMON_PLACEHOLDERS)
    if not output.startswith("{output}/") or ".." in Path(output).parts:
        raise entry.error("output", f"expected a path that starts with {{output}}/, found {output!r}")
    step = Step(
        output=output,
        command=entry.command("command", COMMON_PLACEHOLDERS, output),
        needs=tuple(entry.templates("needs", COMMON_PLACEHOLDERS)),
        resumes=entry.truth("resumes", False),
    )
    return step


def _condition(entry: _Fields, scoring: _Scoring) -> Condition:
    name = entry.name("name")
    condition = Condition(
        name=name,
        display=entry.text("display", name),
        command=entry.command("command", CONDITION_PLACEHOLDERS, "{run}"),
        expected=tuple(_expected(each, scoring) for each in entry.entries("datasets", "dataset", _EXPECTED)),
        query=entry.text("query", ""),
        needs=tuple(entry.templates("needs", COMMON_PLACEHOLDERS)),
        flops=entry.command("flops", CONDITION_PLACEHOLDERS, "{flops}") if entry.has("flops") else None,
    )
    if not condition.query and any("{query}" in word for word in (*condition.command, *(condition.flops or ()))):
        raise entry.error("query", "missing: the condition's commands use {query}")
    return condition


def _expected(entry: _Fields, scoring: _Scoring) -> Expected:
    given = [name for name in ("source", "measured", "card", "published") if entry.has(name)]
    if len(given) != 1:
        raise entry.error(
            "source",
            "expected one of source (where the scores were published), measured (with what), card (whose scores these "
            f"are) and published: no, found {' and '.join(given) or 'none'}",
        )
    scores: Mapping[str, float] = {}
    source = ""
    if given == ["published"]:
        if entry.truth("published", False) or entry.has("scores"):
            raise entry.error("published", "expected no, without scores; published scores have their source")
    elif given == ["card"]:
        scores, source = _card_scores(entry, scoring)
    else:
        scores = entry.scores("scores", scoring.measures)
        text = entry.text(given[0])
        source = text if given == ["source"] else f"measured with {text}"
    expected = Expected(
        dataset=entry.one_of("dataset", scoring.datasets),
        scores=scores,
        source=source,
        tolerance=entry.number("tolerance", scoring.tolerance),
    )
    return expected


def _card_scores(entry: _Fields, scoring: _Scoring) -> tuple[Mapping[str, float], str]:
    name = entry.one_of("card", list(cards()))
    for score in cards()[name].scores:
        if score["collection"] == scoring.collection:
            return {measure: score[measure] for measure in scoring.measures if measure in score}, str(score["source"])
    raise entry.error("card", f"the card {name} has no scores for {scoring.collection}")


class _Fields:
    """A mapping of a recipe, all fields of which are known."""

    def __init__(self, record: Any, where: str, known: Sequence[str]) -> None:
        if not isinstance(record, dict):
            raise InputError(f"{where}: expected fields such as {known[0]}, found {record!r:.80}")
        self._record = record
        self._where = where
        for field in record:
            if field not in known:
                raise self.error(str(field), f"unknown field: {nearest(str(field), known)}")

    def error(self, field: str, message: str) -> InputError:
        return InputError(f"{self._where}: {field}: {message}")

    def has(self, field: str) -> bool:
        return field in self._record

    def text(self, field: str, default: str | None = None) -> str:
        value = self._get(field, default)
        if not isinstance(value, str) or (not value and value != default):
            raise self.error(field, f"expected a text, found {value!r:.80}")
        return value

    def name(self, field: str) -> str:
        """A text that can be part of a file's name."""
        value = self.text(field)
        if not re.fullmatch(r"\w[\w.+-]*", value):
            raise self.error(field, f"expected letters, digits, and . + - _ inside, found {value!r}")
        return value

    def texts(self, field: str, default: Sequence[str]) -> Sequence[str]:
        values = self._get(field, default)
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
            raise self.error(field, f"expected a list of texts, found {values!r:.80}")
        return values

    def number(self, field: str, default: float) -> float:
        value = self._get(field, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise self.error(field, f"expected a number of at least 0, found {value!r:.80}")
        return value

    def truth(self, field: str, default: bool) -> bool:
        value = self._get(field, default)
        if not isinstance(value, bool):
            raise self.error(field, f"expected yes or no, found {value!r:.80}")
        return value

    def one_of(self, field: str, values: Sequence[str], default: str | None = None) -> str:
        value = self.text(field, default)
        if value not in values:
            raise self.error(field, f"unknown {value!r}: {nearest(value, values)}")
        return value

    def scores(self, field: str, measures: Sequence[str]) -> dict[str, float]:
        """A list of mappings from measures to numbers, as Pyserini's recipes have it."""
        groups = self._get(field, None)
        if not isinstance(groups, list) or not groups or not all(isinstance(group, dict) and group for group in groups):
            raise self.error(field, f"expected a list as in [{{nDCG@3: 0.5}}], found {groups!r:.80}")
        scores: dict[str, float] = {}
        for group in groups:
            for measure, value in group.items():
                if measure not in measures:
                    raise self.error(field, f"unknown measure {measure!r}: {nearest(str(measure), measures)}")
                if not isinstance(value, int | float) or isinstance(value, bool):
                    raise self.error(field, f"{measure}: expected a number, found {value!r:.80}")
                scores[measure] = value
        return scores

    def template(self, field: str, placeholders: Sequence[str]) -> str:
        return self._checked(field, self.text(field), placeholders)

    def templates(self, field: str, placeholders: Sequence[str]) -> list[str]:
        return [self._checked(field, text, placeholders) for text in self.texts(field, ())]

    def command(self, field: str, placeholders: Sequence[str], output: str) -> Command:
        """A text, split as a shell would, or a list of arguments; it must write ``output``."""
        value = self._get(field, None)
        try:
            words = shlex.split(value) if isinstance(value, str) else value
        except ValueError as problem:
            raise self.error(field, f"cannot be split into arguments ({problem}): check the quotes") from problem
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            raise self.error(field, f"expected a command, as a text or as a list of arguments, found {value!r:.80}")
        if not any(output in word for word in words):
            raise self.error(field, f"expected {output} among its arguments, since that is what it has to write")
        return tuple(self._checked(field, word, placeholders) for word in words)

    def entries(self, field: str, title: str, known: Sequence[str], required: bool = True) -> list[_Fields]:
        """A list of mappings, each of which has a ``title`` of its own."""
        records = self._get(field, None if required else [])
        if not isinstance(records, list) or (required and not records):
            raise self.error(field, f"expected a list, found {records!r:.80}")
        titles = [
            str(record.get(title, number) if isinstance(record, dict) else number)
            for number, record in enumerate(records, 1)
        ]
        twice = [each for each in titles if titles.count(each) > 1]
        if twice:
            raise self.error(field, f"{title} {twice[0]!r} stands twice: make them differ")
        return [
            _Fields(record, f"{self._where}: {field}[{each}]", known)
            for each, record in zip(titles, records, strict=True)
        ]

    def _get(self, field: str, default: Any) -> Any:
        if field not in self._record and default is None:
            raise self.error(field, "missing: every entry of this kind has it")
        return self._record.get(field, default)

    def _checked(self, field: str, text: str, placeholders: Sequence[str]) -> str:
        for name in PLACEHOLDER.findall(text):
            if name not in placeholders:
                raise self.error(field, f"unknown placeholder {{{name}}}: {nearest(name, placeholders)}")
        return text


PLACEHOLDER = re.compile(r"\{(\w+)\}")


def nearest(name: str, known: Collection[str]) -> str:
    """A hint at what an unknown name may have been meant to be."""
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
