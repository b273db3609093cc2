"""What a corpus consists of: sources (mostly files), each with a stamp that changes when its content may have changed.

File formats and kinds of corpora are registered by name (docs/extending.md).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from disco_pyserini.extensions import Registry
from disco_pyserini.passages.passage import OnError, Passage, stop
from disco_pyserini.passages.splitting import Splitter
from disco_pyserini.storage import AnyPath

type Found = tuple[str, Mapping[str, Any] | Passage]
"""Where a record is, for error messages, and its fields; or a passage that was made from a part of a document."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a corpus is read.

    Attributes:
        fields: names of the fields of records whose values make the text; empty for the usual ones.
        on_error: called with the error of each unusable record.
        splitter: splits documents into passages.
    """

    fields: Sequence[str] = ()
    on_error: OnError = stop
    splitter: Splitter = field(default_factory=Splitter)


@dataclass(frozen=True, slots=True)
class Source:
    """A part of a corpus that is read as a whole: a file, a module, a data set.

    Attributes:
        name: its name in the corpus.
        stamp: differs when the content may have changed.
        read: yields its records.
        path: the file on disk that holds it, if it is one.
    """

    name: str
    stamp: str
    read: Callable[[Reading], Iterator[Found]]
    path: Path | None = None


class FileFormat(Protocol):
    """Reads the files whose names end with a suffix."""

    def __call__(self, file: AnyPath, name: str, reading: Reading) -> Iterator[Found]:
        """Yield the records of a file, or the passages of a document.

        Args:
            file: the file, on disk or in an object store; if its name ends with ``.gz`` after the suffix, it is packed.
            name: the file's name in the corpus, for `passage_id`.
            reading: how to read.
        """


FORMATS: Registry[FileFormat] = Registry(
    "file format",
    "file_formats",
    {
        ".jsonl": "disco_pyserini.passages.record_files:read_json_lines",
        ".json": "disco_pyserini.passages.record_files:read_json_lines",
        ".tsv": "disco_pyserini.passages.record_files:read_tsv",
        ".csv": "disco_pyserini.passages.record_files:read_csv",
        ".txt": "disco_pyserini.passages.document_files:read_plain_text",
        ".md": "disco_pyserini.passages.document_files:read_markdown",
        ".html": "disco_pyserini.passages.document_files:read_html",
        ".htm": "disco_pyserini.passages.document_files:read_html",
        ".pdf": "disco_pyserini.passages.document_files:read_pdf",
        ".docx": "disco_pyserini.passages.document_files:read_docx",
    },
)
"""By the suffix of the file's name, in lower case."""

CORPORA: Registry[Callable[[str], list[Source]]] = Registry(
    "kind of corpus",
    "corpora",
    {
        "irds": "disco_pyserini.passages.data_sets:open_data_set",
        "pydoc": "disco_pyserini.passages.docstrings:open_modules",
    },
)
"""By what comes before the colon in ``--corpus``; called with what comes after it."""


def passage_id(name: str, number: int) -> str:
    """Return the id of a passage of a document: ``NAME#NUMBER``, counted from 1.

    White space, ``#`` and ``%`` in the name are percent-encoded, and so are bytes that are not UTF-8.
    """
    return f"{_AWKWARD.sub(lambda match: quote(os.fsencode(match[0]), safe=''), name)}#{number}"


_AWKWARD = re.compile("[\\s#%\x00-\x1f\x7f-\x9f\ud800-\udfff]")
