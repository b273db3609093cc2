"""A deterministic encoder without a model: every word of a text is a term, how often it stands there is its impact.

As a script, it encodes a corpus of numbered passages and can kill itself:
``word_vectors.py FOLDER PASSAGES [--kill-at EVENT | --delay SECONDS]``.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from disco_pyserini.impacts import ImpactVector, Quantiser
from disco_pyserini.vectors import Manifest, VectorSpace, vocabulary_hash
from disco_pyserini.vectors.part_writer import write_parts

VOCABULARY = [f"token{i}" for i in range(5000)]
SPACE = VectorSpace(
    encoder="words",
    document_model="words",
    revision="0" * 64,
    vocabulary=vocabulary_hash(VOCABULARY),
    max_length=256,
    quantiser=Quantiser(),
)


class Document(NamedTuple):
    id: str
    contents: str


def documents(number: int) -> list[Document]:
    return [
        Document(f"doc{i}", f"passage number {i} about {i % 7} and {i % 11} " + "x " * (i % 5)) for i in range(number)
    ]


def encode(texts: Sequence[str]) -> list[ImpactVector]:
    vectors = []
    for text in texts:
        terms = sorted(Counter(zlib.crc32(word.encode()) % len(VOCABULARY) for word in text.split()).items())
        columns = np.array(terms, np.int64).reshape(-1, 2)
        vectors.append(ImpactVector(columns[:, 0].astype(np.int32), columns[:, 1].astype(np.uint16)))
    return vectors


def write(folder: Path, passages: Sequence[Document], **options: Any) -> Manifest:
    options = {"space": SPACE, "vocabulary": VOCABULARY, "encode": encode, "part_size": 10, **options}
    return write_parts(folder, passages=passages, **options)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kill_at(folder: str, event: int) -> None:
    """Kill this process when it is about to touch a file of the folder for the given time."""
    seen = 0

    def watch(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if name in ("open", "os.rename", "os.remove", "os.mkdir") and str(arguments[0]).startswith(folder):
            seen += 1
            if seen == event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def _slow(delay: float, texts: Sequence[str]) -> list[ImpactVector]:
    time.sleep(delay)
    return encode(texts)


if __name__ == "__main__":
    target, count, *rest = sys.argv[1:]
    if rest[:1] == ["--kill-at"]:
        kill_at(target, int(rest[1]))
    seconds = float(rest[1]) if rest[:1] == ["--delay"] else 0.0
    write(Path(target), documents(int(count)), encode=lambda texts: _slow(seconds, texts))
