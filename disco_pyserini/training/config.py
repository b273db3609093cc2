"""The configuration of `disco train`: a YAML file of sections, with overrides from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from disco_pyserini.errors import InputError
from disco_pyserini.extensions import nearest
from disco_pyserini.records import Record, parse_yaml, read_yaml, record_in
from disco_pyserini.training.augmentation import Augmentation
from disco_pyserini.training.fusion import RULES
from disco_pyserini.training.losses import LOSSES, LossSettings
from disco_pyserini.training.regularisers import Regulariser
from disco_pyserini.training.sampling import STRATEGIES, Sampling
from disco_pyserini.training.siamese_config import SiameseConfig


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | int | float | Mapping | Record) else value


type OneOrMore[T] = Annotated[Sequence[T], BeforeValidator(_listed)]
"""A list; a single value becomes a list of one."""

ANSWERS = "answers"
"""The value of ``corpus`` for the answers of a collection's own conversations."""


class Source(NamedTuple):
    """Where documents come from: ``vectors``, a ``corpus``, both (with the texts in the corpus), or conversations.

    Attributes:
        vectors: the output of `disco encode`, or Anserini's JSONL.
        corpus: passages.
        answers_of: turns whose answers are the documents.
    """

    vectors: str | None
    corpus: str | None
    answers_of: str | None

    def __str__(self) -> str:
        return self.vectors or self.corpus or f"answers of {self.answers_of}"


class Model(Record):
    """The two encoders.

    Attributes:
        document_encoder: the frozen encoder: a card's name, a path or a hub id.
        query_encoder: the checkpoint that initialises the trained encoder; by default, the document encoder.
        reader: instead of query_encoder, the BERT checkpoint that reads the conversation in a gated encoder (see
            `disco_pyserini.encoding.gated_splade`), or ``document`` for a copy of the document encoder's layers.
        max_length: the maximum length of conversations in tokens; longer ones are cut.
        document_max_length: the maximum length of passages and rewrites in tokens, if the run encodes them.
    """

    document_encoder: str
    query_encoder: str | None = None
    reader: str | None = None
    max_length: int = 256
    document_max_length: int = 256

    @model_validator(mode="after")
    def _check_start(self) -> Self:
        if self.query_encoder and self.reader:
            raise ValueError("expected query_encoder (a trained one) or reader (of a new gated encoder), found both")
        return self


class Collection(Record):
    """Queries, their relevant documents, and documents.

    Attributes:
        turns: ``COLLECTION/SPLIT``, or a file of turns.
        topics: ``COLLECTION/SPLIT/QUERY``, or a topics file, whose texts are flattened conversations.
        qrels: ``COLLECTION/SPLIT``, or a file of TREC qrels.
        form: how a turn becomes text, see `disco_pyserini.conversation.query_text`.
        vectors: the output of `disco encode`, or Anserini's JSONL.
        corpus: instead of vectors, the passages (``COLLECTION/SPLIT``, or files as for `disco encode --corpus`), which
            are encoded before training; or ``answers``: the answers in the conversations of ``turns``, each of which is
            relevant for its own turn.
        name: the name of the collection in the model card and in the dev scores; by default what names its queries.
    """

    turns: str | None = None
    topics: str | None = None
    qrels: str | None = None
    form: str = "conversation"
    vectors: str | None = None
    corpus: str | None = None
    name: str = ""

    @property
    def source(self) -> str:
        """The setting that names the queries; empty if there is none."""
        return self.turns or self.topics or ""

    @property
    def title(self) -> str:
        """The name, or what names the queries or else the documents."""
        return self.name or self.source or str(self.documents)

    @property
    def judged(self) -> bool:
        """Whether there are relevant documents."""
        return bool(self.qrels) or self.corpus == ANSWERS

    @property
    def documents(self) -> Source | None:
        """The documents of this collection; None if it has none of its own."""
        if self.corpus == ANSWERS:
            return Source(None, None, self.turns)
        return Source(self.vectors, self.corpus, None) if self.vectors or self.corpus else None

    @model_validator(mode="after")
    def _check_queries(self) -> Self:
        if self.turns and self.topics:
            raise ValueError("expected turns or topics, found both")
        if self.corpus == ANSWERS and (self.qrels or self.vectors or not self.turns):
            raise ValueError("corpus: answers needs turns, and has its own judgments and vectors: leave out the others")
        return self


class Dev(Collection):
    """Queries for evaluation.

    They are searched in all documents of section ``data``, unless they name others: then in those alone.
    """

    @model_validator(mode="after")
    def _check_dev(self) -> Self:
        if not self.source:
            raise ValueError("no queries: name turns or topics")
        if not self.judged:
            raise ValueError("no judgments: name qrels, or corpus: answers")
        return self


class Data(Collection):
    """Training queries, documents, or both.

    Attributes:
        questions: a topics file (or ``COLLECTION/SPLIT/QUERY``) of stand-alone questions. Each is a conversation of one
            turn, and its own rewrite.
        weight: how often each query occurs in an epoch. Of a fraction, another random part is drawn in each epoch.
        rewrites: the rewrites to use here instead of those of section ``teacher``.
        held_out: the share of the conversations that are evaluated on and not trained on; their ids decide which.
    """

    questions: str | None = None
    weight: Annotated[float, Field(gt=0)] = 1.0
    rewrites: OneOrMore[str] = ()
    held_out: Annotated[float, Field(ge=0, le=1)] = 0.0

    @property
    def source(self) -> str:
        """The setting that names the queries; empty if there is none."""
        return self.questions or super().source

    @model_validator(mode="after")
    def _check_data(self) -> Self:
        if self.questions and super().source:
            raise ValueError("expected turns, topics or questions, found several")
        if not self.source and not self.documents:
            raise ValueError("neither queries nor documents: name turns, topics or questions, vectors or corpus")
        if self.held_out and not (self.turns and self.judged):
            raise ValueError("held_out needs turns with judgments to evaluate on: name qrels, or corpus: answers")
        return self


class Teacher(Record):
    """The source of the teacher's scores: ``files``, or ``rewrites`` for a corpus that fits into memory.

    Attributes:
        files: DiSCo's JSON, or TREC runs.
        rewrites: names of rewrites in the turns (``human``, …, or ``llm:FILE``), encoded by the document encoder to
            search all vectors. A turn needs at least one of them.
        fusion: the rule that fuses several teachers, a name in `disco_pyserini.training.fusion.RULES`.
        weights: one per teacher; equal by default.
        depth: how many documents to keep per search.
        distractors: a form of the query text (as ``form`` of section data). Half of the documents are then the top
            results for that text (``conversation`` brings in those on earlier turns), still scored with the rewrite.
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
    """The configuration of a training run.

    Attributes:
        model: the two encoders.
        data: the collections to train on. Together, their documents are searched by the teacher.
        teacher: the source of the teacher's scores.
        augment: random changes of the training conversations.
        loss: the training objective.
        sampling: how to draw each query's documents.
        regulariser: the term that keeps the query vectors sparse.
        dev: collections for evaluation during training, beside the held-out parts of section data. The checkpoint with
            the best mean nDCG@3 is kept; without any, the last checkpoint.
        documents: ``cached`` looks document vectors up; ``live`` encodes the passages at every step.
        tolerate: the maximum share of unusable queries or documents; above it, training is refused.
        batches: ``shuffled``, or ``similar-length``, which reduces padding.
        export_query: a folder for the query encoder as a bare Hugging Face masked LM.
        licence: of the trained model, for its card; the document encoder's licence usually decides.
        arguments: fields of `SparseEncoderTrainingArguments`.
    """

    model: Model
    data: OneOrMore[Data]
    teacher: Teacher
    augment: Augmentation = Augmentation()
    loss: LossSettings = LossSettings()
    sampling: Sampling = Sampling()
    regulariser: Regulariser = Regulariser()
    dev: OneOrMore[Dev] = ()
    documents: Literal["cached", "live"] = "cached"
    tolerate: float = 0.01
    batches: Literal["shuffled", "similar-length"] = "shuffled"
    export_query: str | None = None
    licence: str = ""
    arguments: Mapping[str, Any] = {}

    @property
    def evaluates(self) -> bool:
        """Whether there are dev queries."""
        return bool(self.dev) or any(collection.held_out for collection in self.data)

    @property
    def sources(self) -> list[Source]:
        """The different sources of the training documents."""
        return list(dict.fromkeys(found for collection in self.data if (found := collection.documents)))

    def rewrites_of(self, collection: Data) -> Sequence[str]:
        """The names of a collection's rewrites; empty if the teacher's scores are in files."""
        if not self.teacher.rewrites:
            return ()
        return ["utterance"] if collection.questions else collection.rewrites or self.teacher.rewrites

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
        if not self.arguments.get("output_dir"):
            raise ValueError("no arguments.output_dir: name the folder for checkpoints and the trained model")
        self._check_data()
        self._check_teacher()
        return self

    def _check_data(self) -> None:
        queries = [collection for collection in self.data if collection.source]
        if not queries:
            raise ValueError("no training queries: name data.turns, data.topics or data.questions")
        if not self.sources:
            raise ValueError("no documents: name data.vectors (what `disco encode` wrote) or data.corpus")
        if self.documents == "live" and not all(source.corpus or source.answers_of for source in self.sources):
            raise ValueError("documents: live needs the passages' texts: name data.corpus")
        for group in (queries, [*(each for each in queries if each.held_out), *self.dev]):
            titles = [collection.title for collection in group]
            if double := next((title for title in titles if titles.count(title) > 1), None):
                raise ValueError(f"two collections are named {double}: give one of them another name")
        for collection in (*queries, *self.dev):
            if collection.qrels and not collection.documents and len(self.sources) > 1:
                raise ValueError(f"{collection.title}: there are several corpora: name the one that its qrels judge")
        if LOSSES.get(self.loss.name).needs_positives(self.loss):
            for collection in queries:
                if not collection.judged:
                    raise ValueError(
                        f"the loss {self.loss.name} with these settings needs a relevant document of each query, but "
                        f"{collection.title} has no qrels: name them, or learn from the teacher's scores alone (the "
                        "loss kl with positives: false)"
                    )

    def _check_teacher(self) -> None:
        queries = [collection for collection in self.data if collection.source]
        if self.teacher.files:
            if len(queries) > 1 or len(self.sources) > 1:
                raise ValueError("teacher.files can score one collection, found several: use teacher.rewrites")
            if queries[0].questions:
                raise ValueError("data.questions are their own rewrites: name teacher.rewrites, found teacher.files")
        for collection in queries:
            if self.teacher.rewrites and collection.topics:
                raise ValueError(
                    f"teacher.rewrites needs data.turns, which have the rewrites: {collection.topics} has none"
                )
            if collection.rewrites and not self.teacher.rewrites:
                raise ValueError(f"{collection.title}: rewrites are named, but none in teacher.rewrites")
            if collection.rewrites and self.teacher.weights and len(collection.rewrites) != len(self.teacher.rewrites):
                raise ValueError(f"{collection.title}: expected one of the rewrites for each of teacher.weights")
        if not self.teacher.rewrites:
            if LOSSES.get(self.loss.name).needs_rewrites(self.loss):
                raise ValueError(
                    f"the loss {self.loss.name} needs rewrites: name them in teacher.rewrites, as in [human]"
                )
            if self.augment.standalone or self.augment.foreign_history:
                raise ValueError("augment.standalone and augment.foreign_history need rewrites: name teacher.rewrites")


def read_config(path: Path | str, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Read the YAML file that trains a query encoder, and apply overrides from the command line.

    Args:
        path: the file.
        overrides: a sequence of ``--key value`` or ``--key=value``. A key is ``section.field``, the name of a
            field if only one section has it, or a field of `SparseEncoderTrainingArguments`. The value is YAML.

    Raises:
        InputError: the YAML is invalid; a field is unknown, missing or of the wrong type.
    """
    return _read(TrainingConfig, path, overrides)


def read_siamese_config(path: Path | str, overrides: Sequence[str] = ()) -> SiameseConfig:
    """Read the YAML file that trains a document encoder; see `read_config`."""
    return _read(SiameseConfig, path, overrides)


def trains_documents(path: Path | str) -> bool:
    """Whether a YAML file trains a document encoder.

    Raises:
        InputError: the file cannot be read, or is not YAML.
    """
    record = read_yaml(Path(path))
    return isinstance(record, dict) and record.get("trains") == "documents"


def _read[Config: Record](kind: type[Config], path: Path | str, overrides: Sequence[str]) -> Config:
    record = read_yaml(Path(path))
    if not isinstance(record, dict):
        raise InputError(f"{path}: expected sections such as model and data, found {type(record).__name__}")
    for key, value in _pairs(overrides):
        section, name = _place(key, kind)
        if not section:
            record[name] = value
            continue
        fields = record.get(section) or {}
        if isinstance(fields, list) and len(fields) > 1:
            raise InputError(f"--{key}: {section} has {len(fields)} collections: change it in {path}")
        [fields] = fields if isinstance(fields, list) else [fields]
        if isinstance(fields, dict):  # other types are refused below
            record[section] = {**fields, name: value}
    return kind.check({name: value for name, value in record.items() if value is not None}, str(path))


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


def _sections(kind: type[Record]) -> Mapping[str, list[str]]:
    """Return the fields of each section; top-level fields are under an empty name."""
    sections: dict[str, list[str]] = {"": []}
    for name, field in kind.model_fields.items():
        if record := record_in(field.annotation):
            sections[name] = list(record.model_fields)
        else:
            sections[""].append(name)
    return sections


def _place(key: str, kind: type[Record]) -> tuple[str, str]:
    sections = _sections(kind)
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
    """Return the field names of `SparseEncoderTrainingArguments`."""
    from sentence_transformers import SparseEncoderTrainingArguments

    return [entry.name for entry in fields_of(SparseEncoderTrainingArguments) if entry.init]
