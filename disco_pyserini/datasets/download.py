"""Fetch published files: from the web, resumable at any point, or from a local copy.

A download grows in ``.NAME.part``; ``.NAME.part.json`` beside it records its origin. The file gets its final name once
it is complete and its checksum matches. ``.NAME.unpacked`` lists the files unpacked from an archive.

Where the publisher gives no checksum, ``.fetched.json`` in the folder keeps the SHA-256 of the file that was fetched
first. Another file is refused from then on.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from disco_pyserini.datasets.archives import unpack
from disco_pyserini.datasets.resources import Resource
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import check_room, write_aside, write_bytes_aside
from disco_pyserini.records import Record, read_json

if TYPE_CHECKING:
    import requests

type Progress = Callable[[str, int, int | None], None]
"""Called with a resource's path, the bytes received so far, and the total if it is known."""

_FETCHED = ".fetched.json"
_BLOCK = 2**16
_TIMEOUT = (15, 60)  # seconds to connect, and between bytes
_PATIENCE = 60.0  # seconds for a block, and for the headers
_ATTEMPTS = 6  # in a row without a new block, from one address
_LONGEST_PAUSE = 60.0
_MOST_REDIRECTS = 20
_AGAIN_LATER = {408, 425, 429, 500, 502, 503, 504}
# Text compresses to about a third. The real unpacked size is known, and checked again, after the download.
_UNPACKED = 3
# For files whose size neither the publisher nor the server states: they may have no end.
_LARGEST = 2**36
_SPARE = 2**28


def select(resources: Sequence[Resource], only: Sequence[str]) -> list[Resource]:
    """Return the resources whose path or file name matches a pattern; without patterns, the required ones.

    Raises:
        InputError: a pattern matches no resource.
    """
    chosen: set[Resource] = set()
    for pattern in only:
        fits = {one for one in resources if any(fnmatch.fnmatch(n, pattern) for n in (one.path, Path(one.path).name))}
        if not fits:
            names = ", ".join(one.path for one in resources) or "none"
            raise InputError(f"no file {pattern!r} to fetch: there are: {names}")
        chosen |= fits
    return [one for one in resources if (one in chosen if only else one.required)]


def fetch(
    resources: Sequence[Resource],
    folder: Path,
    *,
    local: Path | None = None,
    progress: Progress = lambda path, done, total: None,
) -> list[Resource]:
    """Fetch files into a folder, except those that are already complete. Return the fetched ones.

    The same call resumes a stopped or failed download. The addresses of a file are tried in turn. At each address,
    temporary failures are retried, after pauses that double from one second.

    Args:
        resources: what to fetch.
        folder: created if missing; resource paths are relative to it.
        local: a copy of the only resource, or a folder of copies, found by path or by file name. Nothing is downloaded
            then, and the copies are left unchanged.
        progress: called at the start of a download and after each block.

    Raises:
        InputError: ``local`` lacks a file or has a wrong one, or another process is fetching into the folder.
        DiscoError: no address delivered the file, the disk is too small, or the file system failed.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", blocking=False):
            missing = [one for one in resources if not is_whole(one, folder)]
            for one in set(resources).difference(missing):
                _discard(_part(one, folder))  # of a process that was killed at its last step
            sources = {} if local is None else {one: _local_copy(one, local, missing) for one in missing}
            check_room(folder, sum(_room(one, one.bytes or 0, _begun(one, folder)) for one in missing), "fetch it")
            for one in missing:
                if one in sources:
                    _install(one, sources[one], folder)
                else:
                    _download(_expected(one, folder), folder, progress)
    except Timeout as problem:
        raise InputError(f"{folder}: another process is fetching files into it: wait for its end") from problem
    except OSError as problem:
        raise DiscoError(
            f"cannot write to {folder}: {problem.strerror or problem}: what was fetched is kept: solve that, then run "
            "the same command again"
        ) from problem
    return missing


class _Fetched(Record):
    """The checksums of files whose publisher gives none, by path, as they were when first fetched."""

    files: Mapping[str, str] = {}

    @classmethod
    def read(cls, folder: Path) -> _Fetched:
        path = folder / _FETCHED
        return cls.check(read_json(path), str(path)) if path.exists() else cls()


def _expected(resource: Resource, folder: Path) -> Resource:
    """Return a resource with the checksum that it must have, if one is known."""
    return replace(resource, checksum=resource.checksum or _Fetched.read(folder).files.get(resource.path))


def is_whole(resource: Resource, folder: Path) -> bool:
    """Whether a file exists with the right checksum (or size, if no checksum is known), or was unpacked already."""
    path, resource = folder / resource.path, _expected(resource, folder)
    if not resource.archive:
        return path.is_file() and _difference(resource, path) is None
    try:
        receipt = _Receipt.check(read_json(_receipt(path)), str(path))
        return receipt.checksum == resource.checksum and all(
            (path.parent / name).stat().st_size == size for name, size in receipt.files.items()
        )
    except (InputError, OSError, ValueError):  # an impossible file name raises ValueError
        return False


class _Receipt(Record):
    """The files unpacked from an archive: size by name."""

    checksum: str | None
    files: dict[str, int]


def _install(resource: Resource, source: Path, folder: Path) -> None:
    """Move a complete file, or the contents of an archive, to the final path."""
    path, resource = folder / resource.path, _expected(resource, folder)
    if (problem := _difference(resource, source)) is not None:
        if resource.path in _Fetched.read(folder).files:
            problem += (
                f": the file has changed since it was first fetched: if that is meant, remove {folder / _FETCHED}"
            )
        raise InputError(f"not the publisher's {resource.path}: {source}: {problem}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not resource.archive:
        _record(resource, source, folder)
        if source == _part(resource, folder):
            source.replace(path)
        else:
            check_room(path.parent, source.stat().st_size, f"copy {source}")
            with source.open("rb") as copy, write_bytes_aside(path) as file:
                shutil.copyfileobj(copy, file, _BLOCK)
        return
    aside = path.with_name(f".{path.name}.unpacking")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        files = unpack(source, path.name, aside)
        resource = _record(resource, source, folder)
        for name in files:
            (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).replace(path.parent / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    with write_aside(_receipt(path)) as file:
        receipt = _Receipt(checksum=resource.checksum, files=files)
        json.dump(receipt.model_dump(), file, indent=1, ensure_ascii=False)


def _record(resource: Resource, source: Path, folder: Path) -> Resource:
    """Keep the checksum of a file whose publisher gives none; return the resource with it."""
    if resource.checksum is not None:
        return resource
    checksum = f"sha256:{_digest(source, 'sha256')}"
    record = _Fetched(files={**_Fetched.read(folder).files, resource.path: checksum})
    with write_aside(folder / _FETCHED) as file:
        json.dump(record.model_dump(), file, indent=1, ensure_ascii=False)
    return replace(resource, checksum=checksum)


def _difference(resource: Resource, path: Path) -> str | None:
    """Describe how a file differs from the published checksum and size; None if it does not."""
    size = path.stat().st_size
    if resource.bytes is not None and size != resource.bytes:
        return f"expected {resource.bytes:,} bytes, found {size:,}"
    if resource.checksum is None:
        return None
    algorithm, _, expected = resource.checksum.partition(":")
    found = _digest(path, algorithm)
    return None if found == expected.lower() else f"expected {algorithm} {expected}, found {found}"


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _local_copy(resource: Resource, local: Path, asked: Sequence[Resource]) -> Path:
    if local.is_file() and len(asked) == 1:
        return local
    places = [local] if local.is_file() else [local / resource.path, local / Path(resource.path).name]
    for place in places:
        if place.is_file() and place.name == Path(resource.path).name:
            return place
    raise InputError(
        f"{local}: expected a copy of {resource.path}, found none: choose what to take from there with --only, and "
        "fetch the rest without --from"
    )


# Downloading


class _Begun(Record):
    """The origin of a partial file, and the validator that tells whether the server's file is still the same."""

    url: str
    validator: str | None
    total: int | None


class _Refused(Exception):
    """This address will not deliver the file."""


class _Interrupted(Exception):
    """This address did not deliver the rest of the file, but a retry may succeed."""

    def __init__(self, reason: object, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


def _download(resource: Resource, folder: Path, progress: Progress) -> None:
    """Fetch and install a file from the first address that delivers it."""
    part = _part(resource, folder)
    part.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for url in resource.urls:
        again = True
        while again:
            again = part.exists()  # an earlier run may have left bad bytes: then retry from the start
            try:
                _from_address(url, resource, part, progress)
                _install(resource, part, folder)
                _discard(part)
                return
            except InputError as problem:
                _discard(part)
                failures.append(f"{url}: {problem}: its bytes were removed")
            except _Refused as problem:
                failures.append(f"{url}: {_reason(problem)}")
                again = False
    raise DiscoError(
        f"{resource.path}: no address delivered it: {'; '.join(failures) or 'none is known'}: the same command tries "
        "again and continues what was begun; a copy from elsewhere is taken with --from PATH"
    )


def _from_address(url: str, resource: Resource, part: Path, progress: Progress) -> None:
    """Complete a part, retrying as long as it grows."""
    import requests
    import urllib3

    from disco_pyserini.web import open_session

    longest, failed = _size(part), 0
    with open_session() as session:
        # No transfer compression: compressed bytes could be neither resumed nor compared with a checksum.
        session.headers["Accept-Encoding"] = "identity"
        while True:
            try:
                if _request(session, url, resource, part, progress):
                    return
            except (_Interrupted, requests.RequestException, urllib3.exceptions.HTTPError) as problem:
                failed = 1 if _size(part) >= longest + _BLOCK else failed + 1
                longest = max(longest, _size(part))
                if failed == _ATTEMPTS or isinstance(problem, ValueError | requests.TooManyRedirects):
                    raise _Refused(f"{_reason(problem)} ({failed} times in a row, at {longest:,} bytes)") from problem
                asked = problem.pause if isinstance(problem, _Interrupted) else 0.0
                sleep(min(max(2.0 ** (failed - 1), asked), _LONGEST_PAUSE))


def _request(session: requests.Session, url: str, resource: Resource, part: Path, progress: Progress) -> bool:
    """Request the missing bytes once and append them; return whether the part is complete."""
    from disco_pyserini.web import TimeLimit

    begun = _read_begun(part)
    here = _size(part)
    if begun is None or begun.url != url or (begun.validator is None and resource.checksum is None):
        here = 0  # the partial file may belong to another version
    if begun is not None and here and here == begun.total:
        return True
    headers = {"Range": f"bytes={here}-"} if here else {}
    if here and begun is not None and begun.validator is not None:
        headers["If-Range"] = begun.validator
    slow = f"the server was slower than {_BLOCK:,} bytes in {_PATIENCE:g} s"
    with TimeLimit(_PATIENCE, slow) as limit, _get(session, url, headers) as response:
        if response.status_code == 416 or (response.status_code == 206 and not _continues(response, begun, here)):
            _discard(part)
            raise _Interrupted(f"the server's file is not the one that was begun (status {response.status_code})")
        if response.status_code in _AGAIN_LATER:
            raise _Interrupted(_status(response), _retry_after(response))
        if response.status_code not in (200, 206):
            raise _Refused(_status(response))
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding != "identity" and not resource.path.endswith((".gz", ".tgz")):
            raise _Refused(f"the server packed the file on its way ({encoding}) though asked not to")
        if response.status_code == 200:
            here = 0
            begun = _Begun(url=url, validator=_validator(response), total=_length(response))
            if begun.total is not None and resource.bytes is not None and begun.total != resource.bytes:
                raise _Refused(f"expected {resource.bytes:,} bytes, the server has {begun.total:,}")
            _discard(part)
            with write_aside(_beside(part)) as note:
                json.dump(begun.model_dump(), note)
        assert begun is not None
        total = resource.bytes if begun.total is None else begun.total
        check_room(part.parent, _room(resource, total or 0, here), f"fetch {resource.path}")
        with part.open("ab") as file:
            progress(resource.path, here, total)
            extended = here
            for block in response.raw.stream(_BLOCK, decode_content=False):
                if total is None:
                    _check_endless(part, here + len(block))
                file.write(block)
                here += len(block)
                if here >= extended + _BLOCK:
                    limit.extend()
                    extended = here
                progress(resource.path, here, total)
                if resource.bytes is not None and here > resource.bytes:
                    break  # it has the wrong size, and may have no end
    if begun.total is not None and here != begun.total:
        raise _Interrupted(f"the connection ended at {here:,} of {begun.total:,} bytes")
    return True


def _check_endless(part: Path, size: int) -> None:
    """Check that a file whose size is not known does not fill the disk.

    Raises:
        InputError: it may have no end.
    """
    if size > _LARGEST:
        raise InputError(f"no size is known, and it has more than {_LARGEST:,} bytes")
    if shutil.disk_usage(part.parent).free < _SPARE:
        raise InputError(f"no size is known, and less than {_SPARE:,} bytes are free in {part.parent}")


def _get(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    """Request a file and follow redirects, without reading their bodies."""
    import requests

    for _ in range(_MOST_REDIRECTS):
        response = session.get(url, headers=headers, stream=True, timeout=_TIMEOUT, allow_redirects=False)
        target = session.get_redirect_target(response)
        if target is None:
            return response
        response.close()
        url = urljoin(url, target)
    raise requests.TooManyRedirects(f"more than {_MOST_REDIRECTS} redirects")


def _continues(response: requests.Response, begun: _Begun | None, here: int) -> bool:
    """Whether a partial response starts where the part ends, and its file has the same length as before."""
    match = re.fullmatch(r"bytes (\d{1,18})-\d+/(\d{1,18}|\*)", response.headers.get("Content-Range", ""))
    if match is None or begun is None or int(match[1]) != here:
        return False
    return match[2] == "*" or begun.total is None or int(match[2]) == begun.total


def _validator(response: requests.Response) -> str | None:
    """Return the ``If-Range`` value for a later request: the strong ETag or, without one, the date."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None


def _retry_after(response: requests.Response) -> float:
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isascii() and seconds.isdigit() else 0.0


def _status(response: requests.Response) -> str:
    return f"status {response.status_code} {response.reason}"


def _reason(problem: Exception) -> str:
    """The reason as one printable line: parts of it may be the server's words."""
    own = isinstance(problem, _Interrupted | _Refused)
    text = str(problem) if own else f"{type(problem).__name__}: {problem}"
    return "".join(character if character.isprintable() else "?" for character in text[:500])


def _room(resource: Resource, size: int, here: int) -> int:
    """Return how many more bytes of disk a resource needs."""
    return max(size - here, 0) + (_UNPACKED * size if resource.archive else 0)


def _begun(resource: Resource, folder: Path) -> int:
    return _size(_part(resource, folder))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _part(resource: Resource, folder: Path) -> Path:
    path = folder / resource.path
    return path.with_name(f".{path.name}.part")


def _receipt(path: Path) -> Path:
    return path.with_name(f".{path.name}.unpacked")


def _beside(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _read_begun(part: Path) -> _Begun | None:
    try:
        return _Begun.check(read_json(_beside(part)), str(part))
    except InputError:
        return None


def _discard(part: Path) -> None:
    # Delete the note last: a note without bytes is ignored, and bytes without a note are not resumed.
    part.unlink(missing_ok=True)
    _beside(part).unlink(missing_ok=True)
