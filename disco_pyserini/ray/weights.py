"""Bringing a checkpoint to the nodes of a cluster: each node fetches it once, and keeps it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.files import folder_aside, make_folder, pyserini_cache

_KINDS = (".json", ".txt", ".model", ".safetensors", ".bin")
_KEPT = "nodes"


@dataclass(frozen=True, slots=True)
class ShippedCheckpoint:
    """A checkpoint in the cluster's memory.

    Attributes:
        revision: the encoder's SHA-256.
        files: where the content of each file is, by its path in the checkpoint.
    """

    revision: str
    files: dict[str, Any]


def ship(encoder: DiscoDocumentEncoder) -> ShippedCheckpoint:
    """Copy an encoder's files into the cluster's memory, from which every node can fetch them."""
    import ray

    files = {}
    for path in _files(encoder.checkpoint):
        # An array is written to the cluster's memory without a copy in this process's.
        content = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
        files[path.relative_to(encoder.checkpoint).as_posix()] = ray.put(content)
    return ShippedCheckpoint(encoder.revision, files)


def fetch(checkpoint: ShippedCheckpoint) -> Path:
    """Return the folder of a checkpoint on this node; the first of its processes writes it into Pyserini's cache.

    Raises:
        DiscoError: it cannot be written, for example because the disk is full.
    """
    import ray

    folder = pyserini_cache() / "disco" / _KEPT / checkpoint.revision
    make_folder(folder.parent, "set PYSERINI_CACHE to a folder that can be written")
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            with folder_aside(folder) as aside:
                for name, content in checkpoint.files.items():
                    path = aside / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(memoryview(ray.get(content)))
    return folder


def forget(checkpoint: ShippedCheckpoint) -> None:
    """Remove a checkpoint from this node, so that the next `fetch` gets it anew."""
    shutil.rmtree(pyserini_cache() / "disco" / _KEPT / checkpoint.revision, ignore_errors=True)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _KINDS and path.is_file() and not path.relative_to(folder).as_posix().startswith("."):
            yield path
