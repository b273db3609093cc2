"""What `disco train` reads: a YAML file of sections, each field of which the command line can override."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from disco_pyserini.errors import InputError
from disco_pyserini.extensions import Registry, nearest
from disco_pyserini.records import Record, parse_yaml, read_yaml
from disco_pyserini.training.fusion import RULES
from disco_pyserini.training.losses import LOSSES, LossSettings
from disco_pyserini.training.regularisers import Regulariser
from disco_pyserini.training.sampling import STRATEGIES, Sampling


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | int | float) else value


type OneOrMore[T] = Annotated[Sequence[T], BeforeValidator(_listed)]
"""A list; a single value is a list of one."""


class Model(Record):
    """The two encoders.

    Attributes:
        document_encoder: the frozen encoder: a card's name, a path or a hub id.
        query_encoder: the checkpoint that the trained encoder starts from; by default, the document encoder.
        max_length: tokens after which conversations are cut.
        document_max_length: tokens after which passages and rewrites are cut, if they are encoded during the run.
    """

    document_encoder: str
    query_encoder: str | None = None
    max_length: int = 256
    document_max_length: int = 256


class Collection(Record):
    """Queries and their relevant documents: ``qrels``, and ``turns`` or ``topics``.

    Attributes:
        turns: ``COLLECTION/SPLIT``, or a file of turns.
        topics: ``COLLECTION/SPLIT/QUERY``, or a topics file, whose texts are flattened conversations.
        qrels: ``COLLECTION/SPLIT``, or a file of TREC qrels.
        form: how a turn becomes text, see `disco_pyserini.conversation.query_text`.
    """

    turns: str | None = None
    topics: str | None = None
    qrels: str | None = None
    form: str = "conversation"

    @property
    def source(self) -> str:
        """What names the queries; empty if nothing does."""
        return self.turns or self.topics or ""

    @model_validator(mode="after")
    def _check_queries(self) -> Self:
        if self.turns and self.topics:
            raise ValueError("expected turns or topics, found both")
        if self.source and not self.qrels:
            given = "turns" if self.turns else "topics"
            raise ValueError(f"{given} are given, but no qrels: name the judgments with the relevant documents")
        return self


class Data(Collection):
    """The training queries, and the documents.

    Attributes:
        vectors: what `disco encode` wrote, or Anserini's JSONL.
        corpus: instead of vectors, the passages (``COLLECTION/SPLIT``, or files as `disco encode --corpus` takes them):
            those that are needed are encoded before training. ``documents: live`` needs it in any case.
        name: how the model card names the data.
        tolerate: the share of queries or documents that may be unusable before training is refused.
        batches: ``shuffled``, or ``similar-length``, which wastes less on padding.
    """

    vectors: str | None = None
    corpus: str | None = None
    name: str = ""
    tolerate: float = 0.01
    batches: Literal["shuffled", "similar-length"] = "shuffled"

    @model_validator(mode="after")
    def _check_data(self) -> Self:
        if not self.source:
            raise ValueError("no training queries: name data.turns or data.topics")
        if not (self.vectors or self.corpus):
            raise ValueError("no documents: name data.vectors (what `disco encode` wrote) or data.corpus")
        return self


class Teacher(Record):
    """Where the teacher's scores come from: ``files``, or ``rewrites`` for a corpus that fits into memory.

    Attributes:
        files: DiSCo's JSON, or TREC runs.
        rewrites: names of rewrites in the turns (``human``, …); the document encoder searches all vectors with them.
        fusion: the rule that fuses several teachers, a name in `disco_pyserini.training.fusion.RULES`.
        weights: one for each teacher; by default, all are equal.
        depth: how many of the documents that a rewrite finds are kept.
        distractors: a form of the query text (as ``form`` of section data). Half of the documents are then the best for
            that text (``conversation``: among them those on earlier turns); their scores are still the rewrite's.
    """

    files: OneOrMore[str] = ()
    rewrites: OneOrMore[str] = ()
    fusion: str = "mean"
    weights: OneOrMore[float] | None = None
    depth: Annotated[int, Field(ge=1)] = 1000
    distractors: str | None = None

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        if bool(self.files) == bool(self.rewrites):
            found = "both" if self.files else "neither"
            raise ValueError(f"expected files or rewrites, whose documents are the candidates, found {found}")
        return self


class TrainingConfig(Record):
    """Everything that a training run is made of.

    Attributes:
        model: the two encoders.
        data: the training queries, and the documents.
        teacher: where the teacher's scores come from.
        loss: what is minimised.
        sampling: how each query's documents are drawn.
        regulariser: what keeps the query vectors sparse.
        dev: queries to evaluate on during training, over the documents of section data, all of which are then loaded.
            The checkpoint with the best nDCG@3 is kept; without dev queries, the last one is.
        documents: ``cached`` looks document vectors up; ``live`` encodes the passages at every step.
        export_query: a folder for the query encoder as a bare Hugging Face masked LM.
        licence: of the trained model, for its card; the document encoder's licence usually decides.
        arguments: fields of `SparseEncoderTrainingArguments`.
    """

    model: Model
    data: Data
    teacher: Teacher
    loss: LossSettings = LossSettings()
    sampling: Sampling = Sampling()
    regulariser: Regulariser = Regulariser()
    dev: Collection = Collection()
    documents: Literal["cached", "live"] = "cached"
    export_query: str | None = None
    licence: str = ""
    arguments: Mapping[str, Any] = {}

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        for registry, name in (
            (LOSSES, self.loss.name),
            (STRATEGIES, self.sampling.strategy),
            (RULES, self.teacher.fusion),
        ):
            if name not in registry:
                raise ValueError(f"unknown {registry.kind} {name!r}: {nearest(name, registry)}")
        for registry, name, options in (
            (LOSSES, self.loss.name, self.loss.options),
            (STRATEGIES, self.sampling.strategy, self.sampling.options),
        ):
            if options and registry.origin(name) == "disco-pyserini":
                raise ValueError(f"the {registry.kind} {name!r} takes no options, found {', '.join(options)}")
        if self.documents == "live" and not self.data.corpus:
            raise ValueError("documents: live needs the passages' texts: name data.corpus")
        if LOSSES.get(self.loss.name).needs_rewrites and len(self.teacher.rewrites) != 1:
            raise ValueError(f"the loss {self.loss.name} needs one rewrite: name it in teacher.rewrites, as in [human]")
        if not self.arguments.get("output_dir"):
            raise ValueError("no arguments.output_dir: name the folder for checkpoints and the trained model")
        return self


def _check_extension(registry: Registry[Any], name: str, options: Iterable[str] = ()) -> None:
    if name not in registry:
        raise ValueError(f"unknown {registry.kind} {name!r}: {nearest(name, registry)}")
    if options and registry.origin(name) == "disco-pyserini":
        raise ValueError(f"the {registry.kind} {name!r} takes no options, found {', '.join(options)}")


def read_config(path: Path | str, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Read a YAML file and apply overrides from the command line.

    Args:
        path: the file.
        overrides: ``--key value`` or ``--key=value``, one after the other. A key is ``section.field``, the name of a
            field if only one section has it, or a field of `SparseEncoderTrainingArguments`. The value is YAML.

    Raises:
        InputError: the file is not such YAML; a field is unknown, missing or of the wrong type.
    """
    record = read_yaml(Path(path))
    if not isinstance(record, dict):
        raise InputError(f"{path}: expected sections such as model and data, found {type(record).__name__}")
    for key, value in _pairs(overrides):
        section, name = _place(key)
        if not section:
            record[name] = value
        elif isinstance(fields := record.get(section) or {}, dict):  # anything else is refused below
            record[section] = {**fields, name: value}
    return TrainingConfig.check({name: value for name, value in record.items() if value is not None}, str(path))


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
        yield name.replace("-", "_"), parse_yaml(text, key)


def _sections() -> Mapping[str, list[str]]:
    """The fields of each section; those of the whole file under an empty name."""
    sections: dict[str, list[str]] = {"": []}
    for name, field in TrainingConfig.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Record):
            sections[name] = list(field.annotation.model_fields)
        else:
            sections[""].append(name)
    return sections


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
    names = {name for names in sections.values() for name in names}
    raise InputError(f"--{key}: unknown field: {nearest(name, sorted({*names, *training_arguments()}))}")


def training_arguments() -> list[str]:
    """The names of the fields of `SparseEncoderTrainingArguments`."""
    from sentence_transformers import SparseEncoderTrainingArguments

    return [entry.name for entry in fields_of(SparseEncoderTrainingArguments) if entry.init]
