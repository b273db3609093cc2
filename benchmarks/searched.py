"""An index and topics of a checkpoint, for the benchmarks that run whole search commands."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from disco_pyserini.files import write_aside


def prepare(
    folder: Path, layers: int, width: int, size: int, documents: int, checkpoint: Path | None, topics: Path | None
) -> str:
    """Make ``splade`` (the checkpoint), ``index`` and ``topics.tsv`` in a folder; return what the checkpoint is.

    In a process of its own: what it leaves in memory is then not that of the process that measures.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_prepare, folder, layers, width, size, documents, checkpoint, topics).result()


def _prepare(
    folder: Path, layers: int, width: int, size: int, documents: int, checkpoint: Path | None, topics: Path | None
) -> str:
    from benchmarks.checkpoints import conversations, open_checkpoint
    from benchmarks.document_vectors import random_vectors
    from disco_pyserini import DiscoQueryEncoder
    from disco_pyserini.lucene.impact_index import build_index
    from disco_pyserini.vectors import open_vectors

    model, what = open_checkpoint(checkpoint, folder / "splade", layers, width)
    vectors = random_vectors(documents, DiscoQueryEncoder(str(model)).vocabulary, str(model))
    vectors.write_parts(folder / "vectors")
    build_index(open_vectors(folder / "vectors"), folder / "index")
    with write_aside(folder / "topics.tsv") as lines:
        lines.writelines(f"{number}\t{text}\n" for number, text in enumerate(conversations(size, 0, topics)))
    return what
