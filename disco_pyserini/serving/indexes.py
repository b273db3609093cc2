"""The indexes that are served, and their query encoders; an index can be replaced while it is searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.search.encoder_names import OWN_ENCODER, check_encoder_fits, model_of, query_encoder_for
from disco_pyserini.search.engine import DEFAULT_ENGINE, Searcher
from disco_pyserini.search.index_manifest import read_impact_manifest
from disco_pyserini.search.searcher import BatchEncoder, DiscoSearcher
from disco_pyserini.search.sharded import OpenSearcher, open_searcher, shard_folders
from disco_pyserini.serving.problems import Problem


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How indexes are opened.

    Attributes:
        encoders: the names of the query encoders that clients may choose from; the first is the default.
        engine: the engine that searches.
        backend: what runs the encoders; None for the default.
        device: a torch device; None for the default.
        max_length: tokens after which a conversation is cut; None for the encoder's own limit.
        further_engines: other engines that clients may choose.
        allow_partial: whether to answer without the shards that do not answer.
        open_searcher: opens an index; by default in this process.
    """

    encoders: tuple[str, ...] = (OWN_ENCODER,)
    engine: str = DEFAULT_ENGINE
    backend: str | None = None
    device: str | None = None
    max_length: int | None = None
    further_engines: tuple[str, ...] = ()
    allow_partial: bool = False
    open_searcher: OpenSearcher = open_searcher


@dataclass(slots=True, eq=False)
class ServedIndex:
    """An open index. Only the event loop changes it.

    Attributes:
        name: its name in URLs.
        path: its folder.
        encoders: the query encoders by name; the first is the default.
        searcher: the index, opened with the default encoder.
        documents: the number of documents; None if an index of another tool does not say it.
        further_engines: the index opened by other engines, by their names.
        users: how many requests use it at the moment.
        retired: whether another one took its place.
    """

    name: str
    path: Path
    encoders: dict[str, BatchEncoder]
    searcher: DiscoSearcher
    documents: int | None
    further_engines: dict[str, Searcher] = field(default_factory=dict)
    users: int = field(default=0)
    retired: bool = field(default=False)

    def encoder(self, name: str) -> BatchEncoder:
        """Return a query encoder by name.

        Raises:
            Problem: it is not served.
        """
        if name not in self.encoders:
            raise Problem(
                400, "unknown_encoder", f"unknown encoder {name!r:.80}: this server has {', '.join(self.encoders)}"
            )
        return self.encoders[name]

    @property
    def engines(self) -> list[str]:
        """The names of the engines that clients may choose; the first is the default."""
        return [self.searcher.engine, *self.further_engines]

    def engine(self, name: str | None) -> Searcher:
        """Return the index opened by an engine; by default the first.

        Raises:
            Problem: the engine is not served.
        """
        if name is None or name == self.searcher.engine:
            return self.searcher.searcher
        if name not in self.further_engines:
            raise Problem(
                400, "unknown_engine", f"unknown engine {name!r:.80}: this server has {', '.join(self.engines)}"
            )
        return self.further_engines[name]

    def close(self) -> None:
        """Close the index in all engines."""
        self.searcher.close()
        for searcher in self.further_engines.values():
            searcher.close()


def open_index(
    name: str, path: Path, settings: IndexSettings, opened: dict[str, BatchEncoder] | None = None
) -> ServedIndex:
    """Open an index and its query encoders.

    Args:
        name: its name in URLs.
        path: its folder.
        settings: how to open it.
        opened: encoders by the name of their model, which indexes share; encoders that are opened are added.

    Raises:
        DiscoError: the index or an encoder cannot be opened.
    """
    opened = {} if opened is None else opened
    manifest = read_impact_manifest(path)
    encoders: dict[str, BatchEncoder] = {}
    for wanted in settings.encoders:
        model = model_of(path, wanted)
        if model not in opened:
            opened[model] = query_encoder_for(path, wanted, settings.device, settings.max_length, settings.backend)
        check_encoder_fits(opened[model], path)
        encoders[wanted] = opened[model]
    default = encoders[settings.encoders[0]]
    partial = settings.allow_partial
    searcher = DiscoSearcher(
        path, default, settings.engine, allow_partial=partial, open_searcher=settings.open_searcher
    )
    searcher.search("warm up", k=1)  # the first search takes ten times as long as later ones
    shards = shard_folders(path)
    further = {engine: settings.open_searcher(path, shards, engine, partial) for engine in settings.further_engines}
    return ServedIndex(name, path, encoders, searcher, manifest.documents if manifest else None, further)


def named_paths(arguments: Sequence[str]) -> dict[str, Path]:
    """Return the folders of indexes by name, from ``FOLDER`` or ``NAME=FOLDER``.

    Raises:
        InputError: two indexes have the same name, or a name cannot be part of a URL.
    """
    found: dict[str, Path] = {}
    for argument in arguments:
        name, equals, folder = argument.partition("=")
        if not equals or "/" in name:
            name, folder = "", argument
        path = Path(folder)
        name = name or path.resolve().name
        if not name or name != name.strip() or any(character in name for character in "/?#%"):
            raise InputError(
                f"{argument}: expected NAME=FOLDER with a name without /, ?, # and %, found the name {name!r}"
            )
        if name in found:
            raise InputError(f"two indexes have the name {name!r}: give one another name, as NAME={folder}")
        found[name] = path
    return found


class ServedIndexes:
    """The open indexes by name. Use it in the event loop only.

    Args:
        indexes: the open indexes.
    """

    def __init__(self, indexes: Sequence[ServedIndex]) -> None:
        self._open = {index.name: index for index in indexes}

    def __iter__(self) -> Iterator[ServedIndex]:
        return iter(self._open.values())

    def get(self, name: str) -> ServedIndex:
        """Return an index by name.

        Raises:
            Problem: there is none.
        """
        if name not in self._open:
            raise Problem(
                404, "unknown_index", f"unknown index {name!r:.80}: this server has {', '.join(sorted(self._open))}"
            )
        return self._open[name]

    def replace(self, index: ServedIndex) -> None:
        """Put a newly opened index in the place of the one with its name. The old one closes after its last request."""
        old = self._open[index.name]
        self._open[index.name] = index
        old.retired = True
        _close_if_unused(old)

    def close(self) -> None:
        """Close all indexes."""
        for index in self:
            index.retired = True
            _close_if_unused(index)


def _close_if_unused(index: ServedIndex) -> None:
    if index.retired and not index.users:
        index.close()


def use(index: ServedIndex) -> None:
    """Keep an index open for a request, until `release`."""
    index.users += 1


def release(index: ServedIndex) -> None:
    """End what `use` began."""
    index.users -= 1
    _close_if_unused(index)


def check_there(index: ServedIndex) -> None:
    """Check that the folder of an index is still an index.

    Raises:
        Problem: it vanished.
    """
    try:
        read_impact_manifest(index.path)
    except DiscoError as problem:
        raise Problem(503, "index_unavailable", f"index {index.name}: {problem}") from problem
