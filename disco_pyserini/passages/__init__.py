"""Passages and corpus readers."""

from __future__ import annotations

from disco_pyserini.passages.corpus import BadRecordError, Passage, RejectsFile, count_passages, read_passages

__all__ = ["BadRecordError", "Passage", "RejectsFile", "count_passages", "read_passages"]
