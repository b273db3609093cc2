"""Searching: engines, indexing, query encoders by name, topics to runs, teacher scores, explanations."""

from __future__ import annotations

from disco_pyserini.search.engine import ENGINES, Engine, IndexSummary, Searcher
from disco_pyserini.search.explanation import Explanation, TermScore
from disco_pyserini.search.hits import Hit
from disco_pyserini.search.indexing import build_index
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.search.shard_building import build_shards
from disco_pyserini.search.updating import update_index

__all__ = [
    "ENGINES",
    "DiscoSearcher",
    "Engine",
    "Explanation",
    "Hit",
    "IndexSummary",
    "Searcher",
    "TermScore",
    "build_index",
    "build_shards",
    "update_index",
]
