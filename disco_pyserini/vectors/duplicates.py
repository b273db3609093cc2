"""Finding duplicates among more ids than fit into memory as strings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BUCKETS = 256


class SeenIds:
    """The 64-bit hashes of all ids so far: 8 bytes each, in sorted buckets."""

    def __init__(self) -> None:
        self._buckets: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)] * _BUCKETS

    def add(self, ids: Sequence[str]) -> set[str]:
        """Add ids, which must differ from each other.

        Returns the ids whose hash was added before: duplicates, and rarely (one in 10^6 times, at 25 million ids) a
        hash collision.
        """
        digests = b"".join(hashlib.blake2b(docid.encode(), digest_size=8).digest() for docid in ids)
        hashes = np.frombuffer(digests, "<u8").astype(np.uint64)
        order = np.argsort(hashes)
        hashes = hashes[order]
        ends = np.searchsorted(hashes, np.arange(1, _BUCKETS, dtype=np.uint64) << np.uint64(56))
        suspects: set[str] = set()
        for bucket, (new, places) in enumerate(zip(np.split(hashes, ends), np.split(order, ends), strict=True)):
            old = self._buckets[bucket]
            at = np.searchsorted(old, new)
            hits = at < len(old)
            hits[hits] = old[at[hits]] == new[hits]
            suspects.update(ids[place] for place in places[hits])
            self._buckets[bucket] = np.insert(old, at, new)
        return suspects
