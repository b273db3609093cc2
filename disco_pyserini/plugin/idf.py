"""Inverse document frequencies, looked up in the index as queries need them.

Pyserini reads the whole dictionary of terms whenever it opens an index: half a second for 30,000 terms. A lookup takes
microseconds, and needs no extra file that must match the index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from disco_pyserini.lucene import jvm


class Idf(Mapping[str, float]):
    """``log(documents / documents with the token)`` for the tokens of an index.

    Args:
        reader: returns the open ``IndexReader``.
        read_all: reads the idf of all tokens, for callers that iterate.
    """

    def __init__(self, reader: Callable[[], Any], read_all: Callable[[], Mapping[str, float]]) -> None:
        self._reader = reader
        self._read_all = read_all
        self._known: dict[str, float | None] = {}

    def __getitem__(self, token: str) -> float:
        if token not in self._known:
            with jvm.shared_classes:
                reader, term = self._reader(), jvm.start().autoclass("org.apache.lucene.index.Term")
                frequency = reader.docFreq(term("contents", token))
                self._known[token] = np.log(reader.numDocs() / frequency) if frequency else None
        known = self._known[token]
        if known is None:
            raise KeyError(token)
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(self._read_all())

    def __len__(self) -> int:
        return len(self._read_all())
