"""Sparse vectors in Anserini's JSONL format, with lines of ``{"id": …, "contents": …, "vector": {token: impact}}``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import batched
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from disco_pyserini.errors import InputError
from disco_pyserini.files import exists, read_lines
from disco_pyserini.impacts import LARGEST_IMPACT
from disco_pyserini.vectors.batch import VectorBatch

_PASSAGES_PER_BATCH = 2_000
_KINDS = (".jsonl", ".json", ".jsonl.gz", ".json.gz")
# Anserini splits tokens at Java's white space, which is narrower than Python's.
_WHITE_SPACE = re.compile(r"[^\S\x85\xa0\u2007\u202f]")


class JsonlVectors:
    """A `disco_pyserini.vectors.VectorSource`. A token gets its id when it is first read."""

    space = None
    total = None

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._ids = _TokenIds()

    @property
    def vocabulary(self) -> Sequence[str]:
        """The tokens seen so far, in the order of their ids."""
        return self._ids.tokens

    def batches(self) -> Iterator[VectorBatch]:
        """Read all vectors; see `VectorSource.batches`. Impacts of 0 are skipped.

        Raises:
            InputError: a line is not JSON or not UTF-8, it has no id, there is white space in its id or in a token, or
                an impact is not an integer from 0 to 65535.
        """
        for file in self._files:
            lines = ((number, line) for number, line in enumerate(read_lines(file), 1) if line.strip())
            for chunk in batched(lines, _PASSAGES_PER_BATCH):
                yield self._batch([_record(f"{file}:{number}", line) for number, line in chunk])

    def _batch(self, records: Sequence[_Record]) -> VectorBatch:
        terms: list[int] = []
        for record in records:
            try:
                terms += [self._ids[token] for token in record.vector]
            except ValueError as problem:
                raise InputError(f"{record.where}: {problem}") from problem
        ids = np.array(terms, np.int32)
        impacts = np.array([impact for record in records for impact in record.vector.values()], np.uint16)
        owners = np.repeat(np.arange(len(records)), [len(record.vector) for record in records])
        order = np.lexsort((ids, owners))
        order = order[impacts[order] > 0]
        lengths = np.bincount(owners[order], minlength=len(records))
        raw = [record.contents for record in records]
        return VectorBatch(
            ids=[record.id for record in records],
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            terms=ids[order],
            impacts=impacts[order],
            raw=raw if any(raw) else None,
        )


def read_jsonl(path: Path) -> JsonlVectors:
    """Open a JSONL file, gzipped or not, or a folder of them (read in the order of their names).

    Raises:
        InputError: the path does not exist, is an empty folder, or has files of another kind.
    """
    if not exists(path):
        raise InputError(f"{path}: no such file or folder: expected JSONL vectors")
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    for file in files:
        if not file.name.lower().endswith(_KINDS) or file.is_dir():
            raise InputError(
                f"{file}: expected a file of JSONL vectors, whose name ends with {', '.join(_KINDS)}, "
                "or a folder of them, or what `disco encode` wrote"
            )
    if not files:
        raise InputError(f"{path}: expected files of JSONL vectors, found an empty folder")
    return JsonlVectors(files)


class _Record(NamedTuple):
    where: str
    id: str
    contents: str
    vector: dict[str, int]


class _TokenIds(dict[str, int]):
    """Ids by token; a new token gets the next id."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[str] = []

    def __missing__(self, token: str) -> int:
        if not is_one_token(token):
            raise ValueError(f"expected tokens without white space, found {token!r}")
        self[token] = len(self.tokens)
        self.tokens.append(token)
        return self[token]


def is_one_token(token: str) -> bool:
    """Whether Anserini reads a string as one token: it splits at white space."""
    return token != "" and not _WHITE_SPACE.search(token)


def _record(where: str, line: bytes) -> _Record:
    try:
        record: Any = json.loads(line)
        docid, contents, vector = record["id"], record.get("contents") or "", record["vector"]
        if type(docid) is int:
            docid = str(docid)
        if not isinstance(docid, str) or docid.split() != [docid]:
            raise ValueError(f"the id {docid!r} is empty or has white space in it")
        if not isinstance(contents, str) or not isinstance(vector, dict):
            raise ValueError("contents is not a string, or vector is not an object")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise InputError(
            f'{where}: expected {{"id": …, "contents": …, "vector": {{token: impact}}}}: {problem!r}'
        ) from problem
    for token, impact in vector.items():
        if type(impact) is not int or not 0 <= impact <= LARGEST_IMPACT:
            raise InputError(
                f"{where}: expected the impact of {token!r} to be an integer from 0 to {LARGEST_IMPACT}, found "
                f"{impact!r}: quantise weights first (Anserini would silently truncate them to integers)"
            )
    return _Record(where, docid, contents, vector)
