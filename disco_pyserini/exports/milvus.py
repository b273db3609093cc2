"""Milvus: a collection with a sparse field, an inverted index, and inner product as metric.

Weights are 32-bit floats, so impacts are stored exactly. The address is that of a server, or a file ``NAME.db`` for
milvus-lite, which runs in the process. Large collections are imported from files: `MilvusFiles` writes them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.exports.search_service import Place, Service
from disco_pyserini.exports.service_searcher import engine
from disco_pyserini.exports.survey import Survey
from disco_pyserini.files import make_folder, write_aside, write_bytes_aside
from disco_pyserini.vectors import VectorBatch

TOKEN = "MILVUS_TOKEN"
_MOST_TEXT = 65_535
_MOST_HITS = 16_384
_SPARSE = "SPARSE_INVERTED_INDEX"


class Milvus:
    """A collection of a server, or of milvus-lite."""

    most: int | None = _MOST_HITS

    def __init__(self, place: Place) -> None:
        from pymilvus import MilvusClient

        self._name = place.collection
        self._client: Any = MilvusClient(uri=place.url, token=os.environ.get(TOKEN, ""))
        if self.exists():
            self._client.load_collection(self._name)

    def check(self, found: Survey) -> None:
        """See `Writer.check`: ids and texts have a largest size."""
        check_sizes(found)

    def exists(self) -> bool:
        """See `Writer.exists`."""
        return bool(self._client.has_collection(self._name))

    def create(self) -> None:
        """See `Writer.create`."""
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("docid", DataType.VARCHAR, is_primary=True, max_length=_MOST_TEXT)
        schema.add_field("impacts", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_field("text", DataType.VARCHAR, max_length=_MOST_TEXT)
        indexes = self._client.prepare_index_params()
        indexes.add_index("impacts", index_type=_SPARSE, metric_type="IP")
        self._client.create_collection(self._name, schema=schema, index_params=indexes, consistency_level="Strong")

    def add(self, first: int, batch: VectorBatch) -> None:
        """See `Writer.add`."""
        rows = [
            {"docid": docid, "impacts": _weights(terms.tolist(), impacts.tolist()), "text": text}
            for (docid, terms, impacts), text in zip(batch, batch.raw or [""] * len(batch), strict=True)
        ]
        self._client.upsert(self._name, rows)

    def finish(self) -> None:
        """See `Writer.finish`."""
        self._client.flush(self._name)

    def best(self, query: Mapping[int, int], limit: int) -> list[tuple[str, float]]:
        """See `Reader.best`. No term of the query is dropped."""
        wanted = _weights(list(query), list(query.values()))
        options = {"metric_type": "IP", "params": {"drop_ratio_search": 0.0}}
        [found] = self._client.search(
            self._name, data=[wanted], anns_field="impacts", limit=limit, search_params=options
        )
        return [(hit["docid"], hit["distance"]) for hit in found]

    def vector(self, docid: str) -> dict[int, int] | None:
        """See `Reader.vector`."""
        found = self._client.get(self._name, ids=[docid], output_fields=["impacts"])
        return {term: round(weight) for term, weight in found[0]["impacts"].items()} if found else None

    def text(self, docid: str) -> str | None:
        """See `Reader.text`."""
        found = self._client.get(self._name, ids=[docid], output_fields=["text"])
        return (found[0]["text"] or None) if found else None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


class MilvusFiles:
    """Parquet files that a Milvus server imports (``bulk_import``), with the columns of the collection above."""

    def __init__(self, place: Place) -> None:
        self._folder = place.folder / "import"

    def check(self, found: Survey) -> None:
        """See `Writer.check`."""
        check_sizes(found)

    def exists(self) -> bool:
        """See `Writer.exists`."""
        return self._folder.is_dir()

    def create(self) -> None:
        """See `Writer.create`."""
        make_folder(self._folder)

    def add(self, first: int, batch: VectorBatch) -> None:
        """Write one file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        vectors = [
            json.dumps({"indices": terms.tolist(), "values": impacts.astype(float).tolist()})
            for _, terms, impacts in batch
        ]
        columns = {"docid": batch.ids, "impacts": vectors, "text": batch.raw or [""] * len(batch)}
        with write_bytes_aside(self._folder / f"documents-{first:011}.parquet") as file:
            pq.write_table(pa.table(columns), file, compression="zstd")

    def finish(self) -> None:
        """List the files as ``bulk_import`` takes them."""
        names = sorted(path.name for path in self._folder.glob("documents-*.parquet"))
        with write_aside(self._folder / "files.json") as file:
            json.dump([[name] for name in names], file)

    def close(self) -> None:
        """Nothing is open."""


def check_sizes(found: Survey) -> None:
    """Check that ids and texts fit into Milvus' text fields.

    Raises:
        InputError: one is too long.
    """
    for what, size in (("id", found.longest_id), ("text", found.longest_text)):
        if size > _MOST_TEXT:
            raise InputError(
                f"Milvus holds at most {_MOST_TEXT:,} bytes of text in a field, the longest {what} of a document has "
                f"{size:,}: split the documents, or encode them with --no-store-raw"
            )


def _weights(terms: list[int], impacts: list[int]) -> dict[int, float]:
    return {term: float(impact) for term, impact in zip(terms, impacts, strict=True)}


def _errors() -> tuple[type[Exception], ...]:
    from grpc import RpcError
    from pymilvus.exceptions import MilvusException

    return (MilvusException, RpcError, OSError, ValueError)


EXPORT = Service("milvus", "milvus", TOKEN, Milvus, _errors, "http://localhost:19530", 500)
FILES = Service("milvus", None, TOKEN, MilvusFiles, lambda: (OSError,), "http://localhost:19530", 100_000)
ENGINE = engine(EXPORT, Milvus)
