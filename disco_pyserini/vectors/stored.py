"""Opening stored vectors of any kind."""

from __future__ import annotations

from disco_pyserini.errors import InputError
from disco_pyserini.files import exists
from disco_pyserini.storage import AnyPath, ObjectPath, open_path
from disco_pyserini.vectors.batch import VectorSource
from disco_pyserini.vectors.ciff_file import SUFFIXES, read_ciff
from disco_pyserini.vectors.jsonl import read_jsonl
from disco_pyserini.vectors.parts import has_parts, read_parts


def open_vectors(path: AnyPath | str) -> VectorSource:
    """Open stored vectors.

    Args:
        path: vector parts (a folder with a manifest, or a folder of shards; also in an object store), Anserini's JSONL
            (a file or folder), or a CIFF file.

    Returns:
        the vectors, which are read in batches.

    Raises:
        InputError: there are no vectors, or the parts are not complete.
    """
    path = open_path(path)
    if not exists(path):
        raise InputError(f"{path}: no such file or folder: expected what `disco encode` wrote, or JSONL vectors")
    if has_parts(path):
        return read_parts(path)
    if isinstance(path, ObjectPath):
        raise InputError(f"{path}: expected what `disco encode` wrote: copy JSONL vectors to this machine first")
    if path.name.endswith(SUFFIXES):
        return read_ciff(path)
    return read_jsonl(path)
