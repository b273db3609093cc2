"""Opening stored vectors of any kind."""

from __future__ import annotations

from pathlib import Path

from disco_pyserini.errors import InputError
from disco_pyserini.vectors.batch import VectorSource
from disco_pyserini.vectors.jsonl import read_jsonl
from disco_pyserini.vectors.manifest import MANIFEST
from disco_pyserini.vectors.parts import read_parts


def open_vectors(path: Path | str) -> VectorSource:
    """Open stored vectors.

    Args:
        path: vector parts (a folder with a manifest, or a folder of shards), or Anserini's JSONL (a file or folder).

    Returns:
        the vectors, which are read in batches.

    Raises:
        InputError: there are no vectors, or the parts are not complete.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder: expected what `disco encode` wrote, or JSONL vectors")
    if (path / MANIFEST).exists() or any(path.glob("shard-*-of-*")):
        return read_parts(path)
    return read_jsonl(path)
