"""Searching: engines, indexing, query encoders by name, topics to runs, teacher scores, explanations."""

from __future__ import annotations

from disco_pyserini.search.engine import ENGINES, Engine, Hit, IndexSummary, Searcher
from disco_pyserini.search.explanation import Explanation, TermScore
from disco_pyserini.search.indexing import build_index
from disco_pyserini.search.searcher import DiscoSearcher

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
]
