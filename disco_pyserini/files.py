"""Read files strictly, and write files and folders atomically: a killed process leaves nothing half-written."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from disco_pyserini.errors import DiscoError, InputError


@contextmanager
def write_aside(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 text file beside ``path`` and rename it to ``path`` when the block ends without an error.

    Raises:
        DiscoError: the write failed (a full disk, a missing permission); ``path`` is unchanged.
    """
    with write_bytes_aside(path) as file, io.TextIOWrapper(file, encoding="utf-8") as lines:
        yield lines


@contextmanager
def write_bytes_aside(path: Path) -> Iterator[BinaryIO]:
    """`write_aside` for bytes. A path that is not a regular file (``/dev/null``, a pipe) is written in place."""
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
    """Check that the disk of a folder has enough free space.

    Raises:
        DiscoError: there is too little.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiscoError(
            f"not enough disk to {purpose}: {needed:,} bytes needed in {folder}, {free:,} free: make room there, or "
            "choose a folder on a larger disk"
        )


def pyserini_cache() -> Path:
    """Return Pyserini's cache folder: ``PYSERINI_CACHE``, by default ``~/.cache/pyserini``."""
    return Path(os.environ.get("PYSERINI_CACHE") or Path.home() / ".cache" / "pyserini")


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, unpacked if its name ends with ``.gz``.

    Raises:
        InputError: the file cannot be read, or is not a valid gzip file.
    """
    with open_unpacked(path) as lines:
        yield from lines


def read_text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a UTF-8 file without their line ends, unpacked if its name ends with ``.gz``.

    A byte-order mark at the start is ignored.

    Raises:
        InputError: the file cannot be read, is not a valid gzip file, or is not UTF-8.
    """
    return decode_lines(read_lines(path), path)


def decode_lines(lines: Iterable[bytes], path: Path) -> Iterator[tuple[int, str]]:
    """Number the lines of a UTF-8 file and remove their line ends, and a byte-order mark at the start.

    Raises:
        InputError: a line is not UTF-8; ``path`` names the file.
    """
    for number, line in enumerate(lines, 1):
        try:
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as problem:
            found = f"{problem.object[problem.start : problem.end]!r} at byte {problem.start} of the line"
            raise InputError(f"{path}:{number}: expected UTF-8, found {found}: convert the file to UTF-8") from problem


@contextmanager
def open_unpacked(path: Path) -> Iterator[io.BufferedReader | gzip.GzipFile]:
    """Open a file for reading, unpacked if its name ends with ``.gz``.

    Raises:
        InputError: the file cannot be read, or is not a valid gzip file.
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


@contextmanager
def folder_aside(final: Path) -> Iterator[Path]:
    """Create a new folder beside ``final`` and rename it to ``final`` when the block ends without an error.

    Leftovers of killed builds of the same folder are removed first.

    Raises:
        InputError: ``final`` exists already and is not an empty folder.
        DiscoError: a file system error.
    """
    refuse_existing(final)
    aside = _aside_name(final, os.getpid())
    try:
        _remove_leftovers(final)
        aside.mkdir(parents=True)
        yield aside
        refuse_existing(final)
        if final.exists():
            final.rmdir()
        aside.rename(final)
    except OSError as problem:
        raise DiscoError(f"cannot write {final}: {problem.strerror or problem}: nothing was left there") from problem
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _aside_name(final: Path, pid: int | str) -> Path:
    return final.with_name(f".{final.name}.{pid}.part")


def refuse_existing(final: Path) -> None:
    """Check that a new folder does not exist yet; an empty one may exist.

    Raises:
        InputError: ``final`` is a file, or a folder that is not empty.
    """
    if final.exists() and not (final.is_dir() and not any(final.iterdir())):
        what = "a folder that is not empty" if final.is_dir() else "a file"
        raise InputError(f"{final}: already there ({what}): choose another name, or remove it first")


def _remove_leftovers(final: Path) -> None:
    for leftover in final.parent.glob(_aside_name(final, "*").name):
        pid = leftover.suffixes[-2].removeprefix(".")
        if not (pid.isdecimal() and _is_alive(int(pid))):
            shutil.rmtree(leftover, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
