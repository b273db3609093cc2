"""An index and topics of a checkpoint with random weights, for the benchmarks that run whole search commands."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.checkpoints import SPECIAL, WORDS, conversations, make_checkpoint
from benchmarks.measure import run_python
from disco_pyserini.files import write_aside


def prepare(folder: Path, layers: int, width: int, topics: int, longest: int, documents: int) -> None:
    """Make ``splade`` (the checkpoint), ``index`` and ``topics.tsv`` in a folder, in a process of its own.

    What it leaves in memory is then not that of the process that measures.
    """
    arguments = [folder, *map(str, (layers, width, topics, longest, documents))]
    from benchmarks.contenders import environment

    run_python(["-m", "benchmarks.searched", *arguments], **environment())


def _prepare(folder: Path, layers: int, width: int, topics: int, longest: int, documents: int) -> None:
    from benchmarks.random_vectors import RandomVectors
    from disco_pyserini.lucene.index import build_index
    from disco_pyserini.vectors import open_vectors

    model = make_checkpoint(folder / "splade", layers, width)
    vectors = RandomVectors(documents, vocabulary=[*SPECIAL, *WORDS], encoder=str(model))
    vectors.write_parts(folder / "vectors")
    build_index(open_vectors(folder / "vectors"), folder / "index")
    texts = conversations(topics, seed=0, longest=longest)
    with write_aside(folder / "topics.tsv") as lines:
        lines.writelines(f"{number}\t{text}\n" for number, text in enumerate(texts))


if __name__ == "__main__":
    _prepare(Path(sys.argv[1]), *map(int, sys.argv[2:]))
