"""Opening vectors that are stored on disk, of whatever kind they are."""

from __future__ import annotations

from pathlib import Path

from disco_pyserini.errors import InputError
from disco_pyserini.vectors.batch import VectorSource
from disco_pyserini.vectors.jsonl import read_jsonl
from disco_pyserini.vectors.manifest import MANIFEST
from disco_pyserini.vectors.parts import read_parts


def open_vectors(path: Path) -> VectorSource:
    """Open vector parts (a folder with a manifest, or one of shards), or JSONL as Anserini reads it (a file or folder).

    Raises:
        InputError: there is neither of them, or the parts are not complete.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder: expected what `disco encode` wrote, or JSONL vectors")
    if (path / MANIFEST).exists() or any(path.glob("shard-*-of-*")):
        return read_parts(path)
    return read_jsonl(path)
