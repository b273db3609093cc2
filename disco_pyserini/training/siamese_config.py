"""The configuration that trains a document encoder: ``trains: documents`` in the YAML file of `disco train`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from disco_pyserini.records import Items, Record, Text
from disco_pyserini.training.regularisers import Regulariser


class SiameseTopics(Record):
    """Queries to train on.

    Attributes:
        topics: a topics file, or ``COLLECTION/SPLIT/QUERY``.
        repeat: how often each of them is read in an epoch.
    """

    topics: Text
    repeat: Annotated[int, Field(ge=1)] = 1


class SiameseData(Record):
    """The passages and the queries; no judgments are needed.

    Attributes:
        corpus: the passages: ``COLLECTION/SPLIT``, or files as for `disco encode --corpus`.
        queries: where the queries are.
        name: the name of the data in the model card.
    """

    corpus: Text
    queries: Annotated[Items[SiameseTopics], Field(min_length=1)]
    name: str = ""


class EncoderTeacher(Record):
    """An encoder whose scores are learnt.

    Attributes:
        encoder: a card's name, a path or a hub id.
        kind: ``sparse``, a SPLADE encoder, or ``dense``, a sentence-transformers bi-encoder.
        weight: of its scores in the sum.
    """

    encoder: Text
    kind: Literal["dense", "sparse"]
    weight: Annotated[float, Field(gt=0)] = 1.0


class Pool(Record):
    """The candidates of each query: the passages that the teachers together score highest.

    Attributes:
        top: how many to draw at every step from the first ``top_depth``.
        top_depth: the length of the top.
        band: how many to draw from the ranks ``top_depth`` to ``depth``.
        depth: how many candidates there are.
    """

    top: Annotated[int, Field(ge=1)] = 3
    top_depth: Annotated[int, Field(ge=1)] = 10
    band: Annotated[int, Field(ge=0)] = 5
    depth: Annotated[int, Field(ge=1)] = 200

    @model_validator(mode="after")
    def _check_sizes(self) -> Self:
        if self.top > self.top_depth or self.band > self.depth - self.top_depth:
            raise ValueError("cannot draw that many: expected top <= top_depth and band <= depth - top_depth")
        return self


class SiameseDev(Record):
    """Queries for evaluation during training.

    Attributes:
        topics: a topics file, or ``COLLECTION/SPLIT/QUERY``.
        qrels: a file of TREC qrels, or ``COLLECTION/SPLIT``.
        passages: how many passages, drawn at random, are searched besides the relevant ones.
    """

    topics: Text
    qrels: Text
    passages: Annotated[int, Field(ge=1)] = 4000


class SiameseConfig(Record):
    """The configuration of a training run.

    Attributes:
        trains: ``documents``.
        encoder: the checkpoint that the encoder starts from: a card's name, a path or a hub id.
        max_length: the maximum length of queries and passages in tokens.
        data: the passages and the queries.
        teachers: the encoders whose scores are learnt.
        scale: the teachers' best score of a query, above that of an average passage.
        pool: the candidates.
        documents: the term that keeps the document vectors sparse.
        queries: the term that keeps the query vectors sparse.
        dev: queries for evaluation. The checkpoint with the best nDCG@3 is kept, and its biases are lowered until its
            expected FLOPS on these queries and passages are at most those of the encoder that training started from.
        licence: of the trained model, for its card.
        arguments: fields of `SparseEncoderTrainingArguments`.
    """

    trains: Literal["documents"]
    encoder: Text
    max_length: Annotated[int, Field(ge=8)] = 256
    data: SiameseData
    teachers: Annotated[Items[EncoderTeacher], Field(min_length=1)]
    scale: Annotated[float, Field(gt=0)] = 20.0
    pool: Pool = Pool()
    documents: Regulariser = Regulariser()
    queries: Regulariser = Regulariser()
    dev: SiameseDev | None = None
    licence: str = ""
    arguments: Mapping[str, Any]

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if "idf-flops" in (self.documents.name, self.queries.name) and "sparse" not in {t.kind for t in self.teachers}:
            raise ValueError("idf-flops counts the terms of a sparse teacher's vectors: name a teacher of kind sparse")
        if not self.arguments.get("output_dir"):
            raise ValueError("no arguments.output_dir: name the folder for checkpoints and the trained model")
        return self
