"""The flat engine: an open index as a `disco_pyserini.search.Searcher`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.extras import check_extra
from disco_pyserini.flat import flat_files
from disco_pyserini.flat.build import build_index
from disco_pyserini.flat.update import update_index
from disco_pyserini.search.engine import TIE_STEP, Engine, ImpactQuery, IndexSummary, check_numbers, closed_error
from disco_pyserini.search.hits import Hits
from disco_pyserini.vectors import VectorSource

type Array = NDArray[Any]

_EXACT = 1 << 24
"""32-bit floats, in which Lucene returns scores, are exact below it."""


class FlatSearcher:
    """Searches a flat index, from any thread. The results are those of Lucene.

    One query is answered by all threads together, each with a share of the documents; of several queries, each is
    answered by one thread. ``query_terms`` changes nothing: every search is exact.

    Args:
        index: the folder of the index.

    Raises:
        InputError: the folder has no flat index, or it is damaged or belongs to another index.
        DiscoError: the extra ``flat`` is not installed.
    """

    def __init__(self, index: Path) -> None:
        check_extra("flat", "the flat engine")
        from disco_pyserini.flat import kernels

        self._kernels = kernels
        self._index = index
        manifest, self._arrays, tokens = flat_files.open_arrays(index, kernels.BLOCK)
        self._postings = kernels.Postings(*(getattr(self._arrays, name) for name in kernels.Postings._fields))
        self.documents = manifest.documents
        self._terms = {token: term for term, token in enumerate(tokens)}
        self._everywhere = set(np.flatnonzero(self._arrays.frequencies == self.documents).tolist())
        blocks = self._arrays.maxima.shape[1]
        # The blocks that are scored first are a sample of the collection: multiples of the golden ratio spread evenly.
        self._blocks = np.argsort(np.arange(blocks) * 0.6180339887 % 1)
        self._memory: list[_Memory] = []
        self._closed = False

    def search(
        self,
        vectors: Sequence[ImpactQuery],
        k: int,
        *,
        threads: int = 1,
        query_terms: int | None = None,
        all_terms: bool = False,
    ) -> list[Hits]:
        """See `disco_pyserini.search.engine.Shard.search`."""
        check_numbers(k=k, threads=threads, query_terms=query_terms)
        self._check_open()
        k = min(k, self.documents)
        queries = [
            [(term, impact) for token, impact in vector.items() if (term := self._term(token, all_terms)) is not None]
            for vector in vectors
        ]
        if threads == 1 or k == 0:
            return [self._hits(self._best(query, k, self._blocks)) for query in queries]
        with ThreadPoolExecutor(threads) as pool:
            if len(queries) > 1:
                every = pool.map(partial(self._best, k=k, blocks=self._blocks), queries)
                return [self._hits(keys) for keys in every]
            shares = [self._blocks[first::threads] for first in range(threads)]
            return [
                self._hits(np.sort(np.concatenate(list(pool.map(partial(self._best, query, k), shares))))[:k])
                for query in queries
            ]

    def explain(self, vector: ImpactQuery, docid: str, *, all_terms: bool = False) -> dict[str, tuple[int, int]] | None:
        """See `disco_pyserini.search.engine.Shard.explain`."""
        self._check_open()
        document = self._number(docid)
        if document is None:
            return None
        found = {}
        for token, impact in vector.items():
            term = self._term(token, all_terms)
            if term is not None and (own := self._impact(term, document)):
                found[token] = (impact, own)
        return found

    def frequencies(self, tokens: Sequence[str]) -> list[int]:
        """See `disco_pyserini.search.engine.Shard.frequencies`."""
        self._check_open()
        terms = map(self._terms.get, tokens)
        return [0 if term is None else int(self._arrays.frequencies[term]) for term in terms]

    def text(self, docid: str) -> str | None:
        """See `disco_pyserini.search.Searcher.text`."""
        self._check_open()
        document = self._number(docid)
        ends = self._arrays.text_ends
        if document is None or not len(ends):
            return None
        return self._decoded(self._arrays.texts[ends[document] : ends[document + 1]])

    def close(self) -> None:
        """See `disco_pyserini.search.Searcher.close`."""
        self._closed = True

    def search_once(self) -> None:
        """Search with any term, for scores of 16 bits and of 32, and read the ids of the hits."""
        for token in list(self._terms)[:1]:
            for impact in (1, 1 << 16):
                for hits in self.search([{token: impact}], 1, all_terms=True):
                    list(hits)

    def _check_open(self) -> None:
        if self._closed:
            raise closed_error(self._index)

    def _term(self, token: str, all_terms: bool) -> int | None:
        """Return the number of a token; None if it does not count: it occurs in no document, or in all of them."""
        term = self._terms.get(token)
        return term if all_terms or term not in self._everywhere else None

    def _best(self, query: Sequence[tuple[int, int]], k: int, blocks: Array) -> Array:
        """Return the keys of the best ``k`` documents in some blocks, best first."""
        if not query or k == 0:
            return np.zeros(0, np.uint64)
        terms, weights = np.array(query, np.int64).T.copy()
        try:
            memory = self._memory.pop()
        except IndexError:
            memory = _Memory()
        room = memory.room(k, int(weights @ self._postings.tops[terms].astype(np.int64)))
        for guess in (True, False):
            arguments: tuple[Any, ...] = (*room, self.documents, blocks, terms, weights, k, guess)
            count = self._kernels.scan(*self._postings, *arguments)
            if count != self._kernels.TOO_HIGH:
                break
        if count == self._kernels.DAMAGED:
            raise flat_files.damaged(self._index)
        found: Array = np.sort(memory.keys[:count])[:k]
        self._memory.append(memory)
        return found

    def _hits(self, keys: Array) -> Hits:
        tied: Array = (np.uint32(0xFFFFFFFF) - (keys >> np.uint64(32)).astype(np.uint32)).view(np.float32)
        return Hits(partial(self._ids, keys), self._kernels.scores_of(keys, TIE_STEP), self, tied)

    def _ids(self, keys: Array) -> list[str]:
        if not len(keys):
            return []
        found = self._kernels.texts(keys, self._arrays.id_ends, self._arrays.ids)
        if not len(found):
            raise flat_files.damaged(self._index)
        names = self._decoded(found).split("\n")[:-1]
        if len(names) != len(keys):
            raise flat_files.damaged(self._index)
        return names

    def _decoded(self, content: Array) -> str:
        try:
            return content.tobytes().decode()
        except UnicodeDecodeError as problem:
            raise flat_files.damaged(self._index) from problem

    def _number(self, docid: str) -> int | None:
        """Return the number of a document: its place among the sorted ids."""
        ends, ids, wanted = self._arrays.id_ends, self._arrays.ids, docid.encode()

        def at(number: int) -> bytes:
            return ids[ends[number] : ends[number + 1]].tobytes()

        number = bisect_left(range(self.documents), wanted, key=at)
        return number if number < self.documents and at(number) == wanted else None

    def _impact(self, term: int, document: int) -> int:
        arrays = self._arrays
        block, place = divmod(document, self._kernels.BLOCK)
        start = arrays.starts[term]
        span = slice(start + arrays.splits[term, block], start + arrays.splits[term, block + 1])
        impact = int(arrays.impacts[span][arrays.places[span] == place].sum())
        return impact + (int(arrays.rows[arrays.row_of[term], document]) if arrays.row_of[term] >= 0 else 0)


class _Memory:
    """Memory for one search, which the next one uses again; see `disco_pyserini.flat.kernels.Room`."""

    def __init__(self) -> None:
        from disco_pyserini.flat import kernels

        self._kernels = kernels
        self._scores: dict[type[np.number[Any]], Array] = {}
        self._chosen = np.zeros(kernels.BLOCK, np.int64)
        self._counts = np.zeros(kernels.BUCKETS, np.int32)
        self.keys: Array = np.zeros(0, np.uint64)

    def room(self, k: int, highest: int) -> Any:
        """Return room for the best ``k`` documents, with scores of as few bits as hold the highest one.

        Scores that 32-bit floats would round are 64-bit floats.
        """
        kind = np.uint16 if highest < 1 << 16 else np.int32 if highest < _EXACT else np.float64
        if kind not in self._scores:
            self._scores[kind] = np.zeros(1 << 16, kind)
        if len(self.keys) < (needed := k + max(k, 2 * self._kernels.PART)):
            self.keys = np.zeros(needed, np.uint64)
        return self._kernels.Room(self._scores[kind], self._chosen, self._counts, self.keys)


def build_and_compile(
    source: VectorSource,
    directory: Path,
    *,
    threads: int = 1,
    store_raw: bool = True,
    progress: Callable[[int], None] | None = None,
) -> IndexSummary:
    """Build an index; see `disco_pyserini.flat.build.build_index`.

    Afterwards search it once: the first search on a machine compiles the loops, and nobody should wait for that then.
    """
    summary = build_index(source, directory, threads=threads, store_raw=store_raw, progress=progress)
    searcher = FlatSearcher(directory)
    searcher.search_once()
    searcher.close()
    return summary


ENGINE = Engine(build=build_and_compile, open=FlatSearcher, update=update_index, verify=flat_files.verify)
