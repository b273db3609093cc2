"""The collection of a search service as a `disco_pyserini.search.Searcher`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from disco_pyserini.errors import InputError
from disco_pyserini.exports.search_service import SERVICE_FILE, Place, Reader, Service, ServiceRecord, service_errors
from disco_pyserini.extras import check_extra
from disco_pyserini.search.engine import Engine, ImpactQuery, check_numbers, closed_error, lower_ties
from disco_pyserini.search.hits import Hit, Hits
from disco_pyserini.search.index_manifest import FILE_NAME
from disco_pyserini.vectors.parts import VOCABULARY

_MORE = 16
"""Documents beyond the k-th to ask for at first, so that those with its score are among them."""


class ServiceSearcher:
    """Searches the collection of a service, from any thread.

    Scores are those of Lucene, up to what the service rounds (docs/services.md), and ties are ordered here: documents
    are requested until all with the k-th score are there. ``query_terms`` changes nothing.

    Args:
        index: the folder that `disco vectors export` wrote.
        service: the service.
        read: connects to a collection.

    Raises:
        InputError: the folder is not that of a complete export to this service.
        DiscoError: the client is not installed, or the service cannot be reached.
    """

    def __init__(self, index: Path, service: Service, read: Callable[[Place], Reader]) -> None:
        if service.extra:
            check_extra(service.extra, f"the engine {service.engine}")
        record = ServiceRecord.read(index)
        if record is None or record.service != service.engine:
            found = f"an export to {record.service}" if record else f"no {SERVICE_FILE} in it"
            raise InputError(
                f"{index}: expected the folder of `disco vectors export --to {service.engine}`, found {found}"
            )
        if not (index / FILE_NAME).exists():
            raise InputError(
                f"{index}: the export is not complete ({record.done:,} documents so far): run the same `disco vectors "
                "export` again, which continues it"
            )
        self._index, self._url, self._service = index, record.url, service
        tokens: list[str] = json.loads((index / VOCABULARY).read_bytes())
        ignored = set(record.ignored)
        self._terms = {token: term for term, token in enumerate(tokens) if term not in ignored}
        self._closed = False
        with service_errors(service, record.url):
            self._reader = read(record.place(index))

    def search(
        self, vectors: Sequence[ImpactQuery], k: int, *, threads: int = 1, query_terms: int | None = None
    ) -> list[Sequence[Hit]]:
        """See `disco_pyserini.search.Searcher.search`.

        Raises:
            InputError: the service does not return that many documents.
        """
        check_numbers(k=k, threads=threads, query_terms=query_terms)
        self._check_open()
        if self._reader.most is not None and k > self._reader.most:
            raise InputError(f"{self._service.engine} returns at most {self._reader.most:,} documents, {k:,} wanted")
        if threads == 1 or len(vectors) < 2:
            return [self._search(k, vector) for vector in vectors]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(partial(self._search, k), vectors))

    def explain(self, vector: ImpactQuery, docid: str) -> dict[str, tuple[int, int]] | None:
        """See `disco_pyserini.search.Searcher.explain`."""
        stored = self._ask(self._reader.vector, docid)
        if stored is None:
            return None
        terms = {token: term for token in vector if (term := self._terms.get(token)) is not None}
        return {token: (vector[token], stored[term]) for token, term in terms.items() if term in stored}

    def text(self, docid: str) -> str | None:
        """See `disco_pyserini.search.Searcher.text`."""
        text: str | None = self._ask(self._reader.text, docid)
        return text

    def close(self) -> None:
        """See `disco_pyserini.search.Searcher.close`."""
        if not self._closed:
            self._closed = True
            self._reader.close()

    def _check_open(self) -> None:
        if self._closed:
            raise closed_error(self._index)

    def _ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        self._check_open()
        with service_errors(self._service, self._url):
            return question(*arguments)

    def _search(self, k: int, vector: ImpactQuery) -> Sequence[Hit]:
        query = {term: impact for token, impact in vector.items() if (term := self._terms.get(token)) is not None}
        found = self._best(query, k) if query else []
        scores = lower_ties(np.array([score for _, score in found], np.float32))
        return Hits(lambda: [docid for docid, _ in found], scores, self)

    def _best(self, query: dict[int, int], k: int) -> list[tuple[str, int]]:
        """Return the best ``k`` documents, those with equal scores in the order of their ids."""
        most = self._reader.most
        limit = k + _MORE
        while True:
            limit = limit if most is None else min(limit, most)
            found = [(docid, round(score)) for docid, score in self._ask(self._reader.best, query, limit)]
            found.sort(key=lambda hit: (-hit[1], hit[0]))
            if len(found) < limit or found[-1][1] < found[k - 1][1] or limit == most:
                return [hit for hit in found[:k] if hit[1] > 0]
            limit *= 4


def engine(service: Service, read: Callable[[Place], Reader]) -> Engine:
    """Return the engine of a service. Its collections are filled by `disco vectors export`."""

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise InputError(
            f"the engine {service.engine} builds no index: use disco vectors export --to {service.engine}, then search "
            f"with --engine {service.engine} and the folder that it writes as --index"
        )

    return Engine(build=refuse, open=lambda index: ServiceSearcher(index, service, read))
