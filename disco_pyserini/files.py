"""Read files strictly, and write files and folders atomically: a killed process leaves nothing half-written."""

from __future__ import annotations

import ctypes
import gzip
import io
import os
import re
import shutil
import socket
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import BinaryIO, TextIO

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.storage import AnyPath, ObjectPath


@contextmanager
def write_aside(path: AnyPath) -> Iterator[TextIO]:
    """Open a UTF-8 text file beside ``path`` and rename it to ``path`` when the block ends without an error.

    Raises:
        DiscoError: the write failed (a full disk, a missing permission); ``path`` is unchanged.
    """
    with write_bytes_aside(path) as file, io.TextIOWrapper(file, encoding="utf-8") as lines:
        yield lines


@contextmanager
def write_bytes_aside(path: AnyPath) -> Iterator[BinaryIO]:
    """`write_aside` for bytes. A path that is not a regular file (``/dev/null``, a pipe) is written in place.

    What killed processes left of the same file is removed first. An object store gets the whole file in one step. If
    the path is a symbolic link, the file that it points to is written.
    """
    if isinstance(path, ObjectPath):
        content = _Kept()
        yield content
        path.write_bytes(content.getvalue())
        return
    if path.exists() and not path.is_file():
        try:
            with path.open("wb") as file:
                yield file
        except OSError as problem:
            raise DiscoError(f"cannot write {path}: {problem.strerror or problem}") from problem
        return
    path = _target(path)
    aside = _aside_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        with _in_progress(aside):
            with aside.open("wb") as file:
                yield file
            aside.replace(path)
    except OSError as problem:
        reason = problem.strerror or problem
        raise DiscoError(f"cannot write {path}: {reason}: what was there before is unchanged") from problem
    finally:
        with suppress(OSError):
            aside.unlink()


class _Kept(io.BytesIO):
    """Keeps its content when the wrapper of a text file closes it."""

    def close(self) -> None:
        pass


def _target(path: Path) -> Path:
    """What a symbolic link points to; any other path as it is."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def make_folder(folder: Path, remedy: str = "check the path and its permissions") -> None:
    """Create a folder and those above it, unless they exist.

    Raises:
        DiscoError: that is not possible; the message ends with ``remedy``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise DiscoError(f"cannot make the folder {folder}: {problem.strerror or problem}: {remedy}") from problem


@contextmanager
def temporary_folder(path: Path, suffix: str, remedy: str = "check the path and its permissions") -> Iterator[Path]:
    """Create a folder beside a file or folder that is being made, for the time of a ``with`` block.

    What killed processes left of the same kind (``suffix``) is removed first.

    Raises:
        DiscoError: that is not possible; the message ends with ``remedy``.
    """
    purpose = path.with_name(f"{path.name}{suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _naming:
            _remove_leftovers(purpose)
            prefix = _aside_name(purpose).name.removesuffix("part")
            temporary = TemporaryDirectory(prefix=prefix, suffix=".part", dir=path.parent)
            folder = Path(temporary.name)
            _writing.add(folder)
    except OSError as problem:
        raise DiscoError(f"cannot write {path}: {problem.strerror or problem}: {remedy}") from problem
    try:
        with _in_progress(folder):
            yield folder
    finally:
        try:
            temporary.cleanup()
        except BaseException:  # Ctrl-C just now: nothing would remove the rest if the command's result is complete
            shutil.rmtree(folder, ignore_errors=True)
            raise


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


def exists(path: AnyPath | str) -> bool:
    """Whether there is such a file or folder.

    Raises:
        InputError: no file can have this name, or the folder cannot be looked into.
    """
    try:
        return (Path(path) if isinstance(path, str) else path).exists()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"{str(path)!r:.200}: no such file or folder: {reason}: check the path") from problem


def read_lines(path: AnyPath) -> Iterator[bytes]:
    """Yield the lines of a file, unpacked if its name ends with ``.gz``.

    Raises:
        InputError: the file cannot be read, or is not a valid gzip file.
    """
    with open_unpacked(path) as lines:
        yield from lines


def read_text_lines(path: AnyPath) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a UTF-8 file without their line ends, unpacked if its name ends with ``.gz``.

    A byte-order mark at the start is ignored.

    Raises:
        InputError: the file cannot be read, is not a valid gzip file, or is not UTF-8.
    """
    return decode_lines(read_lines(path), path)


def decode_lines(lines: Iterable[bytes], path: AnyPath) -> Iterator[tuple[int, str]]:
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
def open_unpacked(path: AnyPath) -> Iterator[io.BufferedReader | gzip.GzipFile]:
    """Open a file for reading, unpacked if its name ends with ``.gz``.

    Raises:
        InputError: the file cannot be read, or is not a valid gzip file.
    """
    if "\0" in str(path):
        raise InputError(f"{str(path)!r}: cannot be read: expected a path without null characters: check the path")
    try:
        with ExitStack() as stack:
            file = stack.enter_context(path.open("rb"))
            yield stack.enter_context(gzip.open(file)) if path.suffix.lower() == ".gz" else file
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise InputError(
            f"{path}: expected a whole gzip file, found a cut or damaged one ({problem}): get it again"
        ) from problem
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: check the path") from problem


@contextmanager
def only_run(path: Path) -> Iterator[None]:
    """Lock a file or folder, by default a new folder, against other processes that write it.

    The lock leaves no file, and ends with the process.

    Raises:
        InputError: another process holds it.
        DiscoError: the folder cannot be made.
    """
    if not path.is_file():
        make_folder(path)
    try:
        handle = os.open(path, os.O_RDONLY) if sys.platform != "win32" else None  # Windows cannot lock a folder
    except OSError as problem:
        raise DiscoError(f"cannot open the folder {path}: {problem.strerror or problem}") from problem
    if handle is None:
        yield
        return
    import fcntl

    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise InputError(f"{path}: another run is writing to it: wait for its end, or stop it") from problem
        except OSError:
            pass  # some network file systems cannot lock either: there, users must avoid concurrent runs
        yield
    finally:
        os.close(handle)


@contextmanager
def folder_aside(final: Path, *, replace: bool = False) -> Iterator[Path]:
    """Create a new folder beside ``final`` and rename it to ``final`` when the block ends without an error.

    Leftovers of killed builds of the same folder are removed first. If ``final`` is a symbolic link, the folder that it
    points to is created.

    Args:
        final: the folder.
        replace: whether it may exist; it is replaced then.

    Raises:
        InputError: ``final`` exists already, is not an empty folder, and is not to be replaced.
        DiscoError: a file system error.
    """
    if not replace:
        refuse_existing(final)
    final = _target(final)
    aside = _aside_name(final)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(final)
        with _in_progress(aside):
            aside.mkdir()
            yield aside
            if replace and final.exists():
                replace_folder(aside, final)
                return
            refuse_existing(final)
            if final.exists():
                final.rmdir()
            aside.rename(final)
    except OSError as problem:
        raise DiscoError(f"cannot write {final}: {problem.strerror or problem}: nothing was left there") from problem
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def move_up(folder: Path) -> None:
    """Move what a folder holds into the one above it, and remove the folder."""
    for entry in list(folder.iterdir()):
        entry.rename(folder.parent / entry.name)
    folder.rmdir()


def replace_folder(new: Path, final: Path) -> None:
    """Put a folder in the place of another one beside it, or of the one that a symbolic link points to.

    On Linux, both change places in one step. Elsewhere, ``final`` does not exist for a moment, and a process that is
    killed in it leaves the old folder as ``.NAME.old``.

    Raises:
        DiscoError: a file system error; ``final`` is what it was.
    """
    final = _target(final)
    old = final.with_name(f".{final.name}.old")
    try:
        if final.exists():
            shutil.rmtree(old, ignore_errors=True)  # of a killed process
        if _exchange(new, final):
            old = new
        else:
            final.rename(old)
            try:
                new.rename(final)
            except OSError:
                old.rename(final)
                raise
    except OSError as problem:
        raise DiscoError(f"cannot replace {final}: {problem.strerror or problem}") from problem
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places; False where the system or the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    return rename is not None and rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE


_HOST = re.sub(r"[^\w-]", "-", socket.gethostname())
# What this process writes at the moment.
_writing: set[Path] = set()
# Held by a thread that makes a temporary folder, so that no other one sees it before it is in the set.
_naming = Lock()


def _aside_name(final: Path) -> Path:
    # With the host: on shared storage, a process of another machine is not among ours.
    return final.with_name(f".{final.name}.{os.getpid()}@{_HOST}.part")


def _part_of(name: str, of: str) -> re.Match[str] | None:
    # A temporary folder has eight random characters: several may be for the same path.
    return re.fullmatch(rf"\.{re.escape(of)}\.(\d{{1,19}})@([\w-]*)(\.\w{{8}})?\.part", name)


@contextmanager
def _in_progress(aside: Path) -> Iterator[None]:
    _writing.add(aside)
    try:
        yield
    finally:
        _writing.discard(aside)


def refuse_existing(final: Path) -> None:
    """Check that a new folder does not exist yet; an empty one may exist.

    Raises:
        InputError: ``final`` is a file, or a folder that is not empty.
    """
    if final.exists() and not (final.is_dir() and not any(final.iterdir())):
        what = "a folder that is not empty" if final.is_dir() else "a file"
        raise InputError(f"{final}: already there ({what}): choose another name, or remove it first")


def _remove_leftovers(final: Path) -> None:
    """Remove the parts of a file or folder whose process, of this host, has ended."""
    for entry in final.parent.iterdir():
        found = _part_of(entry.name, final.name)
        if not found or found[2] != _HOST:
            continue
        pid = int(found[1])
        if entry in _writing if pid == os.getpid() else _is_alive(pid):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
