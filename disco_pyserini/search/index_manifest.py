"""``disco.json`` in an index folder: what the index was built from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final, Literal

from disco_pyserini.errors import InputError
from disco_pyserini.files import exists, write_aside
from disco_pyserini.records import FileName, Items, Record, only, read_json
from disco_pyserini.vectors.manifest import Count, VectorSpace

FILE_NAME = "disco.json"
BM25: Final = "bm25"
_LATER: Final = {"kind": "impact", "shards": ()}


class IndexManifest(Record):
    """How an index was built, and its size.

    Attributes:
        space: the vector space, which queries must share; None if unknown.
        documents: the number of documents.
        postings: the number of (term, document) pairs; not counted in a BM25 index.
        raw: whether the passages' texts are stored.
        kind: ``impact`` for an index of vectors, ``bm25`` for one of texts.
        shards: the folders of the shards, if the index is in shards: each is an ordinary index.
    """

    format: Annotated[int, only(1)] = 1
    space: VectorSpace | None
    documents: Count
    postings: Count | None
    raw: bool
    kind: Literal["impact", "bm25"] = "impact"
    shards: Items[FileName] = ()


def write_index_manifest(manifest: IndexManifest, index: Path) -> None:
    """Write ``disco.json`` into an index folder."""
    # Earlier versions have no kinds and shards: leave them out, so that they can read the manifests of other indexes.
    fields = manifest.model_dump(exclude={name for name, usual in _LATER.items() if getattr(manifest, name) == usual})
    with write_aside(index / FILE_NAME) as lines:
        lines.write(json.dumps(fields, indent=2, ensure_ascii=False) + "\n")


def read_index_manifest(index: Path) -> IndexManifest | None:
    """Return the manifest of an index; None for a Lucene index built by another tool.

    Raises:
        InputError: the folder is not an index, or its manifest cannot be read.
    """
    if not (exists(index) and index.is_dir()):
        found = "a file" if exists(index) else "nothing"
        raise InputError(f"{index}: expected the folder of an index, found {found}")
    path = index / FILE_NAME
    if path.exists():
        return IndexManifest.check(read_json(path), str(path))
    if any(index.glob("shard-*")):
        raise InputError(f"{index}: not all shards are complete: run the same disco index --shards again")
    if not any(index.glob("segments_*")):
        raise InputError(
            f"{index}: expected the folder of an index, as 'disco index' or Anserini's IndexCollection writes "
            f"it, found neither {FILE_NAME} nor a file segments_N in it"
        )
    return None


def read_impact_manifest(index: Path) -> IndexManifest | None:
    """Read the manifest of an impact index; see `read_index_manifest`.

    Raises:
        InputError: as there, or the index is a BM25 index.
    """
    manifest = read_index_manifest(index)
    if manifest and manifest.kind == BM25:
        raise InputError(
            f"{index}: expected an impact index, found a BM25 index: search it with "
            "python -m pyserini.search.lucene --bm25, or make an impact index with disco encode and disco index "
            "--vectors"
        )
    return manifest
