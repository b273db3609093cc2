"""Pseudo-passages: the answers in the conversations of a collection take the place of a corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from disco_pyserini.datasets.turns import Query
from disco_pyserini.passages import Passage
from disco_pyserini.trec import Qrels


@dataclass(frozen=True, slots=True)
class Answers:
    """The different answers in the conversations of a collection.

    Attributes:
        passages: the answers; each occurs once, and its id is its number.
        positives: the id of the answer to each turn that has one of its own. An answer of several conversations ("I
            don't know.") tells nothing about what was asked, so it is nobody's positive.
    """

    passages: list[Passage]
    positives: Mapping[str, str]

    def qrels(self) -> Qrels:
        """The answer to each turn as its relevant document."""
        return {qid: {docid: 1} for qid, docid in self.positives.items()}


def read_answers(queries: Iterable[Query], titled: bool) -> Answers:
    """Collect the answers of all turns, and of those that occur only in a history.

    Args:
        queries: the turns.
        titled: whether the first turn of a conversation is a title, which answers nothing.
    """
    numbers: dict[str, int] = {}
    conversations: dict[str, set[str]] = defaultdict(set)
    own: dict[str, str] = {}
    for query in queries:
        for turn in query.conversation.turns[titled:]:
            if text := _one_line(turn.response):
                numbers.setdefault(text, len(numbers))
                conversations[text].add(query.conversation_id)
        if text := _one_line(query.conversation.turns[-1].response):
            own[query.qid] = text
    return Answers(
        [Passage(str(number), text) for text, number in numbers.items()],
        {qid: str(numbers[text]) for qid, text in own.items() if len(conversations[text]) == 1},
    )


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
