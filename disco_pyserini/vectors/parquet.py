"""One part of the vectors as a Parquet file: ``id``, ``terms``, ``impacts`` and, if stored, ``raw``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from disco_pyserini.impacts import ImpactVector
from disco_pyserini.vectors.batch import VectorBatch

if TYPE_CHECKING:
    import pyarrow as pa

# pyarrow is imported by the functions: that takes as long as all else that a search imports of this package.

PASSAGES_PER_BATCH = 2_000
"""Passages per row group, and so per `VectorBatch` when read: bounds memory."""


def to_parquet(ids: Sequence[str], vectors: Sequence[ImpactVector], raw: Sequence[str] | None) -> pa.Buffer:
    """Return the file's bytes. Equal vectors give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(raw is not None)
    offsets = pa.array(np.cumsum([0, *(len(vector.terms) for vector in vectors)], dtype=np.int32))
    terms = np.concatenate([np.asarray(vector.terms, np.int32) for vector in vectors])
    impacts = np.concatenate([np.asarray(vector.impacts, np.uint16) for vector in vectors])
    columns = [
        pa.array(ids, pa.string()),
        pa.ListArray.from_arrays(offsets, pa.array(terms), type=schema.field("terms").type),
        pa.ListArray.from_arrays(offsets, pa.array(impacts), type=schema.field("impacts").type),
        *([] if raw is None else [pa.array(raw, pa.string())]),
    ]
    table = pa.Table.from_arrays(columns, schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=PASSAGES_PER_BATCH,
        compression="zstd",
        compression_level=3,
        # The smallest and fastest settings tried on SPLADE vectors: 2.2 bytes per posting, 2.8 with the defaults.
        use_dictionary=["impacts.list.element"],
        column_encoding={"terms.list.element": "BYTE_STREAM_SPLIT"},
        store_schema=False,
    )
    return sink.getvalue()


def from_parquet(content: bytes, vocabulary_size: int) -> Iterator[VectorBatch]:
    """Read what `to_parquet` wrote, one row group at a time.

    Raises:
        ValueError: the content is something else, or has terms beyond the vocabulary.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        raw = "raw" in file.schema_arrow.names
        if not file.schema_arrow.equals(_schema(raw)):
            raise ValueError(f"other columns: {' '.join(str(file.schema_arrow).split())}")
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, use_threads=False).combine_chunks()
            terms, impacts = (table.column(name).chunk(0) for name in ("terms", "impacts"))
            if not terms.offsets.equals(impacts.offsets):
                raise ValueError("other numbers of terms than of impacts")
            numbers = terms.values.to_numpy()
            if len(numbers) and not 0 <= numbers.min() <= numbers.max() < vocabulary_size:
                raise ValueError(f"terms from {numbers.min()} to {numbers.max()} in a vocabulary of {vocabulary_size}")
            yield VectorBatch(
                ids=table.column("id").to_pylist(),
                offsets=terms.offsets.to_numpy().astype(np.int64),
                terms=numbers,
                impacts=impacts.values.to_numpy(),
                raw=table.column("raw").to_pylist() if raw else None,
            )
    except (pa.ArrowException, OSError) as problem:
        raise ValueError(f"what is no Parquet file: {problem}") from problem


def _schema(raw: bool) -> pa.Schema:
    import pyarrow as pa

    kinds = {
        "id": pa.string(),
        "terms": pa.list_(pa.field("element", pa.int32(), nullable=False)),
        "impacts": pa.list_(pa.field("element", pa.uint16(), nullable=False)),
        **({"raw": pa.string()} if raw else {}),
    }
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in kinds.items()])


def read_ids(content: bytes) -> list[str]:
    """Read only the ids.

    Raises:
        ValueError: the content is not what `to_parquet` wrote.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        column = pq.read_table(pa.BufferReader(content), columns=["id"]).column("id")
        ids: list[str] = column.cast(pa.string()).to_pylist()
    except (pa.ArrowException, OSError, KeyError) as problem:
        raise ValueError(f"what is no Parquet file with ids: {problem}") from problem
    return ids
