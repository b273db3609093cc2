"""CIFF, the Common Index File Format (Lin et al., SIGIR 2020): an inverted index in one file, for PISA, JASS, Terrier …

The file holds a header, one posting list for each term, and one record for each document; each is a protobuf message
after its length. The messages are small and fixed, so they are encoded here, by NumPy: protobuf's own Python classes
take hours for the postings of a large collection, and the package ``ciff-toolkit`` needs a protobuf of 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.exports.survey import Survey, chunks, survey
from disco_pyserini.files import write_bytes_aside
from disco_pyserini.vectors import VectorSource

SUFFIX = ".ciff"
_VERSION = 1
_DESCRIPTION = "Impact vectors by disco-pyserini: term frequencies are impacts, document lengths are sums of impacts."
_CHUNK = 2_000
POSTINGS_IN_MEMORY = 2**26
"""The vectors are read once for each so many postings: 1.3 GB of memory."""


def export(source: VectorSource, output: Path, progress: Callable[[int], None] = lambda vectors: None) -> int:
    """Write a CIFF file. Term frequencies are impacts; documents without terms are left out.

    Terms are in the order of their UTF-8 bytes, documents in that of the source. The vectors are read once to count,
    and once for every `POSTINGS_IN_MEMORY` postings.

    Args:
        source: the vectors.
        output: the file, whose name ends with ``.ciff``; replaced when everything is written.
        progress: called with the number of documents written since the last call.

    Returns:
        the number of documents.

    Raises:
        InputError: the name ends otherwise, or there are duplicate ids.
        DiscoError: the file system refused.
    """
    if not output.name.endswith(SUFFIX):
        raise InputError(f"{output}: expected a name that ends with {SUFFIX}")
    found = survey(source)
    order = sorted(np.flatnonzero(found.frequencies).tolist(), key=lambda term: source.vocabulary[term].encode())
    reported = 0
    with write_bytes_aside(output) as file:
        lengths = _document_lengths(source, found)
        _write(file, _header(found, len(order), lengths))
        groups = list(_groups(order, found.frequencies))
        for number, terms in enumerate(groups, 1):
            _write_lists(file, source, terms, found)
            progress((share := found.documents * number // len(groups)) - reported)
            reported = share
        documents = 0
        for batch in chunks(source, _CHUNK):
            for docid in batch.ids:
                _write(file, _record(documents, docid, int(lengths[documents])))
                documents += 1
    return found.documents


def _document_lengths(source: VectorSource, found: Survey) -> NDArray[np.int64]:
    sums = [np.add.reduceat(batch.impacts.astype(np.int64), batch.offsets[:-1]) for batch in chunks(source, _CHUNK)]
    lengths = np.concatenate(sums)
    if found.documents > 2**31 - 1 or lengths.max() > 2**31 - 1:
        raise InputError("CIFF numbers documents, and adds up their impacts, with 32 bits: export fewer documents")
    return lengths


def _groups(order: list[int], frequencies: NDArray[np.int64]) -> Iterator[list[int]]:
    """Divide the terms into groups whose postings fit into memory together."""
    group: list[int] = []
    postings = 0
    for term in order:
        if group and postings + frequencies[term] > POSTINGS_IN_MEMORY:
            yield group
            group, postings = [], 0
        group.append(term)
        postings += int(frequencies[term])
    yield group


def _write_lists(file: BinaryIO, source: VectorSource, terms: list[int], found: Survey) -> None:
    """Write the posting lists of some terms: count-sort the postings of all documents by term."""
    starts = np.full(len(found.frequencies), -1, np.int64)
    sizes = found.frequencies[terms]
    starts[terms] = np.cumsum(sizes) - sizes
    documents, impacts = np.empty(sizes.sum(), np.int32), np.empty(sizes.sum(), np.uint16)
    next_free = starts.copy()
    first = 0
    for batch in chunks(source, _CHUNK):
        owners = np.repeat(np.arange(first, first + len(batch), dtype=np.int32), np.diff(batch.offsets))
        wanted = np.flatnonzero(starts[batch.terms] >= 0)
        by_term = wanted[np.argsort(batch.terms[wanted], kind="stable")]
        sorted_terms = batch.terms[by_term]
        # The place of each posting: after those of its term before this chunk, and within it.
        begins = np.flatnonzero(np.diff(sorted_terms, prepend=-1))
        within = np.arange(len(by_term)) - np.repeat(begins, np.diff(begins, append=len(by_term)))
        places = next_free[sorted_terms] + within
        documents[places], impacts[places] = owners[by_term], batch.impacts[by_term]
        next_free += np.bincount(batch.terms[wanted], minlength=len(next_free))
        first += len(batch)
    for term in terms:
        span = slice(starts[term], starts[term] + found.frequencies[term])
        _write(file, _posting_list(source.vocabulary[term], documents[span], impacts[span]))


# Protobuf's wire format: a field is a key (its number times 8, plus its kind), then a number in groups of 7 bits, or
# a length and bytes.


def _write(file: BinaryIO, message: bytes) -> None:
    file.write(_number(len(message)))
    file.write(message)


def _number(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


def _integer(field: int, value: int) -> bytes:
    return bytes([field << 3]) + _number(value)


def _bytes(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _number(len(content)) + content


def _header(found: Survey, lists: int, lengths: NDArray[np.int64]) -> bytes:
    total = int(lengths.sum())
    counts = (_VERSION, lists, found.documents, lists, found.documents, total)
    numbers = b"".join(_integer(field, value) for field, value in enumerate(counts, 1))
    average = bytes([7 << 3 | 1]) + np.array(total / found.documents, "<f8").tobytes()
    return numbers + average + _bytes(8, _DESCRIPTION.encode())


def _record(number: int, docid: str, length: int) -> bytes:
    return _integer(1, number) + _bytes(2, docid.encode()) + _integer(3, length)


def _posting_list(term: str, documents: NDArray[np.int32], impacts: NDArray[np.uint16]) -> bytes:
    """A term, its document frequency, its collection frequency, and (gap to the document before, impact) pairs."""
    head = _bytes(1, term.encode()) + _integer(2, len(documents)) + _integer(3, int(impacts.sum(dtype=np.int64)))
    gaps = documents.astype(np.int64)
    gaps[1:] -= documents[:-1]
    weights = impacts.astype(np.int64)
    sizes = 2 + _sizes(gaps) + _sizes(weights)
    starts = np.cumsum(sizes + 2) - (sizes + 2)
    out = np.empty(int((sizes + 2).sum()), np.uint8)
    out[starts], out[starts + 1] = 4 << 3 | 2, sizes
    out[starts + 2] = 1 << 3
    _put(out, starts + 3, gaps)
    at = starts + 3 + _sizes(gaps)
    out[at] = 2 << 3
    _put(out, at + 1, weights)
    return head + out.tobytes()


def _sizes(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many groups of 7 bits each number takes."""
    sizes = np.ones(len(numbers), np.int64)
    for shift in (7, 14, 21, 28):
        sizes += numbers >= 1 << shift
    return sizes


def _put(out: NDArray[np.uint8], places: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
    """Write each number in groups of 7 bits, lowest first, with the highest bit set in all but the last."""
    while len(numbers):
        more = numbers > 127
        out[places] = (numbers & 127) | (more << 7)
        places, numbers = places[more] + 1, numbers[more] >> 7
