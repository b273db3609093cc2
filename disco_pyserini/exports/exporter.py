"""Exporters: what writes document vectors for another engine.

An exporter is a function, registered by the name of its format (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from disco_pyserini.extensions import Registry
from disco_pyserini.vectors import VectorSource

DEFAULT_FORMAT = "anserini-jsonl"


class Exporter(Protocol):
    """Writes document vectors in one format."""

    def __call__(self, source: VectorSource, output: Path, progress: Callable[[int], None]) -> int:
        """Write all vectors, and return how many there are.

        Args:
            source: the vectors.
            output: the file or folder to write. It appears when everything is written: see `disco_pyserini.files`.
            progress: call it with the number of vectors written since the last call.

        Raises:
            InputError: the vectors, or this name of the output, do not suit the format.
            DiscoError: the file system refused.
        """


EXPORTERS: Registry[Exporter] = Registry(
    "export format",
    "exporters",
    {
        DEFAULT_FORMAT: "disco_pyserini.exports.anserini_jsonl:export",
        "ciff": "disco_pyserini.exports.ciff:export",
        "qdrant": "disco_pyserini.exports.qdrant:EXPORT",
        "milvus": "disco_pyserini.exports.milvus:EXPORT",
        "milvus-files": "disco_pyserini.exports.milvus:FILES",
        "pgvector": "disco_pyserini.exports.pgvector:EXPORT",
        "pgvector-hnsw": "disco_pyserini.exports.pgvector:EXPORT_HNSW",
        "opensearch": "disco_pyserini.exports.opensearch:EXPORT",
        "elasticsearch": "disco_pyserini.exports.elasticsearch:EXPORT",
        "vespa": "disco_pyserini.exports.vespa:EXPORT",
    },
)
