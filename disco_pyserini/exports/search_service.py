"""Search services: servers that keep the vectors in a collection of theirs, and answer queries.

`disco vectors export` fills the collection. It also writes a small folder, which is used like the folder of an index:
``service.json`` (which service, where, and how far the export is), ``vocabulary.json`` (the tokens in the order of
their ids) and, once everything is there, ``disco.json`` (which query encoder fits).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.exports.survey import Survey, chunks, part_of, survey
from disco_pyserini.extras import check_extra
from disco_pyserini.files import refuse_existing, write_aside
from disco_pyserini.records import FileName, Items, Record, only, read_json
from disco_pyserini.search.index_manifest import IndexManifest, write_index_manifest
from disco_pyserini.vectors import VectorBatch, VectorSource
from disco_pyserini.vectors.manifest import Count
from disco_pyserini.vectors.parts import VOCABULARY

SERVICE_FILE = "service.json"
EXACT = 2**24
"""Services add up scores in 32-bit floats, which hold every whole number up to this one."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a collection is.

    Attributes:
        url: the address of the server; for Qdrant and Milvus also a path, for their local modes.
        collection: the name of the collection, table or index there.
        folder: the folder that stands for the index here.
        terms: the size of the vocabulary.
    """

    url: str
    collection: str
    folder: Path
    terms: int


class Writer(Protocol):
    """A connection that fills a collection."""

    def check(self, found: Survey) -> None:
        """Raise an `InputError` if the service cannot hold such vectors."""

    def exists(self) -> bool:
        """Whether the collection exists."""

    def create(self) -> None:
        """Create the collection."""

    def add(self, first: int, batch: VectorBatch) -> None:
        """Add documents, the first of which is number ``first``. Adding them again changes nothing."""

    def finish(self) -> None:
        """Build what searching needs, after the last document."""

    def close(self) -> None:
        """Close the connection."""


class Reader(Protocol):
    """A connection that searches a collection. Several threads may use it.

    Attributes:
        most: the most documents that the service returns for a query; None if there is no limit.
    """

    most: int | None

    def best(self, query: Mapping[int, int], limit: int) -> list[tuple[str, float]]:
        """Return (id, score) of the documents with the highest scores, best first, for impacts by term."""

    def vector(self, docid: str) -> Mapping[int, int] | None:
        """Return the stored impacts of a document by term; None if there is no such document."""

    def text(self, docid: str) -> str | None:
        """Return the stored text of a document; None if there is no such document, or its text is not stored."""

    def close(self) -> None:
        """Close the connection."""


class ServiceRecord(Record):
    """``service.json``.

    Attributes:
        service: the engine that searches the collection.
        url: the address of the server.
        collection: the name of the collection.
        terms: the size of the vocabulary.
        ignored: the terms that occur in every document.
        digest: digest of the vectors.
        done: how many documents are in the collection.
    """

    format: Annotated[int, only(1)] = 1
    service: str
    url: str
    collection: FileName
    terms: Count
    ignored: Items[int]
    digest: str
    done: Count = 0

    def place(self, folder: Path) -> Place:
        """Return where the collection is."""
        return Place(self.url, self.collection, folder, self.terms)

    def write(self, folder: Path) -> None:
        """Replace the file in the folder atomically."""
        with write_aside(folder / SERVICE_FILE) as file:
            json.dump(self.model_dump(), file, indent=1, ensure_ascii=False)
            file.write("\n")

    @classmethod
    def read(cls, folder: Path) -> ServiceRecord | None:
        """Read the file in the folder; None if there is none."""
        path = folder / SERVICE_FILE
        return cls.check(read_json(path), str(path)) if path.exists() else None


@dataclass(frozen=True, slots=True)
class Service:
    """An exporter that fills a collection of a search service.

    Attributes:
        engine: the name of the engine that searches the collection.
        extra: the extra with the client.
        secret: the environment variable that holds the password or key, which is never written to a file.
        write: connects for writing.
        errors: returns what the client raises.
        url: the address of the server.
        batch_size: how many documents go into one request or file.
        collection: the name of the collection.
    """

    engine: str
    extra: str | None
    secret: str
    write: Callable[[Place], Writer]
    errors: Callable[[], tuple[type[Exception], ...]]
    url: str
    batch_size: int
    collection: str = "disco"

    def at(self, url: str | None = None, collection: str | None = None, batch_size: int | None = None) -> Service:
        """Return the exporter for another server, collection or batch size; None keeps the default.

        Raises:
            InputError: the address has a password in it, or the batch size is below 1.
        """
        if url and urlsplit(url).password:
            raise InputError(
                f"the address has a password in it, which would be written to {SERVICE_FILE}: leave it out and set "
                f"{self.secret}"
            )
        if batch_size is not None and batch_size < 1:
            raise InputError(f"expected a batch size of at least 1, found {batch_size}")
        return replace(
            self,
            url=url or self.url,
            collection=collection or self.collection,
            batch_size=batch_size or self.batch_size,
        )

    def __call__(
        self, source: VectorSource, output: Path, progress: Callable[[int], None] = lambda documents: None
    ) -> int:
        """Fill the collection, or continue an export that was stopped.

        The vectors are read once before anything is sent: the service's limits are checked, and an export only
        continues with the same vectors.

        Raises:
            InputError: the folder or the collection holds something else, or the vectors do not suit the service.
            DiscoError: the service cannot be reached, or refused. What it took stays; the same call continues.
        """
        if self.extra:
            check_extra(self.extra, f"exporting to {self.engine}")
        before = ServiceRecord.read(output)
        if before is None:
            refuse_existing(output)
        logger.info("reading the vectors once, to check them")
        found = survey(source)
        record = self._record(source, found)
        if before is not None:
            _refuse_other(output, before, record)
            record = before
        if (output / "disco.json").exists():
            logger.info(f"{output}: already complete, nothing to do")
            progress(found.documents)
            return found.documents
        with service_errors(self, record.url, ": the same command continues"):
            writer = self.write(record.place(output))
            try:
                self._fill(writer, source, found, record, output, progress)
            finally:
                writer.close()
        texts = found.longest_text > 0
        manifest = IndexManifest(space=source.space, documents=found.documents, postings=found.postings, raw=texts)
        write_index_manifest(manifest, output)
        return found.documents

    def _record(self, source: VectorSource, found: Survey) -> ServiceRecord:
        fields = {
            "service": self.engine,
            "url": self.url,
            "collection": self.collection,
            "terms": len(source.vocabulary),
            "ignored": found.ignored,
            "digest": found.digest,
        }
        return ServiceRecord.check(fields, "--collection")

    def _fill(
        self,
        writer: Writer,
        source: VectorSource,
        found: Survey,
        record: ServiceRecord,
        output: Path,
        progress: Callable[[int], None],
    ) -> None:
        writer.check(found)
        begun = (output / SERVICE_FILE).exists()
        exists = writer.exists()
        if exists and not begun:
            raise InputError(
                f"{record.url} has a collection {record.collection!r} already: choose another --collection, or delete "
                "it there"
            )
        if record.done and not exists:
            raise InputError(
                f"{record.url}: the collection {record.collection!r}, which had {record.done:,} documents, is gone: "
                f"delete {output} to start again"
            )
        record.write(output)
        with write_aside(output / VOCABULARY) as file:
            json.dump(list(source.vocabulary), file, ensure_ascii=False)
        if not exists:
            writer.create()
        first = 0
        for batch in chunks(source, self.batch_size):
            if (last := first + len(batch)) > record.done:
                start = max(first, record.done)  # within the batch if the batch size has changed
                writer.add(start, part_of(batch, start - first, len(batch)))
                record = record.model_copy(update={"done": last})
                record.write(output)
            progress(len(batch))
            first = last
        writer.finish()


@contextmanager
def service_errors(service: Service, url: str, remedy: str = "") -> Iterator[None]:
    """Turn what a client raises into a `DiscoError` that names the server."""
    try:
        yield
    except DiscoError:
        raise
    except service.errors() as problem:
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise DiscoError(f"{service.engine} at {url}: {reason:.500}{remedy}") from problem


def _refuse_other(folder: Path, before: ServiceRecord, now: ServiceRecord) -> None:
    names = ("service", "url", "collection", "digest")
    changed = [name for name in names if getattr(before, name) != getattr(now, name)]
    if not changed:
        return
    if changed == ["digest"]:
        raise InputError(f"{folder}: holds an export of other vectors: export the same ones, or to another --output")
    described = ", ".join(f"{name} was {getattr(before, name)!r} and is {getattr(now, name)!r}" for name in changed)
    raise InputError(f"{folder}: holds another export: {described}: choose another --output")


def for_service(
    exporter: object, name: str, url: str | None, collection: str | None, batch_size: int | None
) -> Service:
    """Return the exporter of a service for a server, collection and batch size; see `Service.at`.

    Raises:
        InputError: the exporter writes files and takes none of them.
    """
    if not isinstance(exporter, Service):
        raise InputError(f"--to {name} goes to no service: leave out --url, --collection and --batch-size")
    return exporter.at(url, collection, batch_size)
