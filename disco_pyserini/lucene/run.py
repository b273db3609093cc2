"""A topics file to a run file, as Pyserini's search command does it, without importing Pyserini."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import batched
from pathlib import Path

from disco_pyserini.datasets.collection import read_topics
from disco_pyserini.errors import InputError
from disco_pyserini.files import write_aside
from disco_pyserini.lucene.searcher import DiscoSearcher, run_lines


def open_topics(path: Path) -> dict[str, str]:
    """Read a topics file in the order in which Pyserini answers it: by id, as numbers if all ids are some.

    Raises:
        InputError: there is no such file, or a line that Pyserini would misread.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: expected a topics file with lines of qid<TAB>text, found none: for topics that Pyserini knows by "
            "name, run python -m pyserini.search.lucene with the same options"
        )
    topics = read_topics(path)
    numbers = all(qid.isascii() and qid.isdecimal() and int(qid) < 1 << 31 for qid in topics)
    return {qid: topics[qid] for qid in sorted(topics, key=int if numbers else str)}


def search_topics(
    searcher: DiscoSearcher,
    topics: Mapping[str, str],
    path: Path,
    k: int = 1000,
    batch_size: int = 64,
    threads: int = 1,
    progress: Callable[[int], None] = lambda queries: None,
) -> None:
    """Search for every topic and write a TREC run, the bytes of ``python -m pyserini.search.lucene --output``.

    Args:
        searcher: an open searcher.
        topics: texts by query id, in the order of the run.
        path: the run file.
        k: documents for each query.
        batch_size: queries that are encoded and searched at once.
        threads: threads that search.
        progress: called with the number of queries done since the last call.
    """
    with write_aside(path) as lines:
        for batch in batched(topics.items(), batch_size):
            qids, texts = zip(*batch, strict=True)
            for qid, hits in searcher.batch_search(texts, qids, k, threads).items():
                lines.writelines(run_lines(qid, hits))
            progress(len(batch))
