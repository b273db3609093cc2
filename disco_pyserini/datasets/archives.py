"""Unpack untrusted archives."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import re
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import check_room

KINDS = (".zip", ".tar", ".tar.gz", ".tgz", ".gz")

# Deflate compresses at most 1,032-fold, text collections 3- to 20-fold: a ratio above this is a decompression bomb.
_LARGEST_RATIO = 100
_ALWAYS_ALLOWED = 64 * 2**20
# tarfile reads each extended header in one call, and searches it in quadratic time. It holds names and attributes.
_LARGEST_HEADER = 2**16
_LARGEST_READ = 2**20
_SMALLEST_COST = 512
_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:")


def unpack(archive: Path, name: str, folder: Path) -> dict[str, int]:
    """Unpack an archive into an empty folder; return the size of each file by its relative path.

    Only regular files and folders are created, and only below ``folder``. The archive's metadata is not trusted: the
    unpacked size may be at most 64 MiB plus 100 times the archive's size, and must fit on the disk. A header of a tar
    archive may have 64 KiB.

    Args:
        archive: the file.
        name: its published name, whose extension gives the format; ``NAME.gz`` unpacks to ``NAME``.
        folder: the target folder; the caller removes it if this fails.

    Raises:
        InputError: the archive is damaged or too large, or contains a link, a device or a path outside ``folder``.
        DiscoError: a file system error, or too little disk space.
    """
    limit = _ALWAYS_ALLOWED + _LARGEST_RATIO * archive.stat().st_size
    lower = name.lower()
    try:
        if lower.endswith(".zip"):
            _unzip(archive, folder, limit)
        elif lower.endswith((".tar", ".tar.gz", ".tgz")):
            _untar(archive, folder, limit, packed=not lower.endswith(".tar"))
        elif lower.endswith(".gz"):
            with _BoundedGzip(archive, limit, _LARGEST_READ) as packed, (folder / name[:-3]).open("wb") as file:
                shutil.copyfileobj(packed, file, 2**20)
        else:
            raise InputError(f"{name}: expected the name of an archive to end with one of {', '.join(KINDS)}")
    except _DAMAGED as problem:
        raise InputError(f"{archive}: not a whole {lower.rpartition('.')[2]} archive: {problem}") from problem
    except OSError as problem:
        if problem.errno is None:  # of the decompressor
            raise InputError(f"{archive}: not a whole {lower.rpartition('.')[2]} archive: {problem}") from problem
        raise DiscoError(
            f"cannot unpack {archive} to {folder.parent}: {problem.strerror or problem}: the archive is kept: "
            "solve that, then run the same command again"
        ) from problem
    files = sorted(path for path in folder.rglob("*") if path.is_file())  # equal archives, equal receipts
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


# Caught before OSError, the base class of BadGzipFile. zipfile raises RuntimeError for an encrypted archive, and its
# subclass NotImplementedError for an unknown compression method; tarfile ValueError for numbers of a header.
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, EOFError, zlib.error, RuntimeError,
    ValueError, OverflowError, MemoryError, struct.error,
)  # fmt: skip


class _BoundedGzip(gzip.GzipFile):
    """A gzip file that raises if its unpacked size exceeds a limit, or if a single read is too large."""

    def __init__(self, path: Path, limit: int, largest_read: int) -> None:
        super().__init__(path)
        self._path, self._limit, self._largest_read = path, limit, largest_read

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > self._limit:
            raise _bomb(self._path, self._limit)
        _check_read(self._path, size, self._largest_read)
        return super().read(size)


class _BoundedFile(io.FileIO):
    """A file that raises if a single read is too large."""

    def read(self, size: int | None = -1) -> bytes:
        _check_read(Path(os.fsdecode(self.name)), size, _LARGEST_HEADER)
        return super().read(size) or b""


def _check_read(path: Path, size: int | None, largest: int) -> None:
    if size is None or not 0 <= size <= largest:
        raise InputError(f"{path}: refused: expected headers of at most {largest:,} bytes, found a larger one")


def _unzip(archive: Path, folder: Path, limit: int) -> None:
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        # zipfile never writes more than the declared size.
        size = sum(max(member.file_size, _SMALLEST_COST) for member in members)
        if size > limit:
            raise _bomb(archive, limit)
        check_room(folder, size, f"unpack {archive.name}")
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            _check_member(archive, member.filename, ordinary=kind in (0, stat.S_IFREG, stat.S_IFDIR))
            file.extract(member, folder)


def _untar(archive: Path, folder: Path, limit: int, *, packed: bool) -> None:
    size = 0
    source = _BoundedGzip(archive, limit, _LARGEST_HEADER) if packed else _BoundedFile(archive)
    with source, tarfile.open(fileobj=source, mode="r:") as file:
        for member in file:
            _check_member(archive, member.name, ordinary=member.isreg() or member.isdir())
            size += max(member.size, _SMALLEST_COST)
            if size > limit:
                raise _bomb(archive, limit)
            check_room(folder, member.size, f"unpack {archive.name}")
            file.extract(member, folder, set_attrs=False, filter="data")
            file.members = []  # type: ignore[attr-defined] # else they accumulate: there may be millions


def _check_member(archive: Path, name: str, *, ordinary: bool) -> None:
    path = PurePosixPath(name)
    if not path.parts:
        raise InputError(f"{archive}: refused: expected a name for each file in it, found {name!r}")
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or _WINDOWS_DRIVE.match(name):
        raise InputError(f"{archive}: refused: it would write outside of its folder, to {name!r}")
    if not ordinary:
        raise InputError(f"{archive}: refused: {name!r} in it is a link or a device: expected files and folders")


def _bomb(archive: Path, limit: int) -> InputError:
    return InputError(f"{archive}: refused: it unpacks to more than {limit:,} bytes, {_LARGEST_RATIO} times its size")
