"""Rewrites on disk: one JSON object per line, written as they arrive, so a killed run keeps finished rewrites."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import only_run
from disco_pyserini.records import Record, Text, parse_json


class Rewrite(Record):
    """One line of the file.

    Attributes:
        qid: the turn's id.
        rewrite: its stand-alone question.
        model: the model that wrote it.
        prompt: SHA-256 of the template that was filled.
        time: when, in UTC (ISO 8601).
    """

    qid: Text
    rewrite: Text
    model: Text
    prompt: Text
    time: Text


class RewriteFile:
    """A file of rewrites, open for appending."""

    def __init__(self, lines: TextIO, model: str, prompt: str) -> None:
        self._lines = lines
        self._model = model
        self._prompt = prompt

    def add(self, qid: str, rewrite: str, time: str) -> None:
        """Write a rewrite so that it survives a kill of the process."""
        record = Rewrite(qid=qid, rewrite=rewrite, model=self._model, prompt=self._prompt, time=time)
        self._lines.write(json.dumps(record.model_dump(), ensure_ascii=False) + "\n")
        self._lines.flush()


@contextmanager
def continue_rewrites(path: Path, model: str, prompt: str) -> Iterator[tuple[RewriteFile, set[str]]]:
    """Open a file to append rewrites; return it with the ids of the queries it already has.

    If a killed run left the last line incomplete, the line is cut off and its query is rewritten again.

    Raises:
        InputError: it is not a file of rewrites, or has rewrites by another model or prompt.
        DiscoError: the file could not be written; earlier lines are kept.
    """
    done = set()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as lines, only_run(path):
            whole, torn = _whole_lines(path)
            for record in _records(path, whole):
                if (record.model, record.prompt) != (model, prompt):
                    raise InputError(
                        f"{path}: holds rewrites by {record.model} with prompt {record.prompt[:12]}…, these would be "
                        f"by {model} with prompt {prompt[:12]}…: choose another --output"
                    )
                done.add(record.qid)
            # Only after checking that it is a file of rewrites.
            if torn:
                lines.truncate(path.stat().st_size - torn)
            yield RewriteFile(lines, model, prompt), done
    except OSError as problem:
        reason = problem.strerror or problem
        raise DiscoError(
            f"cannot write {path}: {reason}: the same command continues after the last whole line"
        ) from problem


def _whole_lines(path: Path) -> tuple[list[bytes], int]:
    """Return the complete lines of a file, and the length in bytes of an incomplete last line."""
    lines = path.read_bytes().split(b"\n")
    last = lines.pop()
    beginning = b'{"qid": "'
    if last and not last.startswith(beginning[: len(last)]):
        lines.append(last)
        return lines, 0
    return lines, len(last)


def _records(path: Path, lines: Iterable[bytes]) -> Iterator[Rewrite]:
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        record = Rewrite.check(parse_json(line, f"{path}:{number}"), f"{path}:{number}: not a rewrite")
        if record.qid in seen:
            raise InputError(
                f"{path}:{number}: query id {record.qid!r} was already rewritten on line {seen[record.qid]}: "
                "keep one of the two lines"
            )
        seen[record.qid] = number
        yield record
