"""Which terms BM25 searches with, and how many passages have each: what a search in a text index costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.bm25 import Bm25Searcher


def bm25_terms(index: Path, texts: Mapping[str, str]) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64], int]:
    """Number the stems of queries.

    Args:
        index: a text index, as `build_bm25_index` or Pyserini writes it.
        texts: queries, by id.

    Returns:
        the numbers of each query's distinct stems, the number of passages that have each stem, and of all passages.

    Raises:
        InputError: the folder is no index.
    """
    numbers: dict[str, int] = {}
    terms = {}
    with Bm25Searcher(index) as searcher:
        for qid, text in texts.items():
            stems = sorted(searcher.query_terms(text))
            terms[qid] = np.array([numbers.setdefault(stem, len(numbers)) for stem in stems], dtype=np.int64)
    jnius = jvm.start()
    folder = jnius.autoclass("org.apache.lucene.store.FSDirectory").open(
        jnius.autoclass("java.io.File")(str(index)).toPath()
    )
    reader = jnius.autoclass("org.apache.lucene.index.DirectoryReader").open(folder)
    term = jnius.autoclass("org.apache.lucene.index.Term")
    try:
        passages = np.array([reader.docFreq(term("contents", stem)) for stem in numbers], dtype=np.int64)
        return terms, passages, reader.numDocs()
    finally:
        reader.close()
