"""Encoding passages into vector parts: a job that can be killed at any time and continued by running it again."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import write_aside, write_bytes_aside
from disco_pyserini.impacts import ImpactVector
from disco_pyserini.vectors.duplicates import SeenIds
from disco_pyserini.vectors.manifest import MANIFEST, Manifest, Part, VectorSpace, vocabulary_hash
from disco_pyserini.vectors.parquet import read_ids, to_parquet
from disco_pyserini.vectors.parts import VOCABULARY, read_part, refuse_other_settings

logger = logging.getLogger(__name__)

REJECTS = "rejects.jsonl"
"""The file beside the parts that lists bad records of the corpus."""

_PASSAGES_PER_PART = 10_000
_CHARACTERS_PER_PART = 64 * 2**20
_PASSAGES_PER_CALL = 1_000
_OURS = rf"(part-\d+\.parquet|{re.escape(MANIFEST)}|{re.escape(VOCABULARY)}|{re.escape(REJECTS)})"
_LEFTOVER = re.compile(rf"\.{_OURS}\.\d+\.part")


class PassageLike(Protocol):
    """A passage to encode."""

    @property
    def id(self) -> str:
        """The unique id."""

    @property
    def contents(self) -> str:
        """The text."""


type Encode = Callable[[Sequence[str]], Sequence[ImpactVector]]
type Progress = Callable[[int], None]


def write_parts(
    directory: Path,
    space: VectorSpace,
    vocabulary: Sequence[str],
    passages: Iterable[PassageLike],
    encode: Encode,
    *,
    part_size: int = _PASSAGES_PER_PART,
    store_raw: bool = True,
    progress: Progress = lambda passages: None,
) -> Manifest:
    """Encode passages into a folder of parts, or continue a run that was stopped.

    To continue, all passages are read again. Complete parts are compared with them by digest and not encoded again. The
    folder ends with the same bytes as an uninterrupted run (if ``encode`` is deterministic). A complete folder does not
    change. Memory: the passages of one part, and 8 bytes for each other passage.

    Args:
        directory: created if it does not exist.
        space: the vector space.
        vocabulary: tokens in the order of their ids.
        passages: read once, part by part.
        encode: called with up to 1,000 texts at a time.
        part_size: the maximum number of passages in a part; a part also ends at 64 million characters.
        store_raw: store the texts too.
        progress: called with the number of passages done since the last call.

    Raises:
        InputError: the folder holds other files, a run with other settings or another corpus, or a run in progress; or
            there is a duplicate id.
        DiscoError: writing failed, for example because the disk is full. Complete parts stay, and the same call
            continues.
    """
    if vocabulary_hash(vocabulary) != space.vocabulary:
        raise DiscoError("the vocabulary is not the one that the description of the vectors names")
    _check_folder(directory)
    with _only_run(directory):
        before = _begin(directory, Manifest(space=space, part_size=part_size, store_raw=store_raw), vocabulary)
        job = _Job(directory, before, len(vocabulary), encode, progress)
        for part in _in_parts(passages, part_size):
            job.add(part)
        manifest = job.finish()
    if before.complete:
        logger.info(f"{directory}: already complete, nothing to do")
    return manifest


class _Job:
    def __init__(
        self, folder: Path, before: Manifest, vocabulary_size: int, encode: Encode, progress: Progress
    ) -> None:
        self._folder = folder
        self._before = before
        self._vocabulary_size = vocabulary_size
        self._encode = encode
        self._progress = progress
        self._parts: list[Part] = []
        self._passages = 0
        self._seen = SeenIds()

    def add(self, passages: Sequence[PassageLike]) -> None:
        """Write the next part, unless it is complete already."""
        self._refuse_duplicates([passage.id for passage in passages])
        digest = _digest(passages)
        number = len(self._parts)
        known = self._before.parts[number] if number < len(self._before.parts) else None
        if (known.passages_digest != digest) if known else self._before.complete:
            raise self._other_corpus(f"passages {self._passages + 1:,} to {self._passages + len(passages):,} differ")
        if known and self._is_whole(known):
            self._parts.append(known)
            self._progress(len(passages))
        else:
            self._parts.append(self._write(f"part-{number:05}.parquet", passages, digest))
            self._save(self._before.complete)
        self._passages += len(passages)

    def finish(self) -> Manifest:
        """Mark the folder as complete."""
        if len(self._parts) < len(self._before.parts):
            raise self._other_corpus(f"it ends after {self._passages:,} passages")
        return self._before if self._before.complete else self._save(complete=True)

    def _write(self, name: str, passages: Sequence[PassageLike], digest: str) -> Part:
        vectors: list[ImpactVector] = []
        for start in range(0, len(passages), _PASSAGES_PER_CALL):
            chunk = passages[start : start + _PASSAGES_PER_CALL]
            encoded = self._encode([passage.contents for passage in chunk])
            self._check(chunk, encoded)
            vectors += encoded
            self._progress(len(chunk))
        raw = [passage.contents for passage in passages] if self._before.store_raw else None
        content = memoryview(to_parquet([passage.id for passage in passages], vectors, raw))
        with self._can_continue(), write_bytes_aside(self._folder / name) as file:
            file.write(content)
        postings = sum(len(vector.terms) for vector in vectors)
        return Part(
            file=name,
            passages=len(passages),
            postings=postings,
            sha256=hashlib.sha256(content).hexdigest(),
            passages_digest=digest,
        )

    def _check(self, passages: Sequence[PassageLike], vectors: Sequence[ImpactVector]) -> None:
        if len(vectors) != len(passages):
            raise DiscoError(f"the encoder returned {len(vectors)} vectors for {len(passages)} passages")
        for passage, (terms, impacts) in zip(passages, vectors, strict=True):
            ends = (int(terms[0]), int(terms[-1])) if len(terms) else (0, 0)
            if len(terms) != len(impacts) or ends[0] < 0 or ends[1] >= self._vocabulary_size:
                raise DiscoError(f"the encoder returned a vector for passage {passage.id!r} outside its vocabulary")

    def _save(self, complete: bool) -> Manifest:
        known_later = self._before.parts[len(self._parts) :]
        manifest = self._before.with_parts([*self._parts, *known_later], complete)
        with self._can_continue():
            manifest.write(self._folder)
        return manifest

    @contextmanager
    def _can_continue(self) -> Iterator[None]:
        try:
            yield
        except DiscoError as problem:
            raise DiscoError(
                f"{problem}: {len(self._parts)} parts are whole: solve that, then the same command continues after them"
            ) from problem

    def _is_whole(self, part: Part) -> bool:
        try:
            read_part(self._folder, part)
        except InputError:
            return False
        return True

    def _refuse_duplicates(self, ids: list[str]) -> None:
        repeated = {docid for docid, uses in Counter(ids).items() if uses > 1}
        suspects = set() if repeated else self._seen.add(ids)
        for part in self._parts if suspects else ():
            repeated |= suspects.intersection(read_ids(read_part(self._folder, part)))
        if repeated:
            raise InputError(
                f"passage id {min(repeated)!r} is used twice, the second time among passages {self._passages + 1:,} to "
                f"{self._passages + len(ids):,}: ids must be unique: remove one of them"
            )

    def _other_corpus(self, how: str) -> InputError:
        return InputError(
            f"{self._folder}: was made from another corpus, or with other --fields or --on-error: {how}: "
            "use what it was made from, or another --output"
        )


def _in_parts(passages: Iterable[PassageLike], part_size: int) -> Iterator[list[PassageLike]]:
    part: list[PassageLike] = []
    characters = 0
    for passage in passages:
        part.append(passage)
        characters += len(passage.contents)
        if len(part) == part_size or characters >= _CHARACTERS_PER_PART:
            yield part
            part, characters = [], 0
    if part:
        yield part


def _digest(passages: Sequence[PassageLike]) -> str:
    digest = hashlib.blake2b(digest_size=32)
    for passage in passages:
        docid, contents = passage.id.encode(), passage.contents.encode()
        digest.update(b"%d %d " % (len(docid), len(contents)))
        digest.update(docid)
        digest.update(contents)
    return digest.hexdigest()


def _check_folder(directory: Path) -> None:
    """Refuse a folder with files that are not ours, before writing anything."""
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory}: expected a folder to write to, found a file: choose another --output")
    if not directory.exists() or (directory / MANIFEST).exists():
        return
    for entry in directory.iterdir():
        if not _LEFTOVER.fullmatch(entry.name):
            raise InputError(
                f"{directory}: expected an empty folder or vector parts, found {entry.name}: choose another --output"
            )


@contextmanager
def _only_run(directory: Path) -> Iterator[None]:
    """Create the folder, and lock it against other runs."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise DiscoError(f"cannot make the folder {directory}: {problem.strerror or problem}") from problem
    if sys.platform == "win32":  # Windows cannot lock a folder
        yield
        return
    import fcntl

    folder = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise InputError(f"{directory}: another run is writing to it: wait for its end, or stop it") from problem
        except OSError:
            pass  # some network file systems cannot lock either: there, users must avoid concurrent runs
        yield
    finally:
        os.close(folder)


def _begin(directory: Path, wanted: Manifest, vocabulary: Sequence[str]) -> Manifest:
    """Return the manifest of the run to continue, or ``wanted`` if there is none."""
    before = Manifest.read(directory)
    if before is not None:
        refuse_other_settings(directory, before, wanted)
    for entry in directory.iterdir():
        if _LEFTOVER.fullmatch(entry.name):
            entry.unlink()
    if before is None:
        wanted.write(directory)
    path, tokens = directory / VOCABULARY, json.dumps(list(vocabulary), ensure_ascii=False)
    if not path.exists() or path.read_bytes() != tokens.encode():
        with write_aside(path) as file:
            file.write(tokens)
    return before or wanted
