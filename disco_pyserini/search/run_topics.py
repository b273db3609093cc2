"""From topics to a run file, like Pyserini's search command but without importing Pyserini."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import batched
from pathlib import Path

from disco_pyserini.files import write_aside
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.trec import run_lines


def search_topics(
    searcher: DiscoSearcher,
    topics: Mapping[str, str],
    path: Path,
    k: int = 1000,
    batch_size: int = 64,
    threads: int = 1,
    query_terms: int | None = None,
    progress: Callable[[int], None] = lambda queries: None,
) -> None:
    """Search for every topic and write a TREC run: the same bytes as ``python -m pyserini.search.lucene --output``.

    Args:
        searcher: an open searcher.
        topics: texts by query id, in the order of the run.
        path: the run file.
        k: documents per query.
        batch_size: queries that are encoded and searched at once.
        threads: search threads.
        query_terms: see `DiscoSearcher.batch_search`.
        progress: called with the number of queries done since the last call.
    """
    with write_aside(path) as lines:
        for batch in batched(topics.items(), batch_size):
            qids, texts = zip(*batch, strict=True)
            for qid, hits in searcher.batch_search(texts, qids, k, threads, query_terms).items():
                lines.writelines(run_lines(qid, hits))
            progress(len(batch))
