"""Searching shards: several indexes of disjoint documents answer like one index of all of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.search.engine import (
    DEFAULT_ENGINE,
    ENGINES,
    ImpactQuery,
    Searcher,
    Shard,
    check_numbers,
    closed_error,
    lower_ties,
)
from disco_pyserini.search.hits import Hits
from disco_pyserini.search.index_manifest import read_impact_manifest

logger = logging.getLogger(__name__)


type OpenSearcher = Callable[[Path, Sequence[Path], str, bool], Searcher]
"""See `open_searcher`, which is one."""


def shard_folders(index: Path) -> list[Path]:
    """Return the folders of an index in shards; an empty list for an index in one piece.

    Raises:
        InputError: the folder is not an index.
    """
    manifest = read_impact_manifest(index)
    return [index / name for name in manifest.shards] if manifest else []


def open_searcher(
    index: Path, shards: Sequence[Path] = (), engine: str = DEFAULT_ENGINE, allow_partial: bool = False
) -> Searcher:
    """Open an index with an engine, in one piece or in shards.

    Args:
        index: the folder of the index.
        shards: the folders of its shards; none for an index in one piece.
        engine: the name of the engine.
        allow_partial: see `ShardedSearcher`.

    Raises:
        InputError: a folder is not an index, the shards do not belong together, or the engine is unknown or cannot
            search shards.
        DiscoError: the engine cannot be started.
    """
    if not shards:
        return ENGINES.get(engine).open(index)
    return open_shards(index, shards, lambda folder: open_shard(folder, engine), allow_partial)


def open_shard(folder: Path, engine: str) -> Shard:
    """Open a shard in this process.

    Raises:
        InputError: the folder is not an index, or the engine is unknown or cannot search shards.
        DiscoError: the engine cannot be started.
    """
    searcher = ENGINES.get(engine).open(folder)
    if not isinstance(searcher, Shard):
        searcher.close()
        raise InputError(f"the engine {engine} cannot search shards: choose another engine, or build one index")
    return searcher


def open_shards(
    index: Path, folders: Sequence[Path], open_shard: Callable[[Path], Shard], allow_partial: bool
) -> ShardedSearcher:
    """Open shards that belong together.

    Args:
        index: names the whole in messages.
        folders: the folders of the shards.
        open_shard: opens one of them.
        allow_partial: leave out shards that cannot be opened.

    Raises:
        InputError: the shards do not belong together, or one is not an index.
        DiscoError: a shard cannot be opened.
    """
    shards: dict[str, Shard] = {}
    missing = []
    space = None
    try:
        for folder in folders:
            try:
                manifest = read_impact_manifest(folder)
                shards[str(folder)] = open_shard(folder)
            except Exception as problem:
                if not allow_partial:
                    raise
                logger.warning("%s", _no_answer(index, str(folder), problem))
                missing.append(str(folder))
                continue
            if manifest and space not in (None, manifest.space):
                raise InputError(
                    f"{folder}: was encoded in another way than {folders[0]}: expected shards of one collection"
                )
            space = manifest.space if manifest else None
        if not shards:
            raise DiscoError(f"{index}: none of its {len(folders)} shards can be opened")
    except BaseException:
        for shard in shards.values():
            shard.close()
        raise
    return ShardedSearcher(index, shards, missing, allow_partial)


class ShardedSearcher:
    """Searches all shards at once, and merges what they find: the hits, scores and order of one index of everything.

    Which terms count is decided by the document frequencies of all shards together, and ties are lowered after
    merging. Only a search with ``query_terms`` may differ from that of one index: each shard has its own candidates,
    so that nothing is missed that one index would find.

    Args:
        index: names the whole in messages.
        shards: the open shards by name. Their documents must be disjoint.
        missing: names of shards that could not be opened.
        allow_partial: if a shard does not answer, answer like an index of the others, and name it in
            `Hits.missing_shards`; by default that is an error.
    """

    def __init__(
        self, index: Path, shards: Mapping[str, Shard], missing: Sequence[str] = (), allow_partial: bool = False
    ) -> None:
        self._index = index
        self._shards = dict(shards)
        self._missing = tuple(missing)
        self._allow_partial = allow_partial
        self._frequencies: dict[str, dict[str, int]] = {name: {} for name in shards}
        # Several searches at once, each of them in all shards; threads start when they are needed.
        self._pool = ThreadPoolExecutor(len(shards) * max(8, os.cpu_count() or 1), thread_name_prefix="shard")
        self._closed = False

    def search(
        self, vectors: Sequence[ImpactQuery], k: int, *, threads: int = 1, query_terms: int | None = None
    ) -> list[Hits]:
        """See `disco_pyserini.search.Searcher.search`. ``threads`` beyond one for each shard are divided among them.

        Raises:
            DiscoError: a shard did not answer, and a partial answer is not allowed; or none answered.
        """
        check_numbers(k=k, threads=threads, query_terms=query_terms)
        self._check_open()
        threads = max(1, threads // len(self._shards))
        answering: list[str] = list(self._shards)
        asked: list[ImpactQuery] | None = None
        found: Mapping[str, Sequence[Hits]] = {}
        while True:
            counting, answering = self._counting(vectors, answering)
            wanted: list[ImpactQuery] = [
                {token: vector[token] for token in vector if token in counting} for vector in vectors
            ]
            if wanted == asked:
                break
            asked = wanted
            found = self._ask(
                {
                    name: partial(
                        self._shards[name].search,
                        wanted,
                        k,
                        threads=threads,
                        query_terms=query_terms,
                        all_terms=True,
                    )
                    for name in answering
                }
            )
            if len(found) == len(answering):
                break
            # Other terms may count without the shards that did not answer.
            answering = list(found)
        missing = [*self._missing, *(name for name in self._shards if name not in answering)]
        return [
            self._merge({name: found[name][place] for name in answering}, k, missing) for place in range(len(vectors))
        ]

    def explain(self, vector: ImpactQuery, docid: str) -> dict[str, tuple[int, int]] | None:
        """See `disco_pyserini.search.Searcher.explain`."""
        self._check_open()
        counting, answering = self._counting([vector], list(self._shards))
        wanted = {token: vector[token] for token in vector if token in counting}
        return self._first(
            {name: partial(self._shards[name].explain, wanted, docid, all_terms=True) for name in answering}
        )

    def text(self, docid: str) -> str | None:
        """See `disco_pyserini.search.Searcher.text`."""
        self._check_open()
        return self._first({name: partial(shard.text, docid) for name, shard in self._shards.items()})

    def close(self) -> None:
        """See `disco_pyserini.search.Searcher.close`."""
        if not self._closed:
            self._closed = True
            self._pool.shutdown()
            for shard in self._shards.values():
                shard.close()

    def _check_open(self) -> None:
        if self._closed:
            raise closed_error(self._index)

    def _counting(self, vectors: Sequence[ImpactQuery], names: Collection[str]) -> tuple[set[str], list[str]]:
        """Return the tokens that occur in some but not all documents of some shards, and the shards that answered."""
        tokens = {token for vector in vectors for token in vector}
        unknown = {name: [token for token in tokens if token not in self._frequencies[name]] for name in names}
        calls = {name: partial(self._shards[name].frequencies, asked) for name, asked in unknown.items() if asked}
        answers = self._ask(calls)
        for name, frequencies in answers.items():
            self._frequencies[name].update(zip(unknown[name], frequencies, strict=True))
        answering = [name for name in names if name not in calls or name in answers]
        if not answering:
            raise DiscoError(f"{self._index}: none of the shards answered: {', '.join(self._shards)}")
        documents = sum(self._shards[name].documents for name in answering)
        known = [self._frequencies[name] for name in answering]
        return {token for token in tokens if 0 < sum(counts[token] for counts in known) < documents}, answering

    def _ask[T](self, calls: Mapping[str, Callable[[], T]]) -> dict[str, T]:
        """Call shards at the same time; return the answers by the shards' names, without those that are missing."""
        futures = {name: self._pool.submit(call) for name, call in calls.items()}
        answers = {}
        for name, future in futures.items():
            try:
                answers[name] = future.result()
            except Exception as problem:
                self._check_open()
                error = _no_answer(self._index, name, problem)
                if not self._allow_partial:
                    raise error from problem
                logger.warning("%s", error)
        return answers

    def _first[T](self, calls: Mapping[str, Callable[[], T | None]]) -> T | None:
        """Return the answer of the shard that has a document; None if no shard has it."""
        answers = self._ask(calls)
        for answer in answers.values():
            if answer is not None:
                return answer
        if missing := [*self._missing, *(name for name in self._shards if name not in answers)]:
            raise DiscoError(f"{self._index}: the shards that answered do not have it, {', '.join(missing)} did not")
        return None

    def _merge(self, found: Mapping[str, Hits], k: int, missing: Sequence[str]) -> Hits:
        scores = {name: _tied_scores(hits) for name, hits in found.items()}
        every = np.concatenate(list(scores.values()))
        lowest = np.partition(every, len(every) - k)[len(every) - k] if len(every) > k else -np.inf
        rows: list[tuple[float, str, str]] = []
        for name, hits in found.items():
            kept = int(np.count_nonzero(scores[name] >= lowest))
            rows += zip((-scores[name][:kept]).tolist(), hits.docids[:kept], repeat(name))
        rows.sort()  # ids as Lucene sorts them: the order of code points is that of their UTF-8 bytes
        del rows[k:]
        tied = -np.array([score for score, _, _ in rows], np.float32)
        ids = [docid for _, docid, _ in rows]
        return Hits(lambda: ids, lower_ties(tied), _HitTexts(self, rows), tied, missing)


class _HitTexts:
    """Reads the texts of merged hits, each from the shard that found it."""

    def __init__(self, searcher: ShardedSearcher, rows: Sequence[tuple[float, str, str]]) -> None:
        self._searcher = searcher
        self._rows = rows

    @cached_property
    def _shard_of(self) -> dict[str, str]:
        return {docid: name for _, docid, name in self._rows}

    def text(self, docid: str) -> str | None:
        self._searcher._check_open()
        return self._searcher._shards[self._shard_of[docid]].text(docid)


def _tied_scores(hits: Hits) -> NDArray[np.float32]:
    if hits.tied_scores is None:
        raise DiscoError("the engine of a shard does not return scores before ties are lowered (Hits.tied_scores)")
    return hits.tied_scores


def _no_answer(index: Path, shard: str, problem: Exception) -> DiscoError:
    return DiscoError(
        f"{index}: the shard {shard} did not answer: {problem or type(problem).__name__}: repair it, or allow partial "
        "answers (--allow-partial)"
    )
