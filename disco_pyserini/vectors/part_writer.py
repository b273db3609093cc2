"""Encoding passages into vector parts: a job that can be killed at any time and continued by running it again."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import NamedTuple, Protocol

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import only_run, write_aside, write_bytes_aside
from disco_pyserini.storage import AnyPath, ObjectPath
from disco_pyserini.vectors.duplicates import SeenIds
from disco_pyserini.vectors.manifest import MANIFEST, Manifest, Part, VectorSpace, vocabulary_hash
from disco_pyserini.vectors.part_encoding import Encode, EncodedPart, EncodeParts, PartTask, Progress, one_by_one
from disco_pyserini.vectors.parts import VOCABULARY, read_part, read_part_ids, refuse_other_settings

logger = logging.getLogger(__name__)

REJECTS = "rejects.jsonl"
"""The file beside the parts that lists bad records of the corpus."""

_PASSAGES_PER_PART = 10_000
_CHARACTERS_PER_PART = 64 * 2**20
_OURS = rf"(part-\d+\.parquet|{re.escape(MANIFEST)}|{re.escape(VOCABULARY)}|{re.escape(REJECTS)})"
_LEFTOVER = re.compile(rf"\.{_OURS}\.\d+@[\w-]*\.part")


class PassageLike(Protocol):
    """A passage to encode."""

    @property
    def id(self) -> str:
        """The unique id."""

    @property
    def contents(self) -> str:
        """The text."""


def write_parts(
    directory: AnyPath,
    space: VectorSpace,
    vocabulary: Sequence[str],
    passages: Iterable[PassageLike],
    encode: Encode,
    *,
    part_size: int = _PASSAGES_PER_PART,
    store_raw: bool = True,
    progress: Progress = lambda passages: None,
    encode_parts: EncodeParts | None = None,
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
        encode_parts: encodes the parts instead of ``encode``, several at a time and in any order.

    Raises:
        InputError: the folder holds other files, a run with other settings or another corpus, or a run in progress; or
            there is a duplicate id.
        DiscoError: writing failed, for example because the disk is full. Complete parts stay, and the same call
            continues.
    """
    if vocabulary_hash(vocabulary) != space.vocabulary:
        raise DiscoError("the vocabulary is not the one that the description of the vectors names")
    _check_folder(directory)
    # An object store has no locks.
    with nullcontext() if isinstance(directory, ObjectPath) else only_run(directory):
        before = _begin(directory, Manifest(space=space, part_size=part_size, store_raw=store_raw), vocabulary)
        job = _Job(directory, before, len(vocabulary), progress)
        for encoded in (encode_parts or one_by_one(encode))(job.tasks(_in_parts(passages, part_size)), progress):
            job.add(encoded)
        manifest = job.finish()
    if before.complete:
        logger.info(f"{directory}: already complete, nothing to do")
    return manifest


class _Job:
    """One run: hands out the parts that are to be encoded, and writes those that have been, in any order."""

    def __init__(self, folder: AnyPath, before: Manifest, vocabulary_size: int, progress: Progress) -> None:
        self._folder = folder
        self._before = before
        self._known = {part.file: part for part in before.parts}
        self._vocabulary_size = vocabulary_size
        self._progress = progress
        self._whole: dict[str, Part] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._passages = 0
        self._seen = SeenIds()

    def tasks(self, parts: Iterable[Sequence[PassageLike]]) -> Iterator[PartTask]:
        """Yield the parts that are to be encoded. Complete ones are compared with the passages."""
        for number, passages in enumerate(parts):
            ids = [passage.id for passage in passages]
            self._refuse_duplicates(ids)
            digest, name = _digest(passages), _name(number)
            known = self._known.get(name)
            if (known.passages_digest != digest) if known else self._before.complete:
                span = f"passages {self._passages + 1:,} to {self._passages + len(passages):,}"
                raise self._other_corpus(f"{span} differ")
            if known and self._is_whole(known):
                self._whole[name] = known
                self._progress(len(passages))
            else:
                self._waiting[number] = _Waiting(ids, digest)
                texts = [passage.contents for passage in passages]
                yield PartTask(number, ids, texts, self._before.store_raw, self._vocabulary_size)
            self._passages += len(passages)

    def add(self, encoded: EncodedPart) -> None:
        """Write an encoded part."""
        name, waiting = _name(encoded.number), self._waiting[encoded.number]
        with self._can_continue(), write_bytes_aside(self._folder / name) as file:
            file.write(encoded.content)
        self._whole[name] = Part(
            file=name,
            passages=len(waiting.ids),
            postings=encoded.postings,
            sha256=hashlib.sha256(encoded.content).hexdigest(),
            passages_digest=waiting.digest,
        )
        del self._waiting[encoded.number]
        self._save(self._before.complete)

    def finish(self) -> Manifest:
        """Mark the folder as complete."""
        if self._known.keys() - self._whole.keys():
            raise self._other_corpus(f"it ends after {self._passages:,} passages")
        return self._before if self._before.complete else self._save(complete=True)

    def _save(self, complete: bool) -> Manifest:
        # Until the end, parts may be missing between others: several are encoded at a time.
        parts = {**self._known, **self._whole}
        manifest = self._before.with_parts([parts[name] for name in sorted(parts, key=_by_number)], complete)
        with self._can_continue():
            manifest.write(self._folder)
        return manifest

    @contextmanager
    def _can_continue(self) -> Iterator[None]:
        try:
            yield
        except DiscoError as problem:
            raise DiscoError(
                f"{problem}: {len(self._whole)} parts are whole: solve that, then the same command continues after them"
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
        for part in self._whole.values() if suspects else ():
            repeated |= suspects.intersection(read_part_ids(self._folder, part))
        for waiting in self._waiting.values() if suspects else ():
            repeated |= suspects.intersection(waiting.ids)
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


class _Waiting(NamedTuple):
    """A part that is being encoded."""

    ids: Sequence[str]
    digest: str


def _name(number: int) -> str:
    return f"part-{number:05}.parquet"


def _by_number(name: str) -> tuple[int, str]:
    return len(name), name  # after part-99999 comes part-100000


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


def _check_folder(directory: AnyPath) -> None:
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


def _begin(directory: AnyPath, wanted: Manifest, vocabulary: Sequence[str]) -> Manifest:
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
