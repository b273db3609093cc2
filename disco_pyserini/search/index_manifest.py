"""``disco.json`` in an index folder: what the index was built from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from disco_pyserini.errors import InputError
from disco_pyserini.files import write_aside
from disco_pyserini.records import Record, only, read_json
from disco_pyserini.vectors.manifest import Count, VectorSpace

FILE_NAME = "disco.json"


class IndexManifest(Record):
    """What made an index, and how much is in it.

    Attributes:
        space: what the vectors share with the queries that fit them; None if that is not known.
        documents: how many there are.
        postings: how many (term, document) pairs there are.
        raw: whether the passages' texts are stored.
    """

    format: Annotated[int, only(1)] = 1
    space: VectorSpace | None
    documents: Count
    postings: Count
    raw: bool


def write_index_manifest(manifest: IndexManifest, index: Path) -> None:
    """Write ``disco.json`` into an index folder."""
    with write_aside(index / FILE_NAME) as lines:
        lines.write(json.dumps(manifest.model_dump(), indent=2, ensure_ascii=False) + "\n")


def read_index_manifest(index: Path) -> IndexManifest | None:
    """Return the manifest of an index; None for a Lucene index that something else built.

    Raises:
        InputError: the folder holds no Lucene index, or its manifest cannot be read.
    """
    if not index.is_dir():
        raise InputError(
            f"{index}: expected the folder of a Lucene index, found {'a file' if index.exists() else 'nothing'}"
        )
    if not any(index.glob("segments_*")):
        raise InputError(
            f"{index}: expected the folder of a Lucene index, as 'disco index' or Anserini's IndexCollection writes "
            "it, found no file segments_N in it"
        )
    path = index / FILE_NAME
    return IndexManifest.check(read_json(path), str(path)) if path.exists() else None
