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
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

BLOCK = 1 << 14
"""Documents of a block. At most 2^16, since the postings store places within a block in 16 bits."""
PART = 1 << 11
"""So many documents are looked at before the lowest score of use is raised."""
BUCKETS = 1 << 12
"""Scores are counted in so many buckets of equal width."""

_SAMPLED = 8
"""One in so many documents of the first block is looked at before all."""
_LANES = 32
"""So many scores are compared with the limit at once."""

DAMAGED, TOO_HIGH = -1, -2
"""What `scan` returns without keys."""

# The numbers in ``best``: how many keys there are, the lowest score that may be among the best k, the lowest bucket
# that still matters, how many documents are in it and above, the highest bucket in use, and the guessed k-th score.
_COUNT, _LIMIT, _LOWEST, _REACHING, _HIGHEST, _GUESSED = range(6)

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


@intrinsic
def _mask(context: Any, scores: Any, start: Any, limit: Any) -> Any:
    """Return as bits which of `_LANES` scores from ``start`` on reach a limit.

    The processor compares them all at once. LLVM does not find that out from a loop that collects the bits.
    """
    kind = scores.dtype

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data, first, lowest = arguments
        lanes, number = ir.VectorType(context.get_value_type(kind), _LANES), ir.IntType(32)
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, data).data
        values = builder.load(builder.bitcast(builder.gep(data, [first]), lanes.as_pointer()))
        values.align = kind.bitwidth // 8
        lowest = builder.insert_element(ir.Constant(lanes, ir.Undefined), lowest, number(0))
        zeros = ir.Constant(ir.VectorType(number, _LANES), [0] * _LANES)
        lowest = builder.shuffle_vector(lowest, ir.Constant(lanes, ir.Undefined), zeros)
        if isinstance(kind, types.Float):
            compare = builder.fcmp_ordered
        else:
            compare = builder.icmp_signed if kind.signed else builder.icmp_unsigned
        return builder.bitcast(compare(">=", values, lowest), number)

    return types.uint32(scores, types.intp, kind), generate


@intrinsic
def _lowest_bit(context: Any, bits: Any) -> Any:
    """Return the place of the lowest bit that is set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.cttz(arguments[0], ir.IntType(1)(1))
        return builder.zext(place, ir.IntType(64))

    return types.int64(types.uint32), generate


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
        guess: whether to guess from the first documents which score the k-th best document will have, to keep fewer.
            If the guess was too high, nothing is returned.

    Returns:
        the number of keys; `DAMAGED`, or `TOO_HIGH`.
    """
    postings = Postings(starts, splits, maxima, tops, frequencies, places, impacts, row_of, rows)
    room = Room(scores, chosen, counts, keys)
    spans = np.empty((len(terms), 2), np.int64)  # the postings of each term in a block
    frequent = np.flatnonzero(row_of[terms] >= 0)
    best = np.zeros(6, np.int64)
    best[_LIMIT] = 1
    counts[:] = 0
    shift = _width(postings, terms, weights)
    seen = total = 0
    for block in blocks:
        total += min(BLOCK, documents - block * BLOCK)
    for block in blocks:
        base = block * BLOCK
        size = min(BLOCK, documents - base)
        most = _bound(postings, block, terms, weights, spans)
        if most < 0:
            return DAMAGED
        if most < best[_LIMIT]:  # no document of this block is good enough
            seen += size
            continue
        scores[:size] = 0
        _add_rows(scores, postings, base, size, terms[frequent], weights[frequent])
        for i in range(len(terms)):
            begin, end = spans[i]
            _add(scores, places[begin:end], impacts[begin:end], scores.dtype.type(weights[i]))
        scores[size : size + _LANES] = 0  # damaged postings may have written there
        if guess and seen == 0:
            _sample(scores[:size], total, k, shift, room, best)
        for start in range(0, size, PART):
            end = min(size, start + PART)
            _take(room, _reaching(scores[start:], end - start, best[_LIMIT], chosen), start, base, k, shift, best)
        seen += size
        if guess and seen < total:
            _guess(counts, k, seen / total, shift, best)
    return _finish(keys, k, best)


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
def _bound(postings: Postings, block: int, terms: Array, weights: Array, spans: Array) -> int:
    """Find the postings of a block; return the highest score that its documents can have, or -1 for damaged files."""
    most = 0
    for i in range(len(terms)):
        term = terms[i]
        start = postings.starts[term]
        begin, end = start + postings.splits[term, block], start + postings.splits[term, block + 1]
        if not 0 <= begin <= end <= len(postings.places):
            return -1
        spans[i, 0], spans[i, 1] = begin, end
        most += weights[i] * postings.maxima[term, block]
    return most


@_compiled
def _add_rows(scores: Array, postings: Postings, base: int, size: int, terms: Array, weights: Array) -> None:
    """Add the frequent terms: one impact for every document, which the processor multiplies many at a time.

    Four terms at once, so that scores are read and written a quarter as often.
    """
    score, rows, row_of = scores.dtype.type, postings.rows, postings.row_of
    several = len(terms) // 4 * 4
    for i in range(0, several, 4):
        a, b = rows[row_of[terms[i]], base : base + size], rows[row_of[terms[i + 1]], base : base + size]
        c, d = rows[row_of[terms[i + 2]], base : base + size], rows[row_of[terms[i + 3]], base : base + size]
        u, v, w, x = score(weights[i]), score(weights[i + 1]), score(weights[i + 2]), score(weights[i + 3])
        for place in range(size):
            both = score(u * score(a[place])) + score(v * score(b[place]))
            scores[place] += both + score(w * score(c[place])) + score(x * score(d[place]))
    for i in range(several, len(terms)):
        a, u = rows[row_of[terms[i]], base : base + size], score(weights[i])
        for place in range(size):
            scores[place] += u * score(a[place])


@_compiled
def _add(scores: Array, places: Array, impacts: Array, weight: Any) -> None:
    """Add the postings of a term."""
    for j in range(len(places)):
        scores[places[j]] += weight * scores.dtype.type(impacts[j])


@_compiled
def _reaching(scores: Array, size: int, limit: int, chosen: Array) -> int:
    """Choose the places of the first ``size`` scores that reach a limit; return their number."""
    lowest = scores.dtype.type(limit)
    count = 0
    for start in range(0, size, _LANES):
        bits = _mask(scores, start, lowest)
        while bits:
            chosen[count] = start + _lowest_bit(bits)
            count += 1
            bits &= bits - np.uint32(1)
    return count


@_compiled
def _take(room: Room, number: int, start: int, base: int, k: int, shift: int, best: Array) -> None:
    """Add the chosen documents to the keys, after raising the lowest score of use to the bucket of the k-th best.

    Counting scores by buckets takes a few additions for each document, where sorting them takes many comparisons.
    """
    scores, chosen, counts, keys = room
    for c in range(number):
        bucket = _bucket(scores[start + chosen[c]], shift)
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
def _bucket(score: Any, shift: int) -> int:
    """Return the bucket of a score."""
    return min(int(np.int64(score)) >> shift, BUCKETS - 1)


@_compiled
def _raise(best: Array, score: int) -> None:
    """Raise the lowest score of use: to a little below a high score, since lower ones may be rounded to it."""
    best[_LIMIT] = max(best[_LIMIT], score - (score >> 23))


@_compiled
def _sample(scores: Array, total: int, k: int, shift: int, room: Room, best: Array) -> None:
    """Guess from a few documents of the first block, so that the others that are of no use are not counted."""
    number = len(scores) // _SAMPLED
    for c in range(number):
        room.counts[_bucket(scores[c * _SAMPLED], shift)] += 1
    best[_REACHING], best[_HIGHEST] = number, BUCKETS - 1
    _guess(room.counts, k, number / total, shift, best)
    best[_REACHING] = best[_HIGHEST] = 0
    room.counts[:] = 0


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
