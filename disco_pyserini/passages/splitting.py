"""Splitting long documents into passages that overlap, at the ends of sections, paragraphs or sentences."""

from __future__ import annotations

from functools import cached_property
from typing import Any

SPLITTING = 1
"""Increase this when the same document would be split in another way."""

_WORDS = 180
_OVERLAP_SHARE = 8
_TITLE_TOKENS = 32


class Splitter:
    """Splits documents into passages that an encoder reads whole.

    Neighbouring passages overlap by up to an eighth of a passage, in whole sentences, lines or paragraphs.

    Args:
        tokenizer: the encoder's tokenizer, as the JSON text of the library `tokenizers`. Without it, passages have up
            to 180 words.
        tokens: the longest passage, in tokens of this tokenizer.
    """

    def __init__(self, tokenizer: str | None = None, tokens: int = 0) -> None:
        self._tokenizer_text = tokenizer
        self._size = tokens if tokenizer else _WORDS
        self._splitters: dict[tuple[bool, bool], Any] = {}

    @property
    def size(self) -> int:
        """The longest passage: in tokens, or in words if there is no tokenizer."""
        return self._size

    def split(self, text: str, *, markdown: bool = False, title: str = "") -> list[str]:
        """Return the passages of a document, in order; none for a document without text.

        Args:
            text: the document.
            markdown: split at headings and blocks of Markdown.
            title: written at the beginning of every passage, so that each says what it is about.
        """
        titled = bool(title)
        splitter = self._splitters.get((markdown, titled))
        if splitter is None:
            splitter = self._splitters[markdown, titled] = self._make(markdown, titled)
        pieces = (piece.strip() for piece in splitter.chunks(text))
        return [f"{title}\n{piece}" if title else piece for piece in pieces if piece]

    def _make(self, markdown: bool, titled: bool) -> Any:
        from semantic_text_splitter import MarkdownSplitter, TextSplitter

        kind = MarkdownSplitter if markdown else TextSplitter
        size = max(self._size - (_TITLE_TOKENS if titled else 0), self._size // 2, 1)
        overlap = size // _OVERLAP_SHARE
        if self._tokenizer is None:
            return kind.from_callback(lambda part: len(part.split()), size, overlap)
        return kind.from_huggingface_tokenizer(self._tokenizer, size, overlap)

    @cached_property
    def _tokenizer(self) -> Any:
        if self._tokenizer_text is None:
            return None
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(self._tokenizer_text)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
