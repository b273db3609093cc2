"""First step of preparing a training run: the queries of a collection, their texts and their judgments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.named import open_qrels, open_topics
from disco_pyserini.datasets.registry import open_split
from disco_pyserini.datasets.rewrites import with_form
from disco_pyserini.datasets.turns import Query
from disco_pyserini.training.answers import read_answers
from disco_pyserini.training.config import ANSWERS, Data, Dev


@dataclass(frozen=True, slots=True)
class Queries:
    """Queries by id.

    Attributes:
        texts: the unchanged texts.
        turns: the turns behind them; empty for a topics file.
        qrels: the judgments; empty if the collection has none.
        titled: whether the first turn of each conversation is a title.
    """

    texts: Mapping[str, str]
    turns: Mapping[str, Query]
    qrels: Mapping[str, Mapping[str, int]]
    titled: bool = False

    def judged(self) -> list[str]:
        """The ids of the queries that have a relevant document (a grade above 0)."""
        return [qid for qid in self.texts if any(grade > 0 for grade in self.qrels.get(qid, {}).values())]

    def relevant(self) -> set[str]:
        """The ids of the documents that are relevant for any query."""
        return {docid for qid in self.texts for docid, grade in self.qrels.get(qid, {}).items() if grade > 0}

    def split(self, share: float) -> tuple[Queries, Queries]:
        """Split off a share of the conversations; the same ones in every run, since only their ids decide.

        Returns:
            the others, and those that were split off.
        """
        away = {qid for qid, query in self.turns.items() if _place(query.conversation_id) < share}
        return self.only(self.texts.keys() - away), self.only(away)

    def only(self, qids: Collection[str]) -> Queries:
        """Return some of the queries."""
        kept = set(qids)
        return replace(
            self,
            texts={qid: text for qid, text in self.texts.items() if qid in kept},
            turns={qid: turn for qid, turn in self.turns.items() if qid in kept},
        )

    def prefixed(self, prefix: str) -> Queries:
        """Return the queries with a prefix before their ids, which are then unique among several collections."""
        return replace(
            self,
            texts={prefix + qid: text for qid, text in self.texts.items()},
            turns={prefix + qid: turn for qid, turn in self.turns.items()},
            qrels={prefix + qid: judged for qid, judged in self.qrels.items()},
        )


def read_queries(collection: Data | Dev, rewrites: Sequence[str] = ()) -> Queries:
    """Read the queries of a collection in section ``data`` or ``dev``.

    Args:
        collection: names the queries and the judgments.
        rewrites: names of the rewrites that will be used; those in files (``llm:FILE``) are added to the turns.

    Raises:
        InputError: the file or collection is missing or malformed.
    """
    qrels = open_qrels(collection.qrels) if collection.qrels else {}
    if isinstance(collection, Data) and collection.questions:
        texts = open_topics(collection.questions)
        asked = {qid: Query(qid, qid, Conversation((Turn(text),))) for qid, text in texts.items()}
        return Queries({qid: query.text("utterance") for qid, query in asked.items()}, asked, qrels)
    if collection.topics:
        return Queries(open_topics(collection.topics), {}, qrels)
    opened, split = open_split(collection.source)
    queries = list(opened.queries(split))
    for name in rewrites:
        queries, _ = with_form(queries, name)
    titled = opened.benchmark.first_turn_is_title
    if collection.corpus == ANSWERS:
        qrels = read_answers(queries, titled).qrels()
    turns = {query.qid: query for query in queries}
    return Queries({qid: query.text(collection.form) for qid, query in turns.items()}, turns, qrels, titled)


def _place(conversation: str) -> float:
    """Return an evenly distributed number from 0 to below 1 that only depends on the id."""
    return int.from_bytes(sha256(conversation.encode()).digest()[:6]) / (1 << 48)
