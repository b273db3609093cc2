"""Qdrant: a collection with one sparse vector for each point, compared by dot product.

Weights are 32-bit floats, so impacts are stored exactly. The address is that of a server, or a folder for the client's
local mode.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from disco_pyserini.exports.search_service import Place, Service
from disco_pyserini.exports.service_searcher import engine
from disco_pyserini.exports.survey import Survey
from disco_pyserini.vectors import VectorBatch

API_KEY = "QDRANT_API_KEY"
_VECTOR = "impacts"
_SECONDS = 120


class Qdrant:
    """A collection; its points have a UUID made from the document id, since Qdrant takes no other texts as ids."""

    most: int | None = None

    def __init__(self, place: Place) -> None:
        from qdrant_client import QdrantClient, models

        self._models = models
        self._name = place.collection
        if "://" in place.url:
            self._client = QdrantClient(url=place.url, api_key=os.environ.get(API_KEY), timeout=_SECONDS)
        else:
            self._client = QdrantClient(path=place.url)

    def check(self, found: Survey) -> None:
        """Nothing is too large."""

    def exists(self) -> bool:
        """See `Writer.exists`."""
        return bool(self._client.collection_exists(self._name))

    def create(self) -> None:
        """See `Writer.create`."""
        index = self._models.SparseIndexParams(datatype=self._models.Datatype.FLOAT32)
        vectors = {_VECTOR: self._models.SparseVectorParams(index=index)}
        self._client.create_collection(self._name, vectors_config={}, sparse_vectors_config=vectors)

    def add(self, first: int, batch: VectorBatch) -> None:
        """See `Writer.add`."""
        points = [
            self._models.PointStruct(
                id=_point(docid),
                vector={_VECTOR: self._sparse(terms.tolist(), impacts.tolist())},
                payload={"docid": docid, "text": text} if text else {"docid": docid},
            )
            for (docid, terms, impacts), text in zip(batch, batch.raw or [""] * len(batch), strict=True)
        ]
        self._client.upsert(self._name, points, wait=True)

    def finish(self) -> None:
        """Qdrant indexes as it goes."""

    def best(self, query: Mapping[int, int], limit: int) -> list[tuple[str, float]]:
        """See `Reader.best`."""
        wanted = self._sparse(list(query), list(query.values()))
        found = self._client.query_points(self._name, wanted, using=_VECTOR, limit=limit, with_payload=["docid"])
        return [((point.payload or {})["docid"], point.score) for point in found.points]

    def vector(self, docid: str) -> dict[int, int] | None:
        """See `Reader.vector`."""
        found: list[Any] = self._client.retrieve(self._name, [_point(docid)], with_payload=False, with_vectors=True)
        if not found:
            return None
        stored = found[0].vector[_VECTOR]
        return {term: round(weight) for term, weight in zip(stored.indices, stored.values, strict=True)}

    def text(self, docid: str) -> str | None:
        """See `Reader.text`."""
        found = self._client.retrieve(self._name, [_point(docid)], with_payload=["text"])
        text: str | None = (found[0].payload or {}).get("text") if found else None
        return text

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _sparse(self, terms: list[int], impacts: list[int]) -> Any:
        return self._models.SparseVector(indices=terms, values=[float(impact) for impact in impacts])


def _point(docid: str) -> str:
    return str(uuid5(NAMESPACE_OID, docid))


def _errors() -> tuple[type[Exception], ...]:
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ApiException

    # The local mode raises plain errors.
    return (ApiException, QdrantException, RuntimeError, ValueError, OSError)


EXPORT = Service("qdrant", "qdrant", API_KEY, Qdrant, _errors, "http://localhost:6333", 500)
ENGINE = engine(EXPORT, Qdrant)
