"""The cost of a BM25 search: the terms of each query, and how many passages contain each term."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.bm25 import Bm25Searcher


def bm25_terms(index: Path, texts: Mapping[str, str]) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64], int]:
    """Number the stems of queries, and count the passages that contain each.

    Args:
        index: a text index, as `build_bm25_index` or Pyserini writes it.
        texts: queries, by id.

    Returns:
        the ids of each query's distinct stems, the document frequency of each stem, and the number of passages.

    Raises:
        InputError: the folder is not an index.
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
