"""Compiled loops over the postings (numba). They release the GIL and allocate nothing that grows with the collection.

They are in one file because numba notices a change only in the file of the function that is called: it would keep the
old machine code of a loop that is called from another file.

Documents are numbered in the order of their ids, so that of equal scores the lower number comes first. They are scored
in blocks of `BLOCK`, whose scores fit into the cache of a core.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLOCK = 1 << 14
"""Documents of a block. At most 2^16, since the postings store places within a block in 16 bits."""
PART = 1 << 11
"""So many documents are looked at before the lowest score of use is raised."""
BUCKETS = 1 << 12
"""Scores are counted in so many buckets of equal width."""

_CHUNK = 256
# What the parts of a search take, in nanoseconds and roughly: a document of a frequent term's row, a posting, finding
# the posting of a document, and comparing a score. They only decide what is done first, and how.
_ROW, _POSTING, _LOOK_UP, _COMPARE = 0.07, 0.5, 8.0, 0.1

DAMAGED, TOO_HIGH = -1, -2
"""What `scan` returns without keys."""

# The numbers in ``best``: how many keys there are, the lowest score that may be among the best k, the lowest bucket
# that still matters, how many documents are in it and above, the highest bucket in use, and the guessed k-th score.
_COUNT, _LIMIT, _LOWEST, _REACHING, _HIGHEST, _GUESSED = range(6)
# The columns of ``rest``: what the terms from each one on can add to a score, the nanoseconds to add their postings,
# and those to look one document up in each.
_GAIN, _ADDING, _LOOKING = range(3)

type Array = NDArray[Any]


def _compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function when it is first called, and keep the machine code for later processes.

    numba keeps it in ``NUMBA_CACHE_DIR`` if that is set, else beside this file, or else in the user's cache folder.
    Where it can write to none of them, every process compiles again.
    """
    try:
        compiled: F = njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no such folder
        compiled = njit(nogil=True)(function)
    return compiled


class Postings(NamedTuple):
    """The postings of all terms.

    Attributes:
        starts: (terms + 1,) where the postings of each term start.
        splits: (terms, blocks + 1) where its postings of each block start, counted from there.
        maxima: (terms, blocks) its highest impact in each block.
        tops: (terms,) its highest impact.
        frequencies: (terms,) in how many documents it occurs.
        places: (postings,) the place of each posting's document in its block, ascending within term and block.
        impacts: (postings,) its impact. A document has several postings of a term if its impact does not fit into one.
        row_of: (terms,) the row of each frequent term; -1 for others.
        rows: (frequent terms, documents) their impacts in all documents, as far as they fit.
    """

    starts: Array
    splits: Array
    maxima: Array
    tops: Array
    frequencies: Array
    places: Array
    impacts: Array
    row_of: Array
    rows: Array


class Room(NamedTuple):
    """Memory for one search, which the next one uses again. It does not grow with the collection.

    Attributes:
        scores: (2^16,) int32, or float64 if a score may not fit: as many as 16 bits can name, so that damaged postings
            cannot write anywhere else.
        chosen: (BLOCK,) int64, places of documents in a block.
        counts: (BUCKETS,) int32, how many documents have a score in each bucket.
        keys: (at least k + 2 * PART,) uint64, documents with their scores.
    """

    scores: Array
    chosen: Array
    counts: Array
    keys: Array


@_compiled
def scan(
    starts: Array,
    splits: Array,
    maxima: Array,
    tops: Array,
    frequencies: Array,
    places: Array,
    impacts: Array,
    row_of: Array,
    rows: Array,
    scores: Array,
    chosen: Array,
    counts: Array,
    keys: Array,
    documents: int,
    blocks: Array,
    terms: Array,
    weights: Array,
    k: int,
    guess: bool,
) -> int:
    """Put the keys of the best ``k`` documents of some blocks first in ``keys``, in any order, with a few others.

    Takes the arrays of `Postings` and `Room` one by one: numba needs many times as long to recognise tuples at a call.

    Args:
        documents: how many documents the collection has.
        blocks: the blocks, those of a sample of the collection first.
        terms: the terms of the query.
        weights: the impact of each.
        k: how many documents to find.
        guess: whether to guess from the first blocks which score the k-th best document will have, to skip more. If the
            guess was too high, nothing is returned.

    Returns:
        the number of keys; `DAMAGED`, or `TOO_HIGH`.
    """
    postings = Postings(starts, splits, maxima, tops, frequencies, places, impacts, row_of, rows)
    room = Room(scores, chosen, counts, keys)
    order = _order(postings, documents, terms, weights)
    return _scan(postings, documents, blocks, terms[order], weights[order], k, guess, room)


@_compiled
def _scan(
    postings: Postings, documents: int, blocks: Array, terms: Array, weights: Array, k: int, guess: bool, room: Room
) -> int:
    """See `scan`; the terms are in their order."""
    spans = np.empty((len(terms), 2), np.int64)  # the postings of each term in a block
    rest = np.zeros((len(terms) + 1, 3), np.float64)
    best = np.zeros(6, np.int64)
    best[_LIMIT] = 1
    room.counts[:] = 0
    shift = _width(postings, terms, weights)
    seen = total = 0
    for block in blocks:
        total += min(BLOCK, documents - block * BLOCK)
    for block in blocks:
        base = block * BLOCK
        size = min(BLOCK, documents - base)
        seen += size
        if not _bound(postings, block, size, terms, weights, spans, rest):
            return DAMAGED
        if rest[0, _GAIN] < best[_LIMIT]:  # no document of this block is good enough
            continue
        chosen = _add_terms(postings, base, size, terms, weights, spans, rest, best[_LIMIT], room)
        if chosen >= 0:
            _take(room, chosen, 0, base, k, shift, best)
        else:
            for start in range(0, size, PART):
                part = room.scores[start : min(size, start + PART)]
                _take(room, _reaching(part, best[_LIMIT], room.chosen), start, base, k, shift, best)
        if guess and seen < total:
            _guess(room.counts, k, seen / total, shift, best)
    return _finish(room.keys, k, best)


@_compiled
def _order(postings: Postings, documents: int, terms: Array, weights: Array) -> Array:
    """Order a query's terms: those that can add most to a score in the time that they take come first."""
    gains = np.empty(len(terms), np.float64)
    for i in range(len(terms)):
        term = terms[i]
        time = postings.frequencies[term] * _POSTING if postings.row_of[term] < 0 else documents * _ROW
        gains[i] = -float(weights[i]) * float(postings.tops[term]) / time
    return np.argsort(gains)


@_compiled
def _width(postings: Postings, terms: Array, weights: Array) -> int:
    """Return how many bits the numbers of the buckets are shorter than scores."""
    highest = 0
    for i in range(len(terms)):
        highest += weights[i] * postings.tops[terms[i]]
    shift = 0
    while highest >> shift >= BUCKETS:
        shift += 1
    return shift


@_compiled
def _bound(postings: Postings, block: int, size: int, terms: Array, weights: Array, spans: Array, rest: Array) -> bool:
    """Find the postings of a block, and what the terms from each one on can add there, so that much can be skipped."""
    for i in range(len(terms) - 1, -1, -1):
        term = terms[i]
        start = postings.starts[term]
        begin, end = start + postings.splits[term, block], start + postings.splits[term, block + 1]
        if not 0 <= begin <= end <= len(postings.places):
            return False
        spans[i, 0], spans[i, 1] = begin, end
        row = postings.row_of[term] >= 0
        rest[i, _GAIN] = rest[i + 1, _GAIN] + float(weights[i]) * float(postings.maxima[term, block])
        rest[i, _ADDING] = rest[i + 1, _ADDING] + (end - begin) * _POSTING + (size * _ROW if row else 0.0)
        rest[i, _LOOKING] = rest[i + 1, _LOOKING] + (_LOOK_UP / 4 if row else _LOOK_UP)
    return True


@_compiled
def _add_terms(
    postings: Postings,
    base: int,
    size: int,
    terms: Array,
    weights: Array,
    spans: Array,
    rest: Array,
    limit: int,
    room: Room,
) -> int:
    """Add term after term, until so few documents can reach the limit that only they are completed.

    This skips the postings of frequent terms with low weights. Returns the number of these documents, which are
    ``chosen``, or -1 if all scores are complete.
    """
    scores = room.scores
    scores[:size] = 0
    since = 0.0
    for i in range(len(terms)):
        row, weight = postings.row_of[terms[i]], scores.dtype.type(weights[i])
        if row >= 0:
            _add_row(scores, postings.rows[row, base : base + size], weight)
        begin, end = spans[i]
        _add(scores, postings.places[begin:end], postings.impacts[begin:end], weight)
        since += rest[i, _ADDING] - rest[i + 1, _ADDING]
        left = rest[i + 1, _ADDING]
        if rest[i + 1, _GAIN] < limit and since > size * _COMPARE and left > 2 * size * _COMPARE:
            since = 0.0
            most = min(PART, int(left / rest[i + 1, _LOOKING]))
            chosen = _reaching(scores[:size], int(limit - rest[i + 1, _GAIN]), room.chosen[:most])
            if chosen >= 0:
                return _complete(postings, base, terms, weights, spans, rest, limit, i + 1, chosen, room)
    return -1


@_compiled
def _complete(
    postings: Postings,
    base: int,
    terms: Array,
    weights: Array,
    spans: Array,
    rest: Array,
    limit: int,
    first: int,
    number: int,
    room: Room,
) -> int:
    """Look the chosen documents up in the terms from ``first`` on; keep and count those that reach the limit."""
    scores, chosen = room.scores, room.chosen
    kept = 0
    for c in range(number):
        place = chosen[c]
        score = scores[place]
        for i in range(first, len(terms)):
            if score + rest[i, _GAIN] < limit:
                break
            row, weight = postings.row_of[terms[i]], scores.dtype.type(weights[i])
            if row >= 0:
                score += weight * scores.dtype.type(postings.rows[row, base + place])
            if spans[i, 0] < spans[i, 1]:
                score += weight * scores.dtype.type(_look_up(postings, spans[i, 0], spans[i, 1], place))
        scores[place] = score
        chosen[kept] = place
        kept += score >= limit
    return kept


@_compiled
def _add_row(scores: Array, row: Array, weight: Any) -> None:
    """Add a frequent term: one impact for every document, which the processor multiplies many at a time."""
    for place in range(len(row)):
        scores[place] += weight * scores.dtype.type(row[place])


@_compiled
def _add(scores: Array, places: Array, impacts: Array, weight: Any) -> None:
    """Add the postings of a term."""
    for j in range(len(places)):
        scores[places[j]] += weight * scores.dtype.type(impacts[j])


@_compiled
def _look_up(postings: Postings, low: int, high: int, place: int) -> int:
    """Return the impact of one document among the postings from ``low`` to ``high``, by binary search."""
    end = high
    while low < high:
        middle = (low + high) >> 1
        if postings.places[middle] < place:
            low = middle + 1
        else:
            high = middle
    impact = 0
    while low < end and postings.places[low] == place:
        impact += postings.impacts[low]
        low += 1
    return impact


@_compiled
def _reaching(scores: Array, limit: int, chosen: Array) -> int:
    """Choose the places of the scores that reach a limit; return their number, or -1 if there is no room for them.

    The last place in ``chosen`` stays free: scores that do not reach the limit are written there, too. Most chunks have
    none that does, which is found out many scores at a time. The others are sorted out without a branch, since the
    processor could not predict it.
    """
    lowest = scores.dtype.type(limit)
    count = 0
    for start in range(0, len(scores), _CHUNK):
        chunk = scores[start : min(len(scores), start + _CHUNK)]
        more = np.int32(0)
        for place in range(len(chunk)):
            more += np.int32(chunk[place] >= lowest)
        if count + more >= len(chosen):
            return -1
        if more:
            left = len(chosen) - 1
            for place in range(len(chunk)):
                chosen[min(count, left)] = start + place
                count += chunk[place] >= lowest
    return count


@_compiled
def _take(room: Room, number: int, start: int, base: int, k: int, shift: int, best: Array) -> None:
    """Add the chosen documents to the keys, after raising the lowest score of use to the bucket of the k-th best.

    Counting scores by buckets takes a few additions for each document, where sorting them takes many comparisons.
    """
    scores, chosen, counts, keys = room
    for c in range(number):
        bucket = min(int(scores[start + chosen[c]]) >> shift, BUCKETS - 1)
        counts[bucket] += 1
        best[_REACHING] += bucket >= best[_LOWEST]
        best[_HIGHEST] = max(best[_HIGHEST], bucket)
    while best[_REACHING] - counts[best[_LOWEST]] >= k:
        best[_REACHING] -= counts[best[_LOWEST]]
        best[_LOWEST] += 1
    _raise(best, best[_LOWEST] << shift)
    if best[_COUNT] + number > len(keys):
        _select(keys, best[_COUNT], k)
        best[_COUNT] = k
    number_of = np.empty(1, np.float32)
    bits = number_of.view(np.uint32)
    count = best[_COUNT]
    for c in range(number):
        place = start + chosen[c]
        number_of[0] = scores[place]
        # Positive floats are ordered as their bits are.
        keys[min(count, len(keys) - 1)] = (np.uint64(0xFFFFFFFF - bits[0]) << np.uint64(32)) | np.uint64(base + place)
        count += scores[place] >= best[_LIMIT]
    best[_COUNT] = count


@_compiled
def _raise(best: Array, score: int) -> None:
    """Raise the lowest score of use: to a little below a high score, since lower ones may be rounded to it."""
    best[_LIMIT] = max(best[_LIMIT], score - (score >> 23))


@_compiled
def _guess(counts: Array, k: int, part: float, shift: int, best: Array) -> None:
    """Guess the k-th best score of all documents from those seen, a part of them, and raise the lowest score of use."""
    # So many of the documents seen so far are among the best k in the end, give or take three deviations.
    share = k * part
    rank = int(share + 3.0 * np.sqrt(share) + 3.0)
    if rank < min(k, best[_REACHING]):
        bucket, above = best[_HIGHEST], counts[best[_HIGHEST]]
        while above < rank:
            bucket -= 1
            above += counts[bucket]
        best[_GUESSED] = max(best[_GUESSED], bucket << shift)
        _raise(best, best[_GUESSED])


@_compiled
def _finish(keys: Array, k: int, best: Array) -> int:
    """Drop the keys below the lowest score of use, which was lower when they were added; check the guess."""
    number_of = np.empty(1, np.float32)
    bits = number_of.view(np.uint32)
    kept = reaching = 0
    for i in range(best[_COUNT]):
        bits[0] = np.uint32(0xFFFFFFFF) - np.uint32(keys[i] >> np.uint64(32))
        keys[kept] = keys[i]
        kept += number_of[0] >= best[_LIMIT]
        reaching += number_of[0] >= best[_GUESSED]
    return TOO_HIGH if best[_GUESSED] > 0 and reaching < k else kept


@_compiled
def _select(keys: Array, count: int, k: int) -> None:
    """Rearrange keys so that the lowest ``k`` come first, and the highest of these last among them (quickselect)."""
    low, high = 0, count - 1
    while low < high:
        a, b, c = keys[low], keys[(low + high) >> 1], keys[high]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                i += 1
                j -= 1
        if k - 1 <= j:
            high = j
        elif k - 1 >= i:
            low = i
        else:
            return


@_compiled
def scores_of(keys: Array, tie_step: Any) -> Array:
    """Return the scores in sorted keys, each tied score a step lower than the one before it."""
    scores = np.empty(len(keys), np.float32)
    bits = scores.view(np.uint32)
    for i in range(len(keys)):
        bits[i] = np.uint32(0xFFFFFFFF) - np.uint32(keys[i] >> np.uint64(32))
    tied = np.float32(0)
    last = np.float32(np.inf)
    for i in range(len(keys)):
        tied = tied + np.float32(1) if scores[i] == last else np.float32(0)
        last = scores[i]
        scores[i] = last - tie_step * tied
    return scores


@_compiled
def texts(keys: Array, ends: Array, data: Array) -> Array:
    """Return the strings of the documents in keys, each followed by a line end; nothing if they are damaged.

    The strings are stored back to back.
    """
    length = 0
    for key in keys:
        number = np.int64(key & np.uint64(0xFFFFFFFF))
        if not 0 <= ends[number] <= ends[number + 1] <= len(data):
            return np.empty(0, np.uint8)
        length += ends[number + 1] - ends[number] + 1
    found = np.empty(length, np.uint8)
    at = 0
    for key in keys:
        number = np.int64(key & np.uint64(0xFFFFFFFF))
        for position in range(ends[number], ends[number + 1]):
            found[at] = data[position]
            at += 1
        found[at] = 10
        at += 1
    return found
