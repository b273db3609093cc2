"""What every kind of stored vectors looks like to those who read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from disco_pyserini.errors import InputError
from disco_pyserini.vectors.batch import VectorBatch
from disco_pyserini.vectors.manifest import MANIFEST, VectorSpace


class VectorSource(Protocol):
    """Sparse document vectors on disk, read in batches."""

    @property
    def space(self) -> VectorSpace | None:
        """What the vectors mean; None where the files do not say."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """Tokens in the order of their ids. It may grow while batches are read, but never changes otherwise."""

    @property
    def total(self) -> int | None:
        """How many vectors there are, if that is known before reading them."""

    def batches(self) -> Iterator[VectorBatch]:
        """Read all vectors in order, from the first one at every call.

        Raises:
            InputError: a file is damaged.
        """


def open_vectors(path: Path) -> VectorSource:
    """Open vector parts (a folder with a manifest, or one of shards), or JSONL as Anserini reads it (a file or folder).

    Raises:
        InputError: there is neither of them, or the parts are not complete.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder: expected what `disco encode` wrote, or JSONL vectors")
    if (path / MANIFEST).exists() or any(path.glob("shard-*-of-*")):
        from disco_pyserini.vectors.parts import read_parts

        return read_parts(path)
    from disco_pyserini.vectors.jsonl import read_jsonl

    return read_jsonl(path)
