"""What OpenSearch and Elasticsearch share: both store impacts in Lucene's ``FeatureField``.

It keeps the 9 highest bits of a weight: impacts up to 512 are exact, larger ones are rounded down by less than 0.4%
(1 in 256). A feature's name must not have dots in it, so features are named by term, a number.

Documents are written as files for the ``_bulk`` interface: every user of these servers has a way to load them.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.exports.search_service import Place
from disco_pyserini.exports.survey import Survey
from disco_pyserini.files import make_folder, write_aside
from disco_pyserini.vectors import VectorBatch

MOST_HITS = 10_000
"""``index.max_result_window``."""
_BITS = 9
_MOST_ID = 512


def kept(impact: int) -> int:
    """Return what a ``FeatureField`` keeps of an impact: its 9 highest bits."""
    lost = max(impact.bit_length() - _BITS, 0)
    return impact >> lost << lost


def features(terms: Any, impacts: Any) -> dict[str, int]:
    """Return impacts by the names of their features."""
    return {str(term): impact for term, impact in zip(terms, impacts, strict=True)}


class FeatureIndex(ABC):
    """An index of a server: what the readers of both servers share."""

    most: int | None = MOST_HITS
    _client: Any

    def vector(self, docid: str) -> dict[int, int] | None:
        """See `Reader.vector`. The impacts are those that the server scores."""
        document = self._document(docid)
        if document is None:
            return None
        return {int(term): kept(impact) for term, impact in document["impacts"].items()}

    def text(self, docid: str) -> str | None:
        """See `Reader.text`."""
        return (self._document(docid) or {}).get("text")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @abstractmethod
    def _document(self, docid: str) -> dict[str, Any] | None:
        """Return the stored fields of a document."""


class BulkFiles:
    """``index.json`` (the mapping), and ``documents-N.ndjson`` for ``_bulk``."""

    def __init__(self, place: Place, field: Mapping[str, Any]) -> None:
        self._folder = place.folder / "bulk"
        properties = {"impacts": field, "text": {"type": "text", "index": False}}
        self._index = {"mappings": {"dynamic": "strict", "properties": properties}}

    def check(self, found: Survey) -> None:
        """See `Writer.check`: ids have a largest size."""
        if found.longest_id > _MOST_ID:
            raise InputError(
                f"the server takes ids of at most {_MOST_ID} bytes, the longest one has {found.longest_id:,}: shorten "
                "the ids"
            )

    def exists(self) -> bool:
        """See `Writer.exists`."""
        return self._folder.is_dir()

    def create(self) -> None:
        """See `Writer.create`."""
        make_folder(self._folder)
        with write_aside(self._folder / "index.json") as file:
            json.dump(self._index, file, indent=1)

    def add(self, first: int, batch: VectorBatch) -> None:
        """Write one file."""
        path: Path = self._folder / f"documents-{first:011}.ndjson"
        with write_aside(path) as file:
            for (docid, terms, impacts), text in zip(batch, batch.raw or [""] * len(batch), strict=True):
                document: dict[str, Any] = {"impacts": features(terms.tolist(), impacts.tolist())}
                if text:
                    document["text"] = text
                file.write(json.dumps({"index": {"_id": docid}}, ensure_ascii=False) + "\n")
                file.write(json.dumps(document, ensure_ascii=False) + "\n")

    def finish(self) -> None:
        """All files are written."""

    def close(self) -> None:
        """Nothing is open."""
