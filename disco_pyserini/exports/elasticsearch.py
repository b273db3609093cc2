"""Elasticsearch 9.2 or newer: a ``sparse_vector`` field, queried with the query's own weights.

See `lucene_features` for what is rounded. New indexes prune query tokens by default: that is switched off.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from disco_pyserini.exports.lucene_features import BulkFiles, FeatureIndex
from disco_pyserini.exports.search_service import Place, Service
from disco_pyserini.exports.service_searcher import engine

API_KEY = "ELASTIC_API_KEY"


def query_body(query: Mapping[int, int], limit: int) -> dict[str, Any]:
    """Return the body of a search for impacts by term."""
    tokens = {str(term): impact for term, impact in query.items()}
    return {
        "size": limit,
        "_source": False,
        "track_total_hits": False,
        "query": {"sparse_vector": {"field": "impacts", "query_vector": tokens, "prune": False}},
    }


def write(place: Place) -> BulkFiles:
    """Return the writer of the files."""
    return BulkFiles(place, {"type": "sparse_vector", "index_options": {"prune": False}})


class ElasticsearchIndex(FeatureIndex):
    """An index of a server."""

    def __init__(self, place: Place) -> None:
        from elasticsearch import Elasticsearch

        self._client: Any = Elasticsearch(place.url, api_key=os.environ.get(API_KEY))
        self._name = place.collection

    def best(self, query: Mapping[int, int], limit: int) -> list[tuple[str, float]]:
        """See `Reader.best`."""
        found = self._client.search(index=self._name, body=query_body(query, limit))
        return [(hit["_id"], hit["_score"]) for hit in found["hits"]["hits"]]

    def _document(self, docid: str) -> dict[str, Any] | None:
        client = self._client.options(ignore_status=404)
        # The server leaves vectors out of stored documents unless asked.
        found = client.get(index=self._name, id=docid, source_exclude_vectors=False)
        return found["_source"] if found.get("found") else None


def _errors() -> tuple[type[Exception], ...]:
    from elastic_transport import TransportError
    from elasticsearch import ApiError

    return (ApiError, TransportError, OSError)


EXPORT = Service("elasticsearch", None, API_KEY, write, lambda: (OSError,), "http://localhost:9200", 2_000)
ENGINE = engine(replace(EXPORT, extra="elasticsearch", errors=_errors), ElasticsearchIndex)
