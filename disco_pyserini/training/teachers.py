"""Teacher files: document scores for each query. The files may be too large for memory.

A file is DiSCo's JSON (``{qid: {docid: score}}``) or a TREC run, optionally gzipped. It is read and written
one query at a time.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, MutableSequence
from contextlib import ExitStack
from math import isfinite
from pathlib import Path
from typing import BinaryIO, cast

from disco_pyserini.datasets.json_records import json_events
from disco_pyserini.errors import InputError
from disco_pyserini.files import decode_lines, open_unpacked, write_bytes_aside
from disco_pyserini.trec import RUN_LINE, parse_run

TeacherQuery = tuple[str, dict[str, float]]
"""A query id, and the score of each document that the teacher scores for it."""


def read_teacher(path: Path | str, flat: MutableSequence[str] | None = None) -> Iterator[TeacherQuery]:
    """Yield the queries of a teacher file one by one, each with its documents in the file's order.

    Args:
        path: the file; JSON if it begins with ``{``, else a TREC run.
        flat: receives the ids of queries whose scores are all equal (or that have only one), which are then left out;
            without it, such a query is an error.

    Raises:
        InputError: the file is in neither format, or damaged; a score is NaN or infinite; a query, or a document of a
            query, is duplicated; a query has no documents; all scores of a query are equal; there are no queries.
    """
    path = Path(path)
    seen: set[str] = set()
    with open_unpacked(path) as file:
        read = _read_json if file.peek(1).lstrip()[:1] == b"{" else _read_run
        for qid, scores, where in read(path, file):
            if qid in seen:
                raise InputError(f"{where}: query id {qid!r} is duplicate: expected all scores of a query in one place")
            seen.add(qid)
            if not is_flat(scores):
                yield qid, scores
            elif flat is None:
                raise InputError(
                    f"{where}: expected scores that tell the documents of query {qid!r} apart, found {len(scores)} "
                    "equal score(s): the student learns nothing from them: leave the query out"
                )
            else:
                flat.append(qid)
    if not seen:
        raise InputError(f"{path}: no query found: expected {_EXPECTED}")


def is_flat(scores: Mapping[str, float]) -> bool:
    """Whether all scores are equal, so that a student cannot learn from them."""
    return len(set(scores.values())) < 2


def write_teacher(queries: Iterable[TeacherQuery], path: Path | str) -> int:
    """Write a teacher file: DiSCo's JSON, one query per line.

    Args:
        queries: (query id, ``{docid: score}``) pairs.
        path: the file; gzipped if its name ends with ``.gz``.

    Returns:
        the number of queries.

    Raises:
        InputError: a score is NaN or infinite, a query is duplicated, or there are no queries; nothing is written.
        DiscoError: the file could not be written.
    """
    path = Path(path)
    seen: set[str] = set()
    with write_bytes_aside(path) as file, ExitStack() as stack:
        out = file
        if path.suffix == ".gz":
            # Without file name and time, so that equal scores give equal bytes.
            out = cast(BinaryIO, stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0)))
        for qid, scores in queries:
            if qid in seen:
                raise InputError(f"{path}: query id {qid!r} would be written twice: ids must be unique")
            for docid, score in scores.items():
                _check_score(score, str(path), qid, docid)
            out.write(b",\n" if seen else b"{\n")
            out.write(f"{json.dumps(qid, ensure_ascii=False)}: {json.dumps(scores, ensure_ascii=False)}".encode())
            seen.add(qid)
        if not seen:
            raise InputError(f"no query has scores: nothing to write to {path}")
        out.write(b"\n}\n")
    return len(seen)


_EXPECTED = f"JSON as {{qid: {{docid: score}}}}, or lines of '{RUN_LINE}'"


def _read_json(path: Path, file: io.BufferedIOBase) -> Iterator[tuple[str, dict[str, float], str]]:
    qid: str | None = None
    scores: dict[str, float] | None = None
    docid = where = ""
    try:
        events = json_events(file, 2)
        next(events)  # the brace that opens the file
        for event, value in events:
            if scores is None and event == "map_key":
                qid, where = value, f"{path}: query {value!r}"
            elif scores is None and event == "start_map":
                scores = {}
            elif scores is None and event == "end_map":
                continue  # of the file
            elif scores is None:
                raise InputError(
                    f"{where}: expected {{docid: score}}, found {_SHOWN.get(event, json.dumps(value))[:80]}"
                )
            elif event == "map_key":
                docid = value
            elif event == "end_map":
                if not scores:
                    raise InputError(f"{where}: expected {{docid: score}}, found {{}}")
                yield str(qid), scores, where
                scores = None
            else:
                _check_score(_SHOWN.get(event, value), str(path), str(qid), docid)
                if docid in scores:
                    raise InputError(f"{where}: document {docid!r} has two scores: expected one")
                scores[docid] = value
    except ValueError as problem:
        after = "" if qid is None else f" after query {qid!r}"
        raise InputError(
            f"{path}: expected whole JSON as {{qid: {{docid: score}}}}, found{after}: {problem} "
            "(NaN and infinity are not JSON)"
        ) from problem


_SHOWN = {"start_map": "{…}", "start_array": "[…]"}


def _read_run(path: Path, file: io.BufferedIOBase) -> Iterator[tuple[str, dict[str, float], str]]:
    return parse_run(decode_lines(file, path), path)


def _check_score(score: object, where: str, qid: str, docid: str) -> None:
    if isinstance(score, bool) or not isinstance(score, int | float) or not isfinite(score):
        raise InputError(
            f"{where}: expected a finite number as the score of document {docid!r} for query {qid!r}, found {score!r}"
        )
