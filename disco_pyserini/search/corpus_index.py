"""An index of a corpus in the cache folder, made when it is first asked for and brought up to date when files change.

An entry is a folder, named after the corpus, the encoder and how documents are split. ``state.json`` in it says which
of its index folders counts, and what that index holds. Writing this file is the one step that makes an update count: a
run that is killed before leaves the entry as it was.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from filelock import FileLock, Timeout

from disco_pyserini.cards import DEFAULT_ENCODER
from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder
from disco_pyserini.encoding.locate import checksum, locate
from disco_pyserini.encoding.splade_encoders import reference_of
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import make_folder, pyserini_cache, write_aside
from disco_pyserini.passages import Corpus, Passage, Reading, Source, Splitter, source_passages
from disco_pyserini.passages.source import CORPORA
from disco_pyserini.passages.splitting import SPLITTING
from disco_pyserini.records import Record, only, read_json
from disco_pyserini.search.engine import DEFAULT_ENGINE
from disco_pyserini.search.index_manifest import read_impact_manifest
from disco_pyserini.search.indexing import build_index
from disco_pyserini.search.updating import update_index
from disco_pyserini.vectors import encode_corpus
from disco_pyserini.vectors.pipeline import splitter_for

logger = logging.getLogger(__name__)

type Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows the progress of a step, given its title and its number of units."""

_STATE = "state.json"
_VECTORS = "vectors"
_FEW = 5


class _SourceState(Record):
    """What the index holds of a source: digests of texts by passage id; ``problems`` counts what was left out."""

    stamp: str
    passages: Mapping[str, str]
    problems: int = 0


class _State(Record):
    """The content of ``state.json``."""

    format: Annotated[int, only(1)] = 1
    corpus: str
    encoder: str
    revision: str
    number: int
    sources: Mapping[str, _SourceState]

    @property
    def index(self) -> str:
        return f"index-{self.number}"


@dataclass
class _Reader:
    """Reads sources, and notes what has to be left out."""

    splitter: Callable[[], Splitter]
    seen: dict[str, str] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def read(self, source: Source) -> tuple[_SourceState, list[Passage]]:
        """Return what a source holds, and its passages."""
        notes: list[str] = []
        passages: list[Passage] = []
        reading = Reading(on_error=lambda problem: notes.append(str(problem)), splitter=_Late(self.splitter))
        try:
            for passage in source_passages(source, reading):
                if passage.id in self.seen:
                    notes.append(
                        f"{source.name}: the id {passage.id!r} is that of a passage of {self.seen[passage.id]}"
                    )
                else:
                    self.seen[passage.id] = source.name
                    passages.append(passage)
        except DiscoError as problem:
            notes.append(str(problem))
        except OSError as problem:
            notes.append(f"{source.name}: cannot be read: {problem.strerror or problem}")
        if notes:
            self.problems[source.name] = notes
        digests = {passage.id: _digest(passage.contents) for passage in passages}
        return _SourceState(stamp=source.stamp, passages=digests, problems=len(notes)), passages

    def keep(self, source: Source, state: _SourceState) -> None:
        """Take over what the index holds of a source that has not changed."""
        self.seen.update(dict.fromkeys(state.passages, source.name))


class _Late(Splitter):
    """A splitter that is opened, with the encoder's tokenizer, for the first document."""

    def __init__(self, opened: Callable[[], Splitter]) -> None:
        self._opened = opened

    def split(self, text: str, *, markdown: bool = False, title: str = "") -> list[str]:
        return self._opened().split(text, markdown=markdown, title=title)


@dataclass(frozen=True, slots=True)
class CorpusIndex:
    """An index of a corpus.

    Attributes:
        folder: the folder of the index.
        sources: the name of the source that each passage is from, by the passage's id.
    """

    folder: Path
    sources: Mapping[str, str]


def _no_progress(title: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
    @contextmanager
    def nothing() -> Iterator[Callable[[int], None]]:
        yield lambda units: None

    return nothing()


@contextmanager
def corpus_index(
    corpus: Corpus,
    encoder: str = DEFAULT_ENCODER,
    *,
    engine: str = DEFAULT_ENGINE,
    backend: str,
    progress: Progress = _no_progress,
) -> Iterator[CorpusIndex]:
    """Make or update the index of a corpus, and hold it for the time of a ``with`` block.

    Nothing of the entry is removed by other processes meanwhile. Open the index in the block; a searcher that is open
    keeps working after it.

    What cannot be read (a damaged file, text that is not UTF-8, …) is left out, with a warning that names it.

    Args:
        corpus: the open corpus.
        encoder: the name of the encoder.
        engine: the name of the engine that builds and searches the index.
        backend: what runs the document encoder when the index is made.
        progress: shows the progress of reading and encoding.

    Yields:
        the index.

    Raises:
        InputError: the encoder is unknown, or nothing in the corpus can be read.
        DiscoError: the cache folder cannot be written.
    """
    entry = _entry(corpus, encoder, engine)
    make_folder(entry, "set PYSERINI_CACHE to a folder that can be written")
    with _locked(entry):
        state = _Update(entry, corpus, encoder, engine, backend, progress).run()
        sources = {docid: name for name, source in state.sources.items() for docid in source.passages}
        yield CorpusIndex(entry / state.index, sources)


class _Update:
    """One run over an entry."""

    def __init__(
        self, entry: Path, corpus: Corpus, encoder: str, engine: str, backend: str, progress: Progress
    ) -> None:
        self._entry = entry
        self._corpus = corpus
        self._name = encoder
        self._engine = engine
        self._backend = backend
        self._progress = progress
        self._encoder: DiscoDocumentEncoder | None = None
        self._revision = checksum(locate(reference_of(encoder, "document")[0], "document"))
        self._before = self._read_state()

    def run(self) -> _State:
        """Return the state of the entry, up to date."""
        self._remove_all_but(self._before, _VECTORS)
        reader = _Reader(lambda: self._splitter)
        before = self._before.sources if self._before else {}
        unchanged = {
            source.name: before[source.name]
            for source in self._corpus.sources
            if source.name in before and before[source.name].stamp == source.stamp and not before[source.name].problems
        }
        for source in self._corpus.sources:
            if source.name in unchanged:
                reader.keep(source, unchanged[source.name])
        sources = dict(unchanged)
        old = {docid: digest for state in before.values() for docid, digest in state.passages.items()}
        new: list[Passage] = []
        changed = [source for source in self._corpus.sources if source.name not in unchanged]
        with self._progress("reading", len(changed) or None) as done:
            for source in changed:
                state, passages = reader.read(source)
                sources[source.name] = state
                new += [passage for passage in passages if old.get(passage.id) != state.passages[passage.id]]
                done(1)
        _warn(self._corpus, reader.problems)
        gone = [docid for docid in old if docid not in reader.seen]
        if not reader.seen:
            raise InputError(f"{self._corpus.name}: expected at least one passage, found none that can be used")
        if self._before and not new and not gone:
            self._remove_all_but(self._before)
            if sources == self._before.sources:
                return self._before
            return self._save(self._before.number, sources)
        return self._write(new, gone, sources)

    def _write(self, new: Sequence[Passage], gone: Sequence[str], sources: Mapping[str, _SourceState]) -> _State:
        number = self._before.number + 1 if self._before else 1
        folder = self._entry / f"index-{number}"
        vectors = self._encode(new) if new else ()
        if self._before is None:
            build_index(self._entry / _VECTORS, folder, engine=self._engine)
        else:
            update_index(self._entry / self._before.index, vectors, delete=gone, engine=self._engine, output=folder)
        state = self._save(number, sources)
        self._remove_all_but(state)
        return state

    def _encode(self, new: Sequence[Passage]) -> Path:
        """Encode passages; after a run that was killed, go on after its last whole part."""
        vectors = self._entry / _VECTORS
        with self._progress("encoding", len(new)) as done:
            try:
                encode_corpus(new, vectors, self._document_encoder, progress=done)
            except InputError:  # it was encoding something else
                shutil.rmtree(vectors)
                encode_corpus(new, vectors, self._document_encoder, progress=done)
        return vectors

    @property
    def _document_encoder(self) -> DiscoDocumentEncoder:
        if self._encoder is None:
            space = None
            if self._before and (manifest := read_impact_manifest(self._entry / self._before.index)):
                space = manifest.space
            self._encoder = document_encoder(self._name, backend=space.backend if space else self._backend)
        return self._encoder

    @property
    def _splitter(self) -> Splitter:
        if not hasattr(self, "_opened_splitter"):
            self._opened_splitter = splitter_for(self._document_encoder)
        return self._opened_splitter

    def _read_state(self) -> _State | None:
        path = self._entry / _STATE
        if not path.exists():
            return None
        try:
            state = _State.check(read_json(path), str(path))
            manifest = read_impact_manifest(self._entry / state.index)
        except InputError as problem:
            logger.warning("the index in %s cannot be used and is made again: %s", self._entry, problem)
            return None
        if state.revision != self._revision or manifest is None:
            logger.info("%s changed: encoding %s again", self._name, self._corpus.name)
            return None
        return state

    def _save(self, number: int, sources: Mapping[str, _SourceState]) -> _State:
        state = _State(
            corpus=self._corpus.name, encoder=self._name, revision=self._revision, number=number, sources=sources
        )
        with write_aside(self._entry / _STATE) as file:
            file.write(state.model_dump_json())
        return state

    def _remove_all_but(self, state: _State | None, *kept: str) -> None:
        """Remove index folders that do not count: older ones, and what killed runs left."""
        for path in self._entry.iterdir():
            if path.name in kept or (state and path.name in (_STATE, state.index)):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _entry(corpus: Corpus, encoder: str, engine: str) -> Path:
    """Return the folder of an entry: its name says what it is of, and a hash tells entries apart."""
    kind, colon, _ = corpus.name.partition(":")
    # The same module may differ between two Python environments.
    place = [corpus.name, sys.prefix] if colon and kind in CORPORA else [str(Path(corpus.name).absolute())]
    reference, quantiser = reference_of(encoder, "document")
    settings = [place, encoder, reference.max_length, str(quantiser), engine, SPLITTING]
    name = re.sub(r"[^\w.-]+", "-", corpus.name).strip("-.")[-40:] or "corpus"
    return pyserini_cache() / "disco-ask" / f"{name}-{hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:12]}"


@contextmanager
def _locked(entry: Path) -> Iterator[None]:
    lock = FileLock(entry.with_name(f"{entry.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.info("another process is using the index in %s: waiting for it", entry)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _warn(corpus: Corpus, problems: Mapping[str, Sequence[str]]) -> None:
    for notes in list(problems.values())[:_FEW]:
        more = f" (and {len(notes) - 1:,} more in it)" if len(notes) > 1 else ""
        logger.warning("left out: %s%s", notes[0], more)
    if len(problems) > _FEW:
        logger.warning("left out, all or in part: %d more files", len(problems) - _FEW)
    if corpus.strangers:
        kinds = Counter(path.suffix or path.name for path in corpus.strangers)
        examples = ", ".join(f"{kind} ({number:,})" for kind, number in kinds.most_common(_FEW))
        logger.info("left out, not documents: %s, such as %s", f"{len(corpus.strangers):,}", examples)
