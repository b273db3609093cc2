"""Topics, runs and qrels: one strict reader and one writer for each.

Every reader accepts gzipped files (``.gz``), expects UTF-8, ignores a byte-order mark and empty lines, and raises an
`InputError` that names the file and the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Protocol

from disco_pyserini.errors import InputError
from disco_pyserini.files import read_text_lines, write_aside

type Topics = dict[str, str]
"""Query texts by query id."""

type Qrels = dict[str, dict[str, int]]
"""``{qid: {docid: grade}}``."""

type Run = dict[str, dict[str, float]]
"""``{qid: {docid: score}}``."""

RUN_LINE = "qid Q0 docid rank score tag"


class ScoredDocument(Protocol):
    """What a line of a run is made of; `disco_pyserini.search.Hit` is one."""

    @property
    def docid(self) -> str:
        """The document's id."""

    @property
    def score(self) -> float:
        """Its score."""


def read_topics(path: Path | str) -> Topics:
    """Read topics (``qid<TAB>text``).

    Pyserini itself cuts texts at tabs and keeps the last of equal ids; both are errors here.

    Args:
        path: the file; gzipped if its name ends with ``.gz``.

    Returns:
        the texts by query id.

    Raises:
        InputError: the file cannot be read, or a line is malformed.
    """
    topics: Topics = {}
    for number, line in _filled_lines(path):
        where = f"{path}:{number}"
        fields = line.split("\t")
        if len(fields) != 2:
            raise InputError(
                f"{where}: expected qid<TAB>text with exactly one tab, found {len(fields) - 1}: "
                "replace tabs inside the text by spaces"
            )
        qid, text = fields[0].strip(), fields[1].strip()
        if not qid or not text:
            raise InputError(f"{where}: empty {'query' if qid else 'query id'}: every line needs an id and a text")
        if qid.split() != [qid]:
            raise InputError(f"{where}: expected a query id without white space, which TREC runs need, found {qid!r}")
        if qid in topics:
            raise InputError(f"{where}: query id {qid!r} is used twice: ids must be unique")
        topics[qid] = text
    if not topics:
        raise InputError(f"{path}: no topics found: expected lines of qid<TAB>text")
    return topics


def write_topics(topics: Mapping[str, str], path: Path) -> None:
    """Write topics (``qid<TAB>text``)."""
    with write_aside(path) as lines:
        lines.writelines(f"{qid}\t{text}\n" for qid, text in topics.items())


def _qrel_fields(line: str) -> tuple[str, str, str]:
    qid, _, docid, grade = line.split()
    return qid, docid, grade


def read_qrels(
    path: Path | str,
    fields: Callable[[str], tuple[str, str, str] | None] = _qrel_fields,
    expected: str = "qid 0 docid grade",
) -> Qrels:
    """Read TREC qrels (``qid 0 docid grade``), or qrels that a publisher writes differently.

    Args:
        path: the file; gzipped if its name ends with ``.gz``.
        fields: returns query id, document id and grade of a line; None for a line to skip. Raises a `ValueError` for a
            malformed one.
        expected: what a line should be, for error messages.

    Returns:
        ``{qid: {docid: grade}}``.

    Raises:
        InputError: the file cannot be read or is empty, a line is malformed, or a document has two grades.
    """
    qrels: Qrels = {}
    for number, line in _filled_lines(path):
        try:
            found = fields(line)
            if found is None:
                continue
            qid, docid, text = found
            grade = int(_plain(text))
        except ValueError as problem:
            raise InputError(f"{path}:{number}: expected '{expected}', found {line.strip()!r:.80}") from problem
        grades = qrels.setdefault(qid, {})
        if grades.setdefault(docid, grade) != grade:
            raise InputError(
                f"{path}:{number}: document {docid!r} of query {qid!r} was already judged {grades[docid]}, found "
                f"{grade}: expected one grade"
            )
    if not qrels:
        raise InputError(f"{path}: no judgments found: expected lines of '{expected}'")
    return qrels


def write_qrels(qrels: Mapping[str, Mapping[str, int]], path: Path) -> None:
    """Write TREC qrels.

    Raises:
        InputError: a document id contains white space.
    """
    for grades in qrels.values():
        for docid in grades:
            if docid.split() != [docid]:
                raise InputError(f"expected ids without white space, which TREC qrels need, found {docid!r}")
    with write_aside(path) as lines:
        for qid, grades in qrels.items():
            lines.writelines(f"{qid} 0 {docid} {grade}\n" for docid, grade in grades.items())


def read_run(path: Path | str) -> Run:
    """Read a TREC run (``qid Q0 docid rank score tag``).

    Args:
        path: the file; gzipped if its name ends with ``.gz``.

    Returns:
        ``{qid: {docid: score}}``.

    Raises:
        InputError: the file cannot be read or is empty, a line is malformed, a score is not finite, or a document is
            listed twice for a query.
    """
    path = Path(path)
    run: Run = {}
    for qid, scores, where in parse_run(read_text_lines(path), path):
        documents = run.setdefault(qid, {})
        if repeated := documents.keys() & scores.keys():
            raise InputError(f"{where}: document {min(repeated)!r} of query {qid!r} is listed twice: expected it once")
        documents |= scores
    if not run:
        raise InputError(f"{path}: the run is empty: expected lines of '{RUN_LINE}'")
    return run


def parse_run(lines: Iterable[tuple[int, str]], path: Path) -> Iterator[tuple[str, dict[str, float], str]]:
    """Yield each group of consecutive lines with the same query id, for runs that do not fit into memory.

    Args:
        lines: numbered lines.
        path: their file, for error messages.

    Yields:
        the query id, the score of each document in the order of the file, and where the group begins (``path:line``).

    Raises:
        InputError: a line is malformed, a score is not finite, or a document is listed twice in a group.
    """
    current, began = "", ""
    scores: dict[str, float] = {}
    for number, line in lines:
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            qid, _, docid, _, text, _ = line.split()
            score = float(_plain(text))
        except ValueError as problem:
            raise InputError(f"{where}: expected '{RUN_LINE}', found {line.strip()!r:.80}") from problem
        if not isfinite(score):
            raise InputError(f"{where}: expected a finite score for document {docid!r}, found {text}")
        if qid != current:
            if scores:
                yield current, scores, began
            current, scores, began = qid, {}, where
        if docid in scores:
            raise InputError(f"{where}: document {docid!r} of query {qid!r} is listed twice: expected it once")
        scores[docid] = score
    if scores:
        yield current, scores, began


def write_run(results: Mapping[str, Iterable[ScoredDocument]], path: Path | str, tag: str = "Anserini") -> None:
    """Write a TREC run, byte for byte as Pyserini's search command does with ``--output``.

    Args:
        results: the hits of each query, by query id, best first. Queries are written in this order; Pyserini sorts
            them by id.
        path: the file.
        tag: the name of the run, in the last column.

    Raises:
        DiscoError: the file cannot be written.
    """
    with write_aside(Path(path)) as lines:
        for qid, hits in results.items():
            lines.writelines(run_lines(qid, hits, tag))


def run_lines(qid: str, hits: Iterable[ScoredDocument], tag: str = "Anserini") -> Iterator[str]:
    """The lines of one query in a TREC run."""
    return (f"{qid} Q0 {hit.docid.strip()} {rank} {hit.score:.6f} {tag}\n" for rank, hit in enumerate(hits, 1))


def _filled_lines(path: Path | str) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in read_text_lines(Path(path)) if line.strip())


def _plain(number: str) -> str:
    """Refuse the spellings that only Python reads, such as ``1_000`` and the digits of other scripts."""
    if "_" in number or not number.isascii():
        raise ValueError(f"expected a number of the digits 0 to 9, found {number}")
    return number
