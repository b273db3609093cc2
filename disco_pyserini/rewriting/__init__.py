"""Stand-alone rewrites of conversational questions by a language model."""

from __future__ import annotations

from disco_pyserini.rewriting.prompts import Prompt, default_prompt, read_prompt
from disco_pyserini.rewriting.rewrite import Answer, Rewriter, Summary, rewrite_turns
from disco_pyserini.rewriting.store import attach, read_rewrites

__all__ = [
    "Answer",
    "Prompt",
    "Rewriter",
    "Summary",
    "attach",
    "default_prompt",
    "read_prompt",
    "read_rewrites",
    "rewrite_turns",
]
