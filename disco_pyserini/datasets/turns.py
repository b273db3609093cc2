"""The turns to answer in a conversational collection, and their file format, ``turns.jsonl``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from disco_pyserini.conversation import Conversation, Turn, query_text
from disco_pyserini.datasets.json_records import JsonObject, read_objects
from disco_pyserini.errors import InputError
from disco_pyserini.files import write_aside


@dataclass(frozen=True, slots=True)
class Query:
    """One turn to answer: the conversation up to it, and its stand-alone rewrites (``human``, …).

    The conversation's last turn includes the collection's response, if there is one.
    """

    qid: str
    conversation_id: str
    conversation: Conversation
    rewrites: Mapping[str, str] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """The turn's number in its conversation, from 1."""
        return len(self.conversation.turns)

    def has(self, form: str) -> bool:
        """Whether it has a rewrite of this name, or this is a form of every conversation."""
        return form in self.rewrites or form in _CONVERSATION_FORMS or form.startswith("last:")

    def text(self, form: str) -> str:
        """Return the rewrite of this name, or the text of this form (see `disco_pyserini.conversation.query_text`)."""
        if form in self.rewrites:
            return " ".join(self.rewrites[form].split())
        return query_text(self.conversation, form)


def read_turns(path: Path) -> Iterator[Query]:
    """Read ``turns.jsonl``: ``qid``, ``conversation_id``, ``history`` as [user, system] pairs oldest first,
    ``utterance``, ``manual_rewrite`` (or null) and, optionally, ``response`` and ``rewrites`` by name.

    Raises:
        InputError: the file cannot be read, a field is missing or malformed, or a query id is duplicated.
    """
    seen: dict[str, str] = {}
    for record in read_objects(path):
        query = Query(
            qid=record.label("qid"),
            conversation_id=record.label("conversation_id"),
            conversation=Conversation((*_history(record), Turn(record.text("utterance"), record.optional("response")))),
            rewrites=_rewrites(record),
        )
        if query.qid in seen:
            raise InputError(f"{record.where}: query id {query.qid!r} was already used at {seen[query.qid]}")
        seen[query.qid] = record.where
        yield query


def write_turns(queries: Iterable[Query], path: Path) -> None:
    """Write a file for `read_turns`."""
    with write_aside(path) as lines:
        for query in queries:
            record: dict[str, Any] = {
                "qid": query.qid,
                "conversation_id": query.conversation_id,
                "turn": query.depth,
                "history": [[turn.utterance, turn.response] for turn in query.conversation.turns[:-1]],
                "utterance": query.conversation.utterance,
                "manual_rewrite": query.rewrites.get("human"),
                "rewrites": {name: text for name, text in query.rewrites.items() if name != "human"},
            }
            if query.conversation.turns[-1].response is not None:
                record["response"] = query.conversation.turns[-1].response
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def topic_texts(queries: Iterable[Query], form: str) -> tuple[dict[str, str], list[str]]:
    """Return each query's text in a form (see `Query.text`) by id, and the ids of queries without that rewrite.

    Raises:
        InputError: no query has that rewrite; the message lists the available ones.
    """
    texts, missing, rewrites = {}, [], set[str]()
    for query in queries:
        rewrites |= query.rewrites.keys()
        if query.has(form):
            texts[query.qid] = query.text(form)
        else:
            missing.append(query.qid)
    if not texts:
        raise InputError(
            f"no query has a rewrite named {form!r}: there are {', '.join(sorted(rewrites)) or 'no rewrites'}, "
            f"and {', '.join(sorted(_CONVERSATION_FORMS))} and last:N of every conversation"
        )
    return texts, missing


def depth_of(qid: str) -> int:
    """Return the turn number at the end of a query id such as ``31_4``, ``1-2_10`` or ``132_1-3``."""
    number = re.search(r"(\d+)$", qid)
    if number is None:
        raise InputError(f"query id {qid!r} does not end in a turn number: name the turns.jsonl that has its depth")
    return int(number[1])


_CONVERSATION_FORMS = frozenset({"conversation", "user-turns", "utterance"})


def _history(record: JsonObject) -> list[Turn]:
    history = record.field("history")
    if not isinstance(history, list) or not all(map(_is_exchange, history)):
        raise record.wrong("history", "a list of [user, system] pairs of texts, the system's may be null", history)
    return [Turn(user, system) for user, system in history]


def _is_exchange(pair: object) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and (pair[1] is None or isinstance(pair[1], str))
    )


def _rewrites(record: JsonObject) -> dict[str, str]:
    rewrites = record.fields.get("rewrites") or {}
    if not isinstance(rewrites, dict) or not all(isinstance(text, str) for text in rewrites.values()):
        raise record.wrong("rewrites", "an object of texts by the name of the rewrite", rewrites)
    human = record.optional("manual_rewrite")
    return {**rewrites, "human": human} if human else rewrites
