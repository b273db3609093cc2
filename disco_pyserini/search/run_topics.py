"""From topics to a run file, like Pyserini's search command but without importing Pyserini."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import batched, islice
from pathlib import Path

from disco_pyserini.files import write_aside
from disco_pyserini.search.encoding_ahead import encoded_ahead
from disco_pyserini.search.hits import Hits
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
) -> dict[str, int]:
    """Search for every topic and write a TREC run: the same bytes as ``python -m pyserini.search.lucene --output``.

    Args:
        searcher: an open searcher.
        topics: texts by query id, in the order of the run.
        path: the run file.
        k: documents per query.
        batch_size: queries that are encoded and searched at once. The next batch is encoded while one is searched.
        threads: search threads.
        query_terms: see `DiscoSearcher.batch_search`.
        progress: called with the number of queries done since the last call.

    Returns:
        how many queries each shard did not answer; empty if all answers are complete.
    """
    missing: Counter[str] = Counter()
    with write_aside(path) as lines:
        qids = iter(topics)
        for texts, vectors in encoded_ahead(searcher.encoder.encode_batch, batched(topics.values(), batch_size)):
            every = searcher.searcher.search(vectors, k, threads=threads, query_terms=query_terms)
            for qid, hits in zip(islice(qids, len(texts)), map(Hits.of, every), strict=True):
                lines.writelines(run_lines(qid, hits))
                missing.update(hits.missing_shards)
            progress(len(texts))
    return dict(missing)
