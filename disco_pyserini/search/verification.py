"""Checking the checksums of all files of an index, which a search does not: it would have to read them all."""

from __future__ import annotations

from pathlib import Path

from disco_pyserini.errors import InputError
from disco_pyserini.search.engine import ENGINES
from disco_pyserini.search.index_manifest import read_index_manifest


def verify_index(index: Path) -> list[str]:
    """Check every file of an index, of whatever engines, or of all its shards.

    Returns:
        the engines whose files were checked.

    Raises:
        InputError: a file is missing or damaged, or no engine here can check the folder.
    """
    manifest = read_index_manifest(index)
    if manifest and manifest.shards:
        return sorted({engine for shard in manifest.shards for engine in verify_index(index / shard)})
    checks = {name: ENGINES.get(name).verify for name in ENGINES}
    checked = [name for name, verify in checks.items() if verify and verify(index)]
    if not checked:
        raise InputError(
            f"{index}: expected the files of an index, found none that an engine can check: copy the index again"
        )
    return checked
