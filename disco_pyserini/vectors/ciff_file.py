"""Reading CIFF, the Common Index File Format, as vectors: term frequencies are impacts.

A file of protobuf messages, each after its length: a header, the posting lists, the documents. It is sorted by term and
vectors are sorted by document, so the postings are sorted in memory: 20 bytes for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.files import open_unpacked
from disco_pyserini.impacts import LARGEST_IMPACT
from disco_pyserini.vectors.batch import VectorBatch
from disco_pyserini.vectors.jsonl import is_one_token

SUFFIXES = (".ciff", ".ciff.gz")
_DOCUMENTS_PER_BATCH = 2_000
# Keys of protobuf fields: the number of the field times 8, plus its kind.
_POSTING, _GAP, _IMPACT = 4 << 3 | 2, 1 << 3, 2 << 3


@dataclass(frozen=True, slots=True)
class CiffVectors:
    """A `disco_pyserini.vectors.VectorSource` in memory. A term's id is its place in the file."""

    vocabulary: Sequence[str]
    ids: list[str]
    offsets: NDArray[np.int64]
    terms: NDArray[np.int32]
    impacts: NDArray[np.uint16]
    space: None = None

    @property
    def total(self) -> int:
        """The number of documents."""
        return len(self.ids)

    def batches(self) -> Iterator[VectorBatch]:
        """Read all vectors; see `VectorSource.batches`."""
        for first in range(0, len(self.ids), _DOCUMENTS_PER_BATCH):
            offsets = self.offsets[first : first + _DOCUMENTS_PER_BATCH + 1]
            span = slice(offsets[0], offsets[-1])
            ids = self.ids[first : first + _DOCUMENTS_PER_BATCH]
            yield VectorBatch(ids, offsets - offsets[0], self.terms[span], self.impacts[span])


def read_ciff(path: Path) -> CiffVectors:
    """Read a CIFF file, gzipped or not.

    Raises:
        InputError: it is not CIFF or damaged, there is white space in an id or a term, or a term frequency is above
            65,535.
    """
    with open_unpacked(path) as file:
        content = file.read()
    try:
        return _read(content)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InputError(f"{path}: expected a whole CIFF file of impacts: {problem}: get or make it again") from problem


class _Field(NamedTuple):
    number: int
    value: int | bytes
    end: int


def _read(content: bytes) -> CiffVectors:
    messages = _messages(content)
    header = {field.number: field.value for field in _fields(next(messages, b""))}
    lists, documents = int(header.get(2, 0)), int(header[3])
    vocabulary: list[str] = []
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    ids = [""] * documents
    for number, message in enumerate(messages):
        if number < lists:
            term, places, impacts = _posting_list(message)
            if places.size and (places[-1] >= documents or (np.diff(places) <= 0).any()):
                raise ValueError(f"the documents of the term {term!r} are not those of the file")
            vocabulary.append(term)
            found.append((places, impacts))
        else:
            record = {field.number: field.value for field in _fields(message)}
            ids[int(record.get(1, 0))] = _text(record[2])
    if bad := [docid for docid in ids if docid.split() != [docid]]:
        raise ValueError(f"the id {bad[0]!r} is empty or has white space in it")
    sizes = [len(places) for places, _ in found]
    owners = np.concatenate([np.zeros(0, np.int64), *(places for places, _ in found)])
    weights = np.concatenate([np.zeros(0, np.int64), *(impacts for _, impacts in found)])
    order = np.argsort(owners, kind="stable")
    lengths = np.bincount(owners, minlength=documents)
    return CiffVectors(
        vocabulary=vocabulary,
        ids=ids,
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        terms=np.repeat(np.arange(len(found), dtype=np.int32), sizes)[order],
        impacts=weights.astype(np.uint16)[order],
    )


def _posting_list(message: bytes) -> tuple[str, NDArray[np.int64], NDArray[np.int64]]:
    """Return a term, and the document numbers and impacts of its postings, which come last in the message."""
    term, end = "", 0
    for field in _fields(message):
        if field.number == 4:
            break
        if field.number == 1:
            term = _text(field.value)
        end = field.end
    if not is_one_token(term):
        raise ValueError(f"the term {term!r} is empty or has white space in it")
    numbers = _numbers(np.frombuffer(message, np.uint8, offset=end))
    if len(numbers) > 2 and numbers[2] == _IMPACT:  # document 0: a writer may leave out zeros
        numbers = np.concatenate([numbers[:2], [_GAP, 0], numbers[2:]])
    rows = numbers.reshape(-1, 6)
    if (rows[:, [0, 2, 4]] != [_POSTING, _GAP, _IMPACT]).any():
        raise ValueError(f"the postings of the term {term!r} are not pairs of a document and a frequency")
    impacts = rows[:, 5]
    if impacts.size and not 0 < impacts.min() <= impacts.max() <= LARGEST_IMPACT:
        raise ValueError(f"a frequency of the term {term!r} is not from 1 to {LARGEST_IMPACT:,}")
    return term, np.cumsum(rows[:, 3]), impacts


# Protobuf's wire format.


def _messages(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        size, place = _number(content, place)
        if place + size > len(content):
            raise ValueError("it ends within a message")
        yield content[place : place + size]
        place += size


def _fields(message: bytes) -> Iterator[_Field]:
    place = 0
    while place < len(message):
        key, place = _number(message, place)
        value: int | bytes
        match key & 7:
            case 0:
                value, place = _number(message, place)
            case 1:
                value, place = message[place : place + 8], place + 8
            case 2:
                size, place = _number(message, place)
                value, place = message[place : place + size], place + size
            case _:
                raise ValueError(f"a field of kind {key & 7} is in it")
        yield _Field(key >> 3, value, place)


def _number(content: bytes, place: int) -> tuple[int, int]:
    """Read a number in groups of 7 bits, lowest first; return it and the place after it."""
    number = shift = 0
    while True:
        byte = content[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place


def _numbers(content: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Read all numbers of a message that has nothing else in it."""
    ends = np.flatnonzero(content < 128)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[: len(ends)]
    numbers = np.zeros(len(ends), np.int64)
    for group in range(int((ends - starts).max(initial=-1)) + 1):
        longer = starts + group <= ends
        numbers[longer] |= (content[starts[longer] + group].astype(np.int64) & 127) << (7 * group)
    return numbers


def _text(value: int | bytes) -> str:
    if isinstance(value, int):
        raise ValueError("a number is where a text should be")
    return value.decode()
