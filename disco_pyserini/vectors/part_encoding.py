"""Encoding the passages of one part, here or on another machine: what goes in, and the bytes that come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from disco_pyserini.errors import DiscoError
from disco_pyserini.impacts import ImpactVector
from disco_pyserini.vectors.parquet import to_parquet

_PASSAGES_PER_CALL = 1_000

type Encode = Callable[[Sequence[str]], Sequence[ImpactVector]]
type Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class PartTask:
    """The passages of one part, to be encoded.

    Attributes:
        number: the part's place, from 0.
        ids: of the passages.
        texts: of the passages, in the same order.
        store_raw: whether the part stores the texts too.
        vocabulary_size: token ids must be below this.
    """

    number: int
    ids: Sequence[str]
    texts: Sequence[str]
    store_raw: bool
    vocabulary_size: int


@dataclass(frozen=True, slots=True)
class EncodedPart:
    """An encoded part.

    Attributes:
        number: the part's place, from 0.
        content: the bytes of its Parquet file.
        postings: the number of (term, impact) pairs.
    """

    number: int
    content: bytes
    postings: int


type EncodeParts = Callable[[Iterator[PartTask], Progress], Iterator[EncodedPart]]
"""Encodes parts in any order; calls the second argument with the number of passages done since the last call."""


def encode_part(task: PartTask, encode: Encode, progress: Progress) -> EncodedPart:
    """Encode one part. Equal vectors give equal bytes, wherever this runs.

    Raises:
        DiscoError: the encoder returned something other than one vector of its vocabulary for each text.
    """
    vectors: list[ImpactVector] = []
    for start in range(0, len(task.texts), _PASSAGES_PER_CALL):
        span = slice(start, start + _PASSAGES_PER_CALL)
        encoded = encode(task.texts[span])
        _check(task.ids[span], encoded, task.vocabulary_size)
        vectors += encoded
        progress(len(encoded))
    content = to_parquet(task.ids, vectors, task.texts if task.store_raw else None).to_pybytes()
    return EncodedPart(task.number, content, sum(len(vector.terms) for vector in vectors))


def one_by_one(encode: Encode) -> EncodeParts:
    """Encode parts in this process, one after the other."""

    def encode_parts(tasks: Iterator[PartTask], progress: Progress) -> Iterator[EncodedPart]:
        for task in tasks:
            yield encode_part(task, encode, progress)

    return encode_parts


def _check(ids: Sequence[str], vectors: Sequence[ImpactVector], vocabulary_size: int) -> None:
    if len(vectors) != len(ids):
        raise DiscoError(f"the encoder returned {len(vectors)} vectors for {len(ids)} passages")
    for docid, (terms, impacts) in zip(ids, vectors, strict=True):
        ends = (int(terms[0]), int(terms[-1])) if len(terms) else (0, 0)
        if len(terms) != len(impacts) or ends[0] < 0 or ends[1] >= vocabulary_size:
            raise DiscoError(f"the encoder returned a vector for passage {docid!r} outside its vocabulary")
