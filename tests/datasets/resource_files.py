"""Files and archives to download."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from disco_pyserini.datasets.resources import Resource

CONTENT = random.Random(0).randbytes(3 * 2**20 + 17)

SCRIPT = """
import signal
import sys
from pathlib import Path
from disco_pyserini.datasets.download import fetch
from disco_pyserini.datasets.resources import Resource
signal.signal(signal.SIGINT, signal.default_int_handler)
fetch([Resource("file.bin", (sys.argv[2],), sys.argv[3])], Path(sys.argv[1]))
"""


def md5(content: bytes) -> str:
    return f"md5:{hashlib.md5(content).hexdigest()}"


def resource(*urls: str, path: str = "data/file.bin", content: bytes | None = CONTENT, **more: Any) -> Resource:
    return Resource(path, urls, None if content is None else md5(content), **more)


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {".lock", ".fetched.json"}


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def tar_of(
    files: dict[str, bytes], mode: str = "w:gz", change: Callable[[tarfile.TarInfo], None] | None = None
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as file:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if change:
                change(member)
            file.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
