"""Rewrite conversational questions into stand-alone ones with a language model."""

from __future__ import annotations

from disco_pyserini.rewriting.prompts import Prompt, default_prompt, read_prompt
from disco_pyserini.rewriting.rewrite_turns import Answer, Rewriter, Summary, rewrite_turns

__all__ = [
    "Answer",
    "Prompt",
    "Rewriter",
    "Summary",
    "default_prompt",
    "read_prompt",
    "rewrite_turns",
]
