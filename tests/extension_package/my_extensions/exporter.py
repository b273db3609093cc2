"""An exporter: a table of postings, one line of document id, token and impact each."""

from collections.abc import Callable
from pathlib import Path

from disco_pyserini.files import write_aside
from disco_pyserini.vectors import VectorSource


def export(source: VectorSource, output: Path, progress: Callable[[int], None]) -> int:
    """Write the postings of all vectors; return the number of vectors."""
    written = 0
    with write_aside(output) as lines:
        for batch in source.batches():
            for docid, terms, impacts in batch:
                for term, impact in zip(terms, impacts, strict=True):
                    lines.write(f"{docid}\t{source.vocabulary[term]}\t{impact}\n")
            written += len(batch)
            progress(len(batch))
    return written
