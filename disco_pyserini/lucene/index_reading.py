"""Opening the files of a Lucene index: what is wrong with them gets a named error, and all of them can be checked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.lucene import jvm


@contextmanager
def reading_failures(index: Path) -> Iterator[None]:
    """Turn a Java exception into a `DiscoError` that says which index could not be read, and why."""
    try:
        yield
    except Exception as problem:  # looked at only then: this is around every search
        jnius = sys.modules.get("jnius")
        if jnius is None or not isinstance(problem, jnius.JavaException):
            raise
        kind = (problem.classname or "").rpartition(".")[2]
        said = (problem.innermessage or str(problem)).splitlines()
        reason = f"{index}: cannot be read: {kind}: {said[0] if said else 'no message'}"
        if kind == "OutOfMemoryError":
            raise DiscoError(f"{reason} (give Java more memory: {jvm.OPTIONS_VARIABLE}=-Xmx8g)") from problem
        raise InputError(
            f"{reason}: the files are damaged or not all of them are here: copy the index again, or build it again"
        ) from problem


def has_segments(index: Path) -> bool:
    """Whether a folder has a Lucene index."""
    return any(index.glob("segments_*"))


@contextmanager
def open_reader(index: Path) -> Iterator[Any]:
    """Open a ``DirectoryReader`` for the time of a ``with`` block."""
    jnius = jvm.start()
    with jvm.shared_classes:
        folder = jnius.autoclass("java.io.File")(str(index)).toPath()
        directory = jnius.autoclass("org.apache.lucene.store.FSDirectory").open(folder)
        try:
            reader = jnius.autoclass("org.apache.lucene.index.DirectoryReader").open(directory)
            try:
                yield reader
            finally:
                reader.close()
        finally:
            directory.close()


def verify(index: Path) -> bool:
    """Check the checksum of every file; see `disco_pyserini.search.engine.Engine.verify`. This reads all of them."""
    if not has_segments(index):
        return False
    with reading_failures(index), open_reader(index) as reader:
        for leaf in reader.leaves().toArray():
            leaf.reader().checkIntegrity()
    return True
