"""Files in an object store (``s3://``, ``gs://``), read and written like local ones through pyarrow's file systems."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from disco_pyserini.errors import DiscoError, InputError

_BUFFER = 8 * 2**20
_SECONDS_TO_CONNECT = 20
_SECONDS_FOR_A_REQUEST = 120
_ATTEMPTS = 8

_HELP = {
    "s3": "check the bucket, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the profile in ~/.aws), AWS_REGION, and "
    "AWS_ENDPOINT_URL for a store that is not Amazon's",
    "gs": "check the bucket and GOOGLE_APPLICATION_CREDENTIALS",
}


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """A place in an object store: what `pathlib.Path` is for a disk, as far as corpora and vectors need it.

    A missing file is a `FileNotFoundError`; all else that goes wrong is a `DiscoError`.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str) -> ObjectPath:
        return ObjectPath(f"{self.url.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        return PurePosixPath(self._key).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self._key).suffix

    def exists(self) -> bool:
        return self._kind() != "NotFound"

    def is_dir(self) -> bool:
        return self._kind() == "Directory"

    def is_file(self) -> bool:
        return self._kind() == "File"

    def read_bytes(self) -> bytes:
        with self.open() as file:
            return file.read()

    def read_text(self, encoding: str) -> str:
        return self.read_bytes().decode(encoding)

    def open(self, mode: str = "rb") -> io.BufferedReader:
        """Open the file to read bytes, from the start to the end."""
        return io.BufferedReader(_Stream(self, self._asked(lambda store: store.open_input_stream(self._key))), _BUFFER)

    def write_bytes(self, content: bytes) -> None:
        """Replace the file in one step: it is not there before all of it is."""

        def write(store: Any) -> None:
            with store.open_output_stream(self._key) as file:
                file.write(content)

        try:
            self._asked(write)
        except FileNotFoundError as problem:  # the bucket
            raise self.failed(problem) from problem

    def unlink(self, missing_ok: bool = False) -> None:
        try:
            self._asked(lambda store: store.delete_file(self._key))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def iterdir(self) -> Iterator[ObjectPath]:
        yield from (path for path, _ in self._below(recursive=False))

    def files_below(self) -> list[tuple[ObjectPath, str]]:
        """Return all files in this folder and its folders, with a stamp that differs when the content may have."""
        return [
            (path, f"{info.size} {info.mtime_ns}")
            for path, info in self._below(recursive=True)
            if info.type.name == "File"
        ]

    def stamp(self) -> str:
        """Return the stamp of one file; see `files_below`."""
        info = self._info()
        return f"{info.size} {info.mtime_ns}"

    @property
    def _scheme(self) -> str:
        return self.url.partition("://")[0]

    @property
    def _key(self) -> str:
        return self.url.partition("://")[2].rstrip("/")

    def _below(self, recursive: bool) -> Iterator[tuple[ObjectPath, Any]]:
        from pyarrow.fs import FileSelector

        selector = FileSelector(self._key, recursive=recursive, allow_not_found=True)
        for info in self._asked(lambda store: store.get_file_info(selector)):
            yield ObjectPath(f"{self._scheme}://{info.path}"), info

    def _kind(self) -> str:
        return str(self._info().type.name)

    def _info(self) -> Any:
        return self._asked(lambda store: store.get_file_info(self._key))

    def _asked[Answer](self, question: Callable[[Any], Answer]) -> Answer:
        try:
            return question(_store(self._scheme, self._key.partition("/")[0]))
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as problem:
            raise self.failed(problem) from problem

    def failed(self, problem: Exception) -> DiscoError:
        """Return the error of a store that refuses or does not answer."""
        reason = " ".join(str(problem).split())
        return DiscoError(f"{self.url}: the object store failed: {reason:.300}: {_HELP[self._scheme]}")


type AnyPath = Path | ObjectPath


def is_object_url(name: str) -> bool:
    """Whether a name is the URL of an object store."""
    return name.startswith(tuple(f"{scheme}://" for scheme in _HELP))


def open_path(name: AnyPath | str) -> AnyPath:
    """Return a path on disk, or in an object store if it is such a URL.

    Raises:
        InputError: the URL has no bucket.
    """
    if not isinstance(name, str):
        return name
    if not is_object_url(name):
        return Path(name)
    if not name.partition("://")[2].strip("/"):
        raise InputError(f"expected a bucket after {name}: s3://BUCKET/FOLDER")
    return ObjectPath(name.rstrip("/"))


class _Stream(io.RawIOBase):
    """Reads an object; a store that fails half-way is a `DiscoError` that names the object."""

    def __init__(self, path: ObjectPath, file: Any) -> None:
        self._path = path
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            content = self._file.read(len(buffer))
        except OSError as problem:
            raise self._path.failed(problem) from problem
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


@cache
def _store(scheme: str, bucket: str) -> Any:
    from pyarrow import fs

    if scheme == "gs":
        return fs.GcsFileSystem(retry_time_limit=timedelta(seconds=_SECONDS_FOR_A_REQUEST))
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return fs.S3FileSystem(
        endpoint_override=endpoint,
        region=region or (None if endpoint else fs.resolve_s3_region(bucket)),
        connect_timeout=_SECONDS_TO_CONNECT,
        request_timeout=_SECONDS_FOR_A_REQUEST,
        allow_delayed_open=True,  # one request for a small file instead of three
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )
