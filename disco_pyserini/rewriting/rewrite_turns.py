"""Asking a language model for the rewrite of every turn that has none yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from disco_pyserini.datasets.turns import Query
from disco_pyserini.rewriting.prompts import Prompt
from disco_pyserini.rewriting.store import continue_rewrites

_QUOTATION_MARKS = (('"', '"'), ("'", "'"), ("“", "”"), ("«", "»"))


class Answer(NamedTuple):
    """What a model said to the prompt of a query: a text or, if it gave none, the reason."""

    qid: str
    text: str | None
    reason: str = ""


class Rewriter(Protocol):
    """A language model: `LocalModel` or `ChatServer`."""

    @property
    def name(self) -> str:
        """The model, as it is stored with the rewrites."""

    def answers(self, prompts: Iterable[tuple[str, str]]) -> Iterator[Answer]:
        """Answer prompts, each with the id of its query, in any order.

        Raises:
            DiscoError: the model cannot answer at all any more.
        """


@dataclass
class Summary:
    """What a run did: how many rewrites it wrote, how many there were before, and by query id what failed and why."""

    written: int = 0
    earlier: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def rewrite_turns(
    queries: Sequence[Query],
    prompt: Prompt,
    rewriter: Rewriter,
    output: Path,
    progress: Callable[[int], None] = lambda turns: None,
) -> Summary:
    """Add the rewrite of every query that ``output`` lacks to it.

    Raises:
        InputError: ``output`` holds something else, or rewrites by another model or prompt.
        DiscoError: the model gave up; every rewrite until then is kept, and the same call continues.
    """
    summary = Summary()
    with continue_rewrites(output, rewriter.name, prompt.sha256) as (file, done):
        missing = [query for query in queries if query.qid not in done]
        summary.earlier = len(queries) - len(missing)
        progress(summary.earlier)
        for answer in rewriter.answers((query.qid, prompt.fill(query.conversation)) for query in missing):
            rewrite = clean(answer.text or "")
            if rewrite:
                file.add(answer.qid, rewrite, datetime.now(UTC).isoformat(timespec="seconds"))
                summary.written += 1
            else:
                summary.failed[answer.qid] = answer.reason or f"no rewrite in the answer {(answer.text or '')[:80]!r}"
            progress(1)
    return summary


def clean(answer: str) -> str:
    """The rewrite in an answer: its first line that is not empty, without quotation marks around it.

    What a reasoning model thinks aloud, up to ``</think>``, is no part of its answer.
    """
    if "<think>" in answer and "</think>" not in answer:
        return ""
    lines = (" ".join(line.split()) for line in answer.rpartition("</think>")[2].splitlines())
    line = next(filter(None, lines), "")
    for opening, closing in _QUOTATION_MARKS:
        if len(line) > 1 and line.startswith(opening) and line.endswith(closing):
            line = line[1:-1].strip()
    return line
