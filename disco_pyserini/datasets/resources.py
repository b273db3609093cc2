"""The published files of a collection: where they come from, and the terms of their use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from disco_pyserini.files import pyserini_cache


@dataclass(frozen=True, slots=True)
class Resource:
    """One published file.

    ``path`` is its place in the collection's folder. ``urls`` are tried in turn. ``checksum`` is ``md5:…`` or
    ``sha256:…`` as published, or None if none is published. An ``archive`` (zip, tar, tar.gz, gz) is unpacked into
    the folder of ``path``. ``required`` is False for large optional files, such as passages, which are fetched only
    when requested by name.
    """

    path: str
    urls: tuple[str, ...]
    checksum: str | None = None
    bytes: int | None = None
    archive: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """The licence of a collection, and the agreement that some of its files require before download.

    ``agreement`` explains, in full sentences, what cannot be downloaded and how to request it; None if everything can.
    """

    licence: str
    source: str
    agreement: str | None = None


def data_folder(name: str) -> Path:
    """Return the folder of a collection's files: ``disco/NAME`` in Pyserini's cache folder (``PYSERINI_CACHE``)."""
    return pyserini_cache() / "disco" / name
