"""Searching: engines, query encoders by name, topics to runs, teacher scores, explanations."""

from __future__ import annotations

from disco_pyserini.search.engine import ENGINES, Engine, Hit, Searcher
from disco_pyserini.search.explanation import Explanation, TermScore
from disco_pyserini.search.searcher import DiscoSearcher

__all__ = ["ENGINES", "DiscoSearcher", "Engine", "Explanation", "Hit", "Searcher", "TermScore"]
