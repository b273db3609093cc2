"""Reading files strictly, and writing them so that a killed process or a full disk never leaves half a file behind."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from disco_pyserini.errors import DiscoError, InputError


@contextmanager
def write_aside(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 text file beside ``path`` and rename it to ``path`` when the block ends without an error.

    Raises:
        DiscoError: the file system refused (a full disk, a missing permission); ``path`` is as it was.
    """
    with write_bytes_aside(path) as file, io.TextIOWrapper(file, encoding="utf-8") as lines:
        yield lines


@contextmanager
def write_bytes_aside(path: Path) -> Iterator[BinaryIO]:
    """`write_aside` for bytes. What is no regular file (``/dev/null``, a pipe) is written to, never replaced."""
    if path.exists() and not path.is_file():
        try:
            with path.open("wb") as file:
                yield file
        except OSError as problem:
            raise DiscoError(f"cannot write {path}: {problem.strerror or problem}") from problem
        return
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            yield file
        aside.replace(path)
    except OSError as problem:
        reason = problem.strerror or problem
        raise DiscoError(f"cannot write {path}: {reason}: what was there before is unchanged") from problem
    finally:
        aside.unlink(missing_ok=True)


def check_room(folder: Path, needed: int, purpose: str) -> None:
    """Make sure that the disk of a folder has room for so many bytes.

    Raises:
        DiscoError: it has not.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiscoError(
            f"not enough disk to {purpose}: {needed:,} bytes needed in {folder}, {free:,} free: make room there, or "
            "choose a folder on a larger disk"
        )


def pyserini_cache() -> Path:
    """The folder in which Pyserini keeps what can be made or fetched again: ``PYSERINI_CACHE``."""
    return Path(os.environ.get("PYSERINI_CACHE") or Path.home() / ".cache" / "pyserini")


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, unpacked if its name ends with ``.gz``.

    Raises:
        InputError: the file cannot be read, or is not a whole gzip file.
    """
    with open_unpacked(path) as lines:
        yield from lines


@contextmanager
def open_unpacked(path: Path) -> Iterator[io.BufferedReader | gzip.GzipFile]:
    """Open a file for reading, unpacked if its name ends with ``.gz``.

    Raises:
        InputError: the file cannot be read, or is not a whole gzip file.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            yield file
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise InputError(
            f"{path}: expected a whole gzip file, found a cut or damaged one ({problem}): get it again"
        ) from problem
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: check the path") from problem
