"""What `disco train` reads: a YAML file of sections, each field of which the command line can override."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from disco_pyserini.errors import InputError
from disco_pyserini.training.regularisers import Regulariser
from disco_pyserini.training.sampling import Sampling

LOSSES = ("disco", "kl", "contrastive", "margin-mse", "representation-mse")
BATCHES = ("shuffled", "similar-length")
DOCUMENTS = ("cached", "live")


@dataclass(frozen=True)
class Model:
    """The two encoders.

    Attributes:
        document_encoder: the frozen one: a card's name, a path or a hub id.
        query_encoder: what the trained one starts from, where that is not the document encoder.
        max_length: tokens after which conversations are cut.
        document_max_length: tokens after which passages and rewrites are cut, where they are encoded here.
    """

    document_encoder: str
    query_encoder: str | None = None
    max_length: int = 256
    document_max_length: int = 256


@dataclass(frozen=True)
class Collection:
    """Queries and their relevant documents; needs ``turns`` or ``topics``, and ``qrels``; or ``demo_world``.

    Attributes:
        turns: ``turns.jsonl`` of a collection.
        topics: or a topics file, whose texts are conversations already.
        qrels: TREC qrels.
        form: how a turn becomes text, see `disco_pyserini.conversation.query_text`.
        demo_world: or the train split (the dev split, in section dev) of a generated world: its ``size``, ``seed`` and
            ``conversations_per_cluster``.
    """

    turns: str | None = None
    topics: str | None = None
    qrels: str | None = None
    form: str = "conversation"
    demo_world: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("turns", "topics", "demo_world") if getattr(self, name)]
        if len(given) > 1:
            raise InputError(f"expected one of turns, topics and demo_world, found {' and '.join(given)}")
        if given and given != ["demo_world"] and not self.qrels:
            raise InputError(f"{given[0]} is given, but no qrels: name the file with the relevant documents")


@dataclass(frozen=True)
class Data(Collection):
    """The training queries, and the documents.

    Attributes:
        vectors: what `disco encode` wrote, or Anserini's JSONL.
        corpus: or the passages (as `disco encode --corpus` takes them), of which those that are needed are encoded
            before training. With documents: live, they are needed anyway.
        name: how the model card names the data.
        tolerate: the share of queries or documents that may be unusable before training is refused.
        batches: ``shuffled``, or ``similar-length``, which wastes less on padding.
    """

    vectors: str | None = None
    corpus: str | None = None
    name: str = ""
    tolerate: float = 0.01
    batches: str = "shuffled"


@dataclass(frozen=True)
class Teacher:
    """Where the teacher's scores come from: ``files``, or ``rewrites`` for a corpus that fits into memory.

    Attributes:
        files: DiSCo's JSON or TREC runs.
        rewrites: names of rewrites in the turns (``human``, …); the document encoder searches all vectors with them.
        fusion: the rule for several of them: mean, max, min, min-max or z.
        weights: one for each.
        depth: how many documents are kept of what is searched with a rewrite.
        distractors: a form of the query text (as ``form`` of section data); half of the kept documents are then the
            best for that text, such as those on earlier turns for ``conversation``, scored by the rewrite all the same.
    """

    files: Sequence[str] = ()
    rewrites: Sequence[str] = ()
    fusion: str = "mean"
    weights: Sequence[float] | None = None
    depth: int = 1000
    distractors: str | None = None

    def __post_init__(self) -> None:
        if self.files and self.rewrites:
            raise InputError("expected teacher.files or teacher.rewrites, found both")


@dataclass(frozen=True)
class Loss:
    """What is minimised.

    Attributes:
        name: ``disco`` (KL, contrastive and anti-zero), ``kl``, ``contrastive``, ``margin-mse``, or
            ``representation-mse``, for which teacher.rewrites names one rewrite.
        kl_weight: of ``disco``.
        contrastive_weight: of ``disco``.
        anti_zero_weight: of ``disco``.
        temperature: of the KL divergence.
        positives: whether the KL divergence is over the positive too.
    """

    name: str = "disco"
    kl_weight: float = 0.99
    contrastive_weight: float = 0.01
    anti_zero_weight: float = 1.0
    temperature: float = 1.0
    positives: bool = True

    def __post_init__(self) -> None:
        if self.name not in LOSSES:
            raise InputError(f"unknown loss {self.name!r}: expected one of {', '.join(LOSSES)}")
        if self.temperature <= 0:
            raise InputError(f"expected a temperature above 0, found {self.temperature}")


@dataclass(frozen=True)
class Dev(Collection):
    """Queries to evaluate on while training, over the documents of section data, all of which are then loaded.

    The best checkpoint by nDCG@3 is kept; without dev queries, the last one is. Of a demo world (the same one as in
    section data), it is the dev split.
    """


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that a training run is made of.

    Attributes:
        documents: ``cached`` looks document vectors up; ``live`` encodes the passages at every step.
        export_query: a folder for the query encoder as a bare Hugging Face masked LM.
        licence: of the trained model, for its card; that of the document encoder usually decides.
        arguments: fields of `SparseEncoderTrainingArguments`.
    """

    model: Model
    data: Data
    teacher: Teacher = field(default_factory=Teacher)
    loss: Loss = field(default_factory=Loss)
    sampling: Sampling = field(default_factory=Sampling)
    regulariser: Regulariser = field(default_factory=Regulariser)
    dev: Dev = field(default_factory=Dev)
    documents: str = "cached"
    export_query: str | None = None
    licence: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.documents not in DOCUMENTS:
            raise InputError(f"unknown documents {self.documents!r}: expected one of {', '.join(DOCUMENTS)}")
        if self.data.batches not in BATCHES:
            raise InputError(f"unknown data.batches {self.data.batches!r}: expected one of {', '.join(BATCHES)}")
        if not (self.data.turns or self.data.topics or self.data.demo_world):
            raise InputError("no training queries: name data.turns or data.topics, or data.demo_world")
        if not (self.data.vectors or self.data.corpus or self.data.demo_world):
            raise InputError("no documents: name data.vectors (what `disco encode` wrote) or data.corpus")
        if self.documents == "live" and not (self.data.corpus or self.data.demo_world):
            raise InputError("documents: live needs the passages' texts: name data.corpus")
        if not (self.teacher.files or self.teacher.rewrites):
            raise InputError("no teacher, whose lists are the candidates: name teacher.files or teacher.rewrites")
        if self.loss.name == "representation-mse" and len(self.teacher.rewrites) != 1:
            raise InputError(
                "the loss representation-mse needs one rewrite: name it in teacher.rewrites, as in [human]"
            )
        if "output_dir" not in self.arguments:
            raise InputError("no arguments.output_dir: name the folder for checkpoints and the trained model")


def read_config(path: Path, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Read a YAML file and apply what the command line says.

    Args:
        path: the file.
        overrides: ``--key value`` or ``--key=value``, one after the other, where the key is ``section.field``, a
            field's name alone where only one section has it, or a field of `SparseEncoderTrainingArguments`; the value
            is YAML.

    Raises:
        InputError: the file is not such YAML; a field is unknown, missing or of the wrong kind.
    """
    record = load_yaml(path)
    for key, value in _pairs(overrides):
        section, name = _place(key)
        if section:
            if record.get(section) is None:
                record[section] = {}
            record[section][name] = value
        else:
            record[name] = value
    config: TrainingConfig = _build(TrainingConfig, record, str(path), "")
    return config


def load_yaml(path: Path) -> dict[str, Any]:
    """Read a file of sections; see `read_config`."""
    try:
        record = _yaml(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: check the path") from problem
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise InputError(f"{path}: expected YAML: {' '.join(str(problem).split())}") from problem
    if not isinstance(record, dict):
        raise InputError(f"{path}: expected sections such as model and data, found {type(record).__name__}")
    return record


class _Loader(yaml.SafeLoader):
    """Reads ``2e-5`` as a number, and ``no``, which names a strategy in the arguments, as a text: unlike YAML 1.1."""


_BOOL = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile("true|True|false|False"), list("tTfF"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+"), list("-+0123456789")
)


def _yaml(text: str) -> Any:
    return yaml.load(text, _Loader)


def _pairs(arguments: Sequence[str]) -> Iterable[tuple[str, Any]]:
    waiting = list(arguments)
    while waiting:
        key = waiting.pop(0)
        if not key.startswith("--"):
            raise InputError(f"expected --key value, found {key!r}")
        name, equals, text = key[2:].partition("=")
        if not equals:
            if not waiting or waiting[0].startswith("--"):
                raise InputError(f"{key} needs a value, as in {key} VALUE")
            text = waiting.pop(0)
        try:
            yield name.replace("-", "_"), _yaml(text)
        except yaml.YAMLError as problem:
            raise InputError(f"{key}: expected a YAML value, found {text!r}") from problem


def _sections() -> dict[str, list[str]]:
    """The fields of each section; those of the whole under an empty name."""
    hints = get_type_hints(TrainingConfig)
    sections = {name: [entry.name for entry in fields(kind)] for name, kind in hints.items() if is_dataclass(kind)}
    return {"": [name for name in hints if name not in sections], **sections}


def _place(key: str) -> tuple[str, str]:
    sections = _sections()
    section, point, name = key.rpartition(".")
    if point:
        if section == "arguments" or name in sections.get(section, ()):
            return section, name
    elif key in sections[""] and key != "arguments":
        return "", key
    else:
        owners = [section for section, names in sections.items() if key in names]
        if len(owners) == 1:
            return owners[0], key
        if owners:
            raise InputError(f"--{key} could be {' or '.join(f'--{owner}.{key}' for owner in owners)}: say which")
        if key in training_arguments():
            return "arguments", key
    known = [f"{section}.{name}" if section else name for section, names in sections.items() for name in names]
    raise _unknown(
        f"--{key}", name, [*known, *(name for names in sections.values() for name in names), *training_arguments()]
    )


def training_arguments() -> list[str]:
    """The names of the fields of `SparseEncoderTrainingArguments`."""
    from sentence_transformers import SparseEncoderTrainingArguments

    return [entry.name for entry in fields(SparseEncoderTrainingArguments) if entry.init]


def _build(kind: type[Any], record: Any, where: str, section: str) -> Any:
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected fields in section {section}, found {record!r}")
    hints = get_type_hints(kind)
    names = [entry.name for entry in fields(kind)]
    values = {}
    for name, value in record.items():
        path = f"{section}.{name}" if section else str(name)
        if name not in names:
            raise _unknown(f"{where}: {path}", str(name), names)
        if is_dataclass(hints[name]):
            values[name] = _build(hints[name], {} if value is None else value, where, name)
        else:
            values[name] = _converted(value, hints[name], f"{where}: {path}")
    try:
        return kind(**values)
    except TypeError as problem:
        raise InputError(f"{where}: section {section or 'the whole file'}: {problem}") from problem
    except InputError as problem:
        raise InputError(f"{where}: {problem}") from problem


def _converted(value: Any, hint: Any, where: str) -> Any:
    """Check a value against a field's type, as far as these fields need it."""
    allowed = str(hint) if not isinstance(hint, type) else hint.__name__
    if value is None and "None" in allowed:
        return None
    if "Sequence" in allowed:
        items = [value] if isinstance(value, str | int | float) else value
        if not isinstance(items, list):
            raise InputError(f"{where}: expected a list, found {value!r}")
        return [float(item) for item in items] if "float" in allowed else [str(item) for item in items]
    kinds = {"Mapping": dict, "bool": bool, "int": int, "float": int | float, "str": str}
    expected: Any = next(kind for name, kind in kinds.items() if name in allowed)
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        what = "fields" if "Mapping" in allowed else allowed.replace(" | None", "")
        raise InputError(f"{where}: expected {what}, found {value!r}")
    return value * 1.0 if allowed == "float" else value


def _unknown(where: str, name: str, known: Sequence[str]) -> InputError:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known[:20])}"
    return InputError(f"{where}: unknown field: {hint}")
