"""Rewrite conversational questions into stand-alone ones with a language model."""

from __future__ import annotations

from disco_pyserini.rewriting.prompts import Prompt, default_prompt, read_prompt
from disco_pyserini.rewriting.rewrite_turns import Answer, Rewriter, Summary, clean, rewrite_turns
from disco_pyserini.rewriting.server import ChatServer

__all__ = [
    "Answer",
    "ChatServer",
    "Prompt",
    "Rewriter",
    "Summary",
    "clean",
    "default_prompt",
    "read_prompt",
    "rewrite_turns",
]
