"""Reading vectors once before they go to another engine: counts, limits and a digest, and no duplicate ids."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.vectors import VectorBatch, VectorSource
from disco_pyserini.vectors.duplicates import SeenIds


@dataclass(frozen=True, slots=True)
class Survey:
    """What a source of vectors holds. Documents without terms can never be found and are only counted.

    Attributes:
        documents: the number of documents with terms.
        empty: the number of documents without terms.
        postings: the number of (term, document) pairs.
        frequencies: (vocabulary,) the number of documents of each term.
        longest_vector: the largest number of terms in a document.
        longest_id: the length of the longest id in UTF-8, in bytes.
        longest_text: the length of the longest text in UTF-8, in bytes; 0 if no texts are stored.
        digest: SHA-256 over ids, terms and impacts.
    """

    documents: int
    empty: int
    postings: int
    frequencies: NDArray[np.int64]
    longest_vector: int
    longest_id: int
    longest_text: int
    digest: str

    @property
    def ignored(self) -> list[int]:
        """The terms that occur in every document, which no engine counts."""
        found: list[int] = np.flatnonzero(self.frequencies == self.documents).tolist()
        return found


def survey(source: VectorSource) -> Survey:
    """Read all vectors once. Memory: 8 bytes for each document, to find duplicate ids.

    Raises:
        InputError: an id is used twice, no document has terms, or a file is damaged.
    """
    digest, seen = hashlib.sha256(), SeenIds()
    frequencies = np.zeros(0, np.int64)
    documents = empty = longest_vector = longest_id = longest_text = 0
    for batch in source.batches():
        _refuse_duplicates(batch.ids, seen, source)
        lengths = np.diff(batch.offsets)
        documents += int((lengths > 0).sum())
        empty += int((lengths == 0).sum())
        counts = np.bincount(batch.terms, minlength=max(len(frequencies), len(source.vocabulary)))
        counts[: len(frequencies)] += frequencies
        frequencies = counts
        longest_vector = max(longest_vector, int(lengths.max(initial=0)))
        longest_id = max([longest_id, *(len(docid.encode()) for docid in batch.ids)])
        longest_text = max([longest_text, *(len(text.encode()) for text in batch.raw or [])])
        digest.update("\n".join(batch.ids).encode())
        for column in (lengths.astype(np.int64), batch.terms, batch.impacts):
            digest.update(np.ascontiguousarray(column))
    if not documents:
        raise InputError(f"expected vectors with terms, found {empty:,} documents without: nothing to export")
    postings = int(frequencies.sum())
    return Survey(documents, empty, postings, frequencies, longest_vector, longest_id, longest_text, digest.hexdigest())


def chunks(source: VectorSource, size: int) -> Iterator[VectorBatch]:
    """Read the documents with terms in batches of exactly ``size`` documents; the last one may be smaller."""
    waiting: list[VectorBatch] = []
    for batch in source.batches():
        batch = _with_terms(batch)
        if not len(batch):
            continue
        waiting.append(batch)
        while sum(map(len, waiting)) >= size:
            whole = _join(waiting)
            yield part_of(whole, 0, size)
            waiting = [part_of(whole, size, len(whole))]
    if sum(map(len, waiting)):
        yield _join(waiting)


def _refuse_duplicates(ids: list[str], seen: SeenIds, source: VectorSource) -> None:
    repeated = {docid for docid, uses in Counter(ids).items() if uses > 1}
    suspects = set() if repeated else seen.add(ids)
    if suspects:  # a hash collision is possible: count the ids themselves
        uses = Counter(docid for batch in source.batches() for docid in batch.ids if docid in suspects)
        repeated = {docid for docid, number in uses.items() if number > 1}
    if repeated:
        raise InputError(f"document id {min(repeated)!r} is used twice: ids must be unique: remove one of them")


def _with_terms(batch: VectorBatch) -> VectorBatch:
    lengths = np.diff(batch.offsets)
    if (lengths > 0).all():
        return batch
    kept = np.flatnonzero(lengths).tolist()
    return VectorBatch(
        ids=[batch.ids[row] for row in kept],
        offsets=np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64),
        terms=batch.terms[batch.offsets[0] :],
        impacts=batch.impacts[batch.offsets[0] :],
        raw=[batch.raw[row] for row in kept] if batch.raw else None,
    )


def part_of(batch: VectorBatch, start: int, stop: int) -> VectorBatch:
    """Return the documents from ``start`` to before ``stop``."""
    offsets = batch.offsets[start : stop + 1]
    span = slice(offsets[0], offsets[-1])
    raw = batch.raw[start:stop] if batch.raw else None
    return VectorBatch(batch.ids[start:stop], offsets - offsets[0], batch.terms[span], batch.impacts[span], raw)


def _join(batches: list[VectorBatch]) -> VectorBatch:
    if len(batches) == 1:
        return batches[0]
    ends = list(accumulate((int(batch.offsets[-1] - batch.offsets[0]) for batch in batches), initial=0))
    offsets = [batch.offsets[1:] - batch.offsets[0] + end for batch, end in zip(batches, ends, strict=False)]
    spans = [slice(batch.offsets[0], batch.offsets[-1]) for batch in batches]
    texts = any(batch.raw for batch in batches)
    return VectorBatch(
        ids=[docid for batch in batches for docid in batch.ids],
        offsets=np.concatenate([[0], *offsets]),
        terms=np.concatenate([batch.terms[span] for batch, span in zip(batches, spans, strict=True)]),
        impacts=np.concatenate([batch.impacts[span] for batch, span in zip(batches, spans, strict=True)]),
        raw=[text for batch in batches for text in batch.raw or [""] * len(batch)] if texts else None,
    )
