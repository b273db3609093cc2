"""``disco.json`` in an index folder: what the index was built from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from disco_pyserini.errors import InputError
from disco_pyserini.files import write_aside
from disco_pyserini.vectors.manifest import VectorSpace

FILE_NAME = "disco.json"
_FORMAT = 1


IMPACT, BM25 = "impact", "bm25"


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """What made an index, and how much is in it.

    Attributes:
        kind: ``impact`` for an index of vectors, ``bm25`` for one of texts.
        space: what the vectors share with the queries that fit them; None if that is not known.
        documents: how many there are.
        postings: how many (term, document) pairs there are; not counted in a BM25 index.
        raw: whether the passages' texts are stored.
    """

    space: VectorSpace | None
    documents: int
    postings: int | None
    raw: bool
    kind: str = IMPACT


def write_index_manifest(manifest: IndexManifest, index: Path) -> None:
    """Write ``disco.json`` into an index folder."""
    with write_aside(index / FILE_NAME) as lines:
        lines.write(json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=2, ensure_ascii=False) + "\n")


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
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != _FORMAT:
            raise InputError(
                f"{path}: written in format {record['format']!r}, this version reads {_FORMAT}: "
                "update disco-pyserini, or build the index again"
            )
        space = record["space"]
        return IndexManifest(
            space=None if space is None else VectorSpace.from_json(space, str(path)),
            documents=int(record["documents"]),
            postings=None if record["postings"] is None else int(record["postings"]),
            raw=bool(record["raw"]),
            kind=str(record.get("kind", IMPACT)),
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise InputError(f"{path}: not the manifest of an index: {problem!r}: build the index again") from problem


def read_impact_manifest(index: Path) -> IndexManifest | None:
    """`read_index_manifest` for an index that impact vectors are searched in.

    Raises:
        InputError: as there; or it is a BM25 index.
    """
    manifest = read_index_manifest(index)
    if manifest and manifest.kind == BM25:
        raise InputError(
            f"{index}: expected an impact index, found a BM25 index: search it with "
            "python -m pyserini.search.lucene --bm25, or make an impact index with disco encode and disco index "
            "--vectors"
        )
    return manifest
