"""OpenSearch: a ``rank_features`` field, queried by ``neural_sparse`` with the query's own weights.

See `lucene_features` for what is rounded. A query's weight is at most 64, so impacts are divided by 1,024, a power of
two that changes no digit of their floats; scores are multiplied by it again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from disco_pyserini.exports.lucene_features import BulkFiles, FeatureIndex
from disco_pyserini.exports.search_service import Place, Service
from disco_pyserini.exports.service_searcher import engine

USER, PASSWORD = "OPENSEARCH_USER", "OPENSEARCH_PASSWORD"
_SCALE = 1024


def query_body(query: Mapping[int, int], limit: int) -> dict[str, Any]:
    """Return the body of a search for impacts by term."""
    tokens = {str(term): impact / _SCALE for term, impact in query.items()}
    return {
        "size": limit,
        "_source": False,
        "track_total_hits": False,
        "query": {"neural_sparse": {"impacts": {"query_tokens": tokens}}},
    }


def write(place: Place) -> BulkFiles:
    """Return the writer of the files."""
    return BulkFiles(place, {"type": "rank_features"})


class OpenSearchIndex(FeatureIndex):
    """An index of a server."""

    def __init__(self, place: Place) -> None:
        from opensearchpy import OpenSearch

        user = os.environ.get(USER)
        login = {"http_auth": (user, os.environ.get(PASSWORD, ""))} if user else {}
        self._client: Any = OpenSearch(place.url, **login)
        self._name = place.collection

    def best(self, query: Mapping[int, int], limit: int) -> list[tuple[str, float]]:
        """See `Reader.best`."""
        found = self._client.search(index=self._name, body=query_body(query, limit))
        return [(hit["_id"], hit["_score"] * _SCALE) for hit in found["hits"]["hits"]]

    def _document(self, docid: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self._client.get(index=self._name, id=docid, ignore=[404])
        return found["_source"] if found.get("found") else None


def _errors() -> tuple[type[Exception], ...]:
    from opensearchpy.exceptions import OpenSearchException

    return (OpenSearchException, OSError)


EXPORT = Service("opensearch", None, PASSWORD, write, lambda: (OSError,), "http://localhost:9200", 2_000)
ENGINE = engine(replace(EXPORT, extra="opensearch", errors=_errors), OpenSearchIndex)
