"""Vespa: an application package with a ``weightedset`` of terms, and documents to feed; queried by ``wand``.

Impacts and query weights are whole numbers in Vespa, too, and ``wand`` adds up their products exactly.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests

from disco_pyserini.errors import InputError
from disco_pyserini.exports.search_service import Place, Service
from disco_pyserini.exports.service_searcher import engine
from disco_pyserini.exports.survey import Survey
from disco_pyserini.files import write_aside
from disco_pyserini.vectors import VectorBatch

TOKEN = "VESPA_CLOUD_SECRET_TOKEN"
MOST_HITS = 100_000
"""``maxHits`` of the application package."""
_SECONDS = 60

_SERVICES = """<?xml version="1.0" encoding="UTF-8"?>
<services version="1.0">
  <container id="default" version="1.0">
    <search/>
    <document-api/>
  </container>
  <content id="passages" version="1.0">
    <min-redundancy>1</min-redundancy>
    <documents>
      <document type="{name}" mode="index"/>
    </documents>
  </content>
</services>
"""

_SCHEMA = """schema {name} {{
  document {name} {{
    field docid type string {{
      indexing: attribute | summary
    }}
    field impacts type weightedset<string> {{
      indexing: attribute
      attribute: fast-search
    }}
    field text type string {{
      indexing: summary
    }}
  }}
  document-summary docid {{
    summary docid {{}}
  }}
  rank-profile impacts {{
    first-phase {{
      expression: rawScore(impacts)
    }}
  }}
}}
"""

_PROFILE = f"""<query-profile id="default">
  <field name="maxHits">{MOST_HITS}</field>
</query-profile>
"""


def query_body(name: str, query: Mapping[int, int], limit: int) -> dict[str, Any]:
    """Return the body of a search for impacts by term."""
    return {
        "yql": f"select docid from {name} where ({{targetHits: {limit}}}wand(impacts, @terms))",
        "terms": json.dumps({str(term): impact for term, impact in query.items()}),
        "ranking": "impacts",
        "presentation.summary": "docid",
        "hits": limit,
        "timeout": f"{_SECONDS}s",
    }


class VespaFiles:
    """``application``, an application package, and ``documents-N.jsonl`` for ``vespa feed``."""

    def __init__(self, place: Place) -> None:
        self._name = place.collection
        self._folder = place.folder / "vespa"

    def check(self, found: Survey) -> None:
        """A document type is named like a variable."""
        if not (self._name.isascii() and self._name.isidentifier()):
            raise InputError(f"expected a --collection of letters, digits and _ for Vespa, found {self._name!r}")

    def exists(self) -> bool:
        """See `Writer.exists`."""
        return self._folder.is_dir()

    def create(self) -> None:
        """See `Writer.create`."""
        files = {
            "services.xml": _SERVICES.format(name=self._name),
            f"schemas/{self._name}.sd": _SCHEMA.format(name=self._name),
            "search/query-profiles/default.xml": _PROFILE,
        }
        for path, content in files.items():
            with write_aside(self._folder / "application" / path) as file:
                file.write(content)

    def add(self, first: int, batch: VectorBatch) -> None:
        """Write one file."""
        with write_aside(self._folder / f"documents-{first:011}.jsonl") as file:
            for (docid, terms, impacts), text in zip(batch, batch.raw or [""] * len(batch), strict=True):
                weights = {str(term): impact for term, impact in zip(terms.tolist(), impacts.tolist(), strict=True)}
                fields = {"docid": docid, "impacts": weights, **({"text": text} if text else {})}
                document = {"put": f"id:{self._name}:{self._name}::{docid}", "fields": fields}
                file.write(json.dumps(document, ensure_ascii=False) + "\n")

    def finish(self) -> None:
        """All files are written."""

    def close(self) -> None:
        """Nothing is open."""


class Vespa:
    """A document type of an application."""

    most: int | None = MOST_HITS

    def __init__(self, place: Place) -> None:
        self._url, self._name = place.url.rstrip("/"), place.collection
        self._session = requests.Session()
        if token := os.environ.get(TOKEN):
            self._session.headers["Authorization"] = f"Bearer {token}"

    def best(self, query: Mapping[int, int], limit: int) -> list[tuple[str, float]]:
        """See `Reader.best`.

        Raises:
            RuntimeError: Vespa answered with an error, or left out a part of the documents.
        """
        answer = self._session.post(
            f"{self._url}/search/", json=query_body(self._name, query, limit), timeout=2 * _SECONDS
        )
        answer.raise_for_status()
        root = answer.json()["root"]
        if root.get("errors") or root.get("coverage", {}).get("coverage", 100) != 100:
            raise RuntimeError(f"expected an answer over all documents, found {json.dumps(root)[:300]}")
        return [(hit["fields"]["docid"], hit["relevance"]) for hit in root.get("children", [])]

    def vector(self, docid: str) -> dict[int, int] | None:
        """See `Reader.vector`."""
        fields = self._fields(docid)
        return None if fields is None else {int(term): impact for term, impact in fields["impacts"].items()}

    def text(self, docid: str) -> str | None:
        """See `Reader.text`."""
        return (self._fields(docid) or {}).get("text")

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _fields(self, docid: str) -> dict[str, Any] | None:
        path = f"document/v1/{self._name}/{self._name}/docid/{quote(docid, safe='')}"
        answer = self._session.get(f"{self._url}/{path}", timeout=_SECONDS)
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        fields: dict[str, Any] = answer.json()["fields"]
        return fields


EXPORT = Service(
    "vespa",
    None,
    TOKEN,
    VespaFiles,
    lambda: (requests.RequestException, RuntimeError, OSError),
    "http://localhost:8080",
    10_000,
)
ENGINE = engine(EXPORT, Vespa)
