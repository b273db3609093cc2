"""Passages and corpus readers."""

from __future__ import annotations

from disco_pyserini.passages.corpus import (
    Corpus,
    RejectsFile,
    count_passages,
    open_corpus,
    passages_of,
    read_passages,
    source_passages,
)
from disco_pyserini.passages.passage import BadRecordError, OnError, Passage
from disco_pyserini.passages.source import Reading, Source
from disco_pyserini.passages.splitting import Splitter

__all__ = [
    "BadRecordError",
    "Corpus",
    "OnError",
    "Passage",
    "Reading",
    "RejectsFile",
    "Source",
    "Splitter",
    "count_passages",
    "open_corpus",
    "passages_of",
    "read_passages",
    "source_passages",
]
