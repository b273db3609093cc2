"""The shape that every conversational collection has, and its files on disk.

A collection is a folder of ``corpus.jsonl`` (``id``, ``contents``), ``turns.jsonl`` (one turn to answer per line, with
its history) and ``qrels.txt`` (TREC). Topics files are what Pyserini reads: ``qid<TAB>text``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from disco_pyserini.conversation import Conversation, Turn, query_text
from disco_pyserini.errors import InputError
from disco_pyserini.files import write_aside


@dataclass(frozen=True, slots=True)
class Passage:
    """A unit of retrieval."""

    id: str
    contents: str


@dataclass(frozen=True, slots=True)
class Query:
    """One turn to answer: the conversation up to it, and the stand-alone rewrites that exist (``human``, …).

    The conversation's last turn has the response that the collection gives, where it gives one.
    """

    qid: str
    conversation_id: str
    conversation: Conversation
    rewrites: Mapping[str, str] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """The turn's number in its conversation, from 1."""
        return len(self.conversation.turns)

    def text(self, form: str) -> str:
        """The query text in a form of `disco_pyserini.conversation.query_text`, or the rewrite of that name."""
        if form in self.rewrites:
            return " ".join(self.rewrites[form].split())
        return query_text(self.conversation, form)


def read_turns(path: Path) -> Iterator[Query]:
    """Read ``turns.jsonl``: ``qid``, ``conversation_id``, ``history`` as [user, system] pairs oldest first,
    ``utterance``, ``manual_rewrite`` (or null) and, where there are any, ``response`` and ``rewrites`` by name."""
    seen: dict[str, int] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            where = f"{path}:{number}"
            try:
                record: dict[str, Any] = json.loads(line)
                history = [Turn(user, system) for user, system in record["history"]]
                query = Query(
                    qid=record["qid"],
                    conversation_id=record["conversation_id"],
                    conversation=Conversation((*history, Turn(record["utterance"], record.get("response")))),
                    rewrites=_rewrites(record),
                )
            except (ValueError, KeyError, TypeError) as problem:
                raise InputError(
                    f"{where}: expected a JSON object with qid, conversation_id, history and utterance: {problem!r}"
                ) from problem
            if query.qid in seen:
                raise InputError(f"{where}: query id {query.qid!r} was already used on line {seen[query.qid]}")
            seen[query.qid] = number
            yield query


def write_turns(queries: Iterable[Query], path: Path) -> None:
    """Write what `read_turns` reads."""
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
    """The text of every query in a form (see `Query.text`), by id, and the ids of those that lack that rewrite.

    Raises:
        InputError: none has it; the message names those that there are.
    """
    texts, missing, rewrites = {}, [], set[str]()
    for query in queries:
        rewrites |= query.rewrites.keys()
        if form in query.rewrites or form in _CONVERSATION_FORMS or form.startswith("last:"):
            texts[query.qid] = query.text(form)
        else:
            missing.append(query.qid)
    if not texts:
        raise InputError(
            f"no query has a rewrite named {form!r}: there are {', '.join(sorted(rewrites)) or 'no rewrites'}, "
            f"and {', '.join(sorted(_CONVERSATION_FORMS))} and last:N of every conversation"
        )
    return texts, missing


def write_topics(texts: Mapping[str, str], path: Path) -> None:
    """Write a topics file (``qid<TAB>text``)."""
    with write_aside(path) as lines:
        lines.writelines(f"{qid}\t{text}\n" for qid, text in texts.items())


def read_topics(path: Path) -> dict[str, str]:
    """Read a topics file strictly: Pyserini itself cuts texts at tabs and keeps the last of equal ids."""
    topics: dict[str, str] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            fields = line.rstrip("\r\n").split("\t")
            where = f"{path}:{number}"
            if len(fields) != 2:
                raise InputError(
                    f"{where}: expected qid<TAB>text with exactly one tab, found {len(fields) - 1}: "
                    "replace tabs inside the text by spaces"
                )
            qid, text = fields[0].strip(), fields[1].strip()
            if not qid or not text:
                raise InputError(f"{where}: empty {'query' if qid else 'query id'}: every line needs an id and a text")
            if qid in topics:
                raise InputError(f"{where}: query id {qid!r} is used twice: ids must be unique")
            topics[qid] = text
    if not topics:
        raise InputError(f"{path}: no topics found: expected lines of qid<TAB>text")
    return topics


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Read TREC qrels (``qid 0 docid grade``) as ``{qid: {docid: grade}}``."""
    qrels: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                qid, _, docid, grade = line.split()
                qrels.setdefault(qid, {})[docid] = int(grade)
            except ValueError as problem:
                raise InputError(f"{path}:{number}: expected 'qid 0 docid grade', found {line.strip()!r}") from problem
    return qrels


def write_qrels(qrels: Mapping[str, Mapping[str, int]], path: Path) -> None:
    """Write TREC qrels.

    Raises:
        InputError: a passage's id has white space in it.
    """
    for grades in qrels.values():
        for docid in grades:
            if docid.split() != [docid]:
                raise InputError(f"expected ids without white space, which TREC qrels need, found {docid!r}")
    with write_aside(path) as lines:
        for qid, grades in qrels.items():
            lines.writelines(f"{qid} 0 {docid} {grade}\n" for docid, grade in grades.items())


_CONVERSATION_FORMS = frozenset({"conversation", "user-turns", "utterance"})


def _rewrites(record: Mapping[str, Any]) -> dict[str, str]:
    rewrites = dict(record.get("rewrites") or {})
    if record.get("manual_rewrite"):
        rewrites["human"] = record["manual_rewrite"]
    return rewrites
