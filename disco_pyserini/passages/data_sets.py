"""``irds:NAME``: the documents of a data set of ir_datasets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.passages.source import Found, Reading, Source


def open_data_set(name: str) -> list[Source]:
    """Return the data set as one source.

    Raises:
        InputError: there is no such data set, or it has no documents.
    """
    dataset = _dataset(name)
    return [Source(f"irds:{name}", name, lambda reading: _documents(name, dataset, reading))]


def count_documents(name: str) -> int | None:
    """Return the number of documents; None if unknown."""
    count = _dataset(name).docs_count()
    return None if count is None else int(count)


def _documents(name: str, dataset: Any, reading: Reading) -> Iterator[Found]:
    documents = dataset.docs_iter()
    number = 0
    while True:
        try:
            document = next(documents, None)
        except Exception as problem:  # ir_datasets passes on any parser or download error
            raise DiscoError(f"irds:{name}: ir_datasets failed after {number:,} passages: {problem}") from problem
        if document is None:
            return
        number += 1
        record = document._asdict() if reading.fields else {"text": document.default_text()}
        yield f"irds:{name}, passage {number}", {**record, "id": document.doc_id}


def _dataset(name: str) -> Any:
    try:
        import ir_datasets
    except ImportError as problem:
        raise InputError(f"irds:{name}: this needs ir_datasets: pip install ir_datasets") from problem
    try:
        dataset = ir_datasets.load(name)
    except KeyError as problem:
        raise InputError(f"irds:{name}: ir_datasets knows no such data set: see https://ir-datasets.com") from problem
    if not dataset.has_docs():
        raise InputError(f"irds:{name}: this data set of ir_datasets has no documents: name the one it belongs to")
    return dataset
