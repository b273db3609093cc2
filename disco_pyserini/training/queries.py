"""First step of preparing a training run: the queries, their texts and their judgments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disco_pyserini.datasets.named import open_qrels, open_topics, open_turns
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError
from disco_pyserini.training.config import Collection


@dataclass(frozen=True, slots=True)
class Queries:
    """Queries by id: their texts, the turns behind them (empty for a topics file), and their judgments."""

    texts: Mapping[str, str]
    turns: Mapping[str, Query]
    qrels: Mapping[str, Mapping[str, int]]

    def judged(self) -> list[str]:
        """The ids of the queries that have a relevant document (a grade above 0)."""
        return [qid for qid in self.texts if any(grade > 0 for grade in self.qrels.get(qid, {}).values())]

    def relevant(self) -> set[str]:
        """The ids of the documents that are relevant for any query."""
        return {docid for qid in self.texts for docid, grade in self.qrels.get(qid, {}).items() if grade > 0}


def read_queries(collection: Collection) -> Queries:
    """Read the queries of section ``data`` or ``dev``.

    Raises:
        InputError: no queries are named, or the file or collection is missing or malformed.
    """
    if not collection.qrels or not collection.source:
        raise InputError("no queries: name turns or topics, and qrels")
    qrels = open_qrels(collection.qrels)
    if collection.topics:
        return Queries(open_topics(collection.topics), {}, qrels)
    turns = open_turns(collection.source)
    return Queries({qid: query.text(collection.form) for qid, query in turns.items()}, turns, qrels)
