"""Ask a language model to rewrite every turn that has no rewrite yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from disco_pyserini.datasets.turns import Query
from disco_pyserini.rewriting.prompts import Prompt
from disco_pyserini.rewriting.store import continue_rewrites

_QUOTATION_MARKS = (('"', '"'), ("'", "'"), ("“", "”"), ("«", "»"))

_SPEAKER = re.compile(r"(user|system|assistant)\s*:", re.IGNORECASE)


class Answer(NamedTuple):
    """A model's answer for a query: a text, or the reason why there is none.

    ``cut`` says that the model stopped at the token limit, so that the text may lack its end.
    """

    qid: str
    text: str | None
    reason: str = ""
    cut: bool = False


class Rewriter(Protocol):
    """A language model: `LocalModel` or `ChatServer`."""

    @property
    def name(self) -> str:
        """The model's name, as stored with the rewrites."""

    def answers(self, prompts: Iterable[tuple[str, str]]) -> Iterator[Answer]:
        """Answer prompts, given with their query ids, in any order.

        Raises:
            DiscoError: the model can answer no more prompts.
        """


@dataclass
class Summary:
    """The result of a run: the number of new and of existing rewrites, and the reason for each failure by query id."""

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
    """Rewrite every query that is missing from ``output``, and append the rewrites to it.

    Raises:
        InputError: ``output`` is not a file of rewrites, or has rewrites by another model or prompt.
        DiscoError: the model failed; finished rewrites are kept, and the same call continues from there.
    """
    summary = Summary()
    with continue_rewrites(output, rewriter.name, prompt.sha256) as (file, done):
        missing = [query for query in queries if query.qid not in done]
        summary.earlier = len(queries) - len(missing)
        progress(summary.earlier)
        asked = {query.qid: query for query in missing}
        for answer in rewriter.answers((query.qid, prompt.fill(query.conversation)) for query in missing):
            rewrite = clean(answer.text or "")
            problem = answer.reason or _problem(rewrite, answer, asked[answer.qid], prompt)
            if problem:
                summary.failed[answer.qid] = problem
            else:
                file.add(answer.qid, rewrite, datetime.now(UTC).isoformat(timespec="seconds"))
                summary.written += 1
            progress(1)
    return summary


def _problem(rewrite: str, answer: Answer, query: Query, prompt: Prompt) -> str:
    """Return why an answer's text is no rewrite, or an empty string."""
    shown = f"{(answer.text or '')[:80]!r}"
    if not rewrite:
        return f"no rewrite in the answer {shown}"
    if answer.cut and "\n" not in (answer.text or "").strip():
        return f"the answer was cut at the token limit: {shown}: allow more with --max-new-tokens"
    if _SPEAKER.match(rewrite):
        return f"the answer goes on with the conversation: {shown}"
    if rewrite in prompt.examples and rewrite != " ".join(query.conversation.utterance.split()):
        return f"the answer repeats an example of the prompt: {shown}"
    return ""


def clean(answer: str) -> str:
    """Return the rewrite in an answer: its first non-empty line, without surrounding quotation marks.

    The reasoning up to ``</think>`` is removed first.
    """
    if "<think>" in answer and "</think>" not in answer:
        return ""
    lines = (" ".join(line.split()) for line in answer.rpartition("</think>")[2].splitlines())
    line = next(filter(None, lines), "")
    for opening, closing in _QUOTATION_MARKS:
        if len(line) > 1 and line.startswith(opening) and line.endswith(closing):
            line = line[1:-1].strip()
    return line
