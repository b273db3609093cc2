"""Text to token ids with only the library `tokenizers`: transformers takes seconds to import."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from disco_pyserini.errors import InputError


class Tokens:
    """A checkpoint's tokenizer.

    Args:
        tokenizer: a `tokenizers.Tokenizer`.
        separator: the tokenizer's token between two texts, if it has one.
        special_tokens: tokens that are special wherever they occur in a text.
    """

    def __init__(self, tokenizer: Any, separator: str | None, special_tokens: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._direction = (tokenizer.truncation or {}).get("direction", "right")
        self.separator = separator
        self.special_tokens = tuple(special_tokens)

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens in the order of their ids."""
        size = self._tokenizer.get_vocab_size(with_added_tokens=True)
        return [self._tokenizer.id_to_token(number) for number in range(size)]

    @cached_property
    def affixes(self) -> tuple[int, int]:
        """How many special tokens the tokenizer adds before a text, and how many after it."""
        mask = self._tokenizer.encode("a").special_tokens_mask
        return mask.index(0), mask[::-1].index(0)

    def add_no_special_tokens(self) -> None:
        """From now on, return the ids of the text alone."""
        from tokenizers.processors import TemplateProcessing

        self._tokenizer.post_processor = TemplateProcessing(single="$A")

    def ids(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Return the token ids of each text, cut to ``max_length``."""
        self._tokenizer.enable_truncation(max_length, direction=self._direction)
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def ids_and_spans(self, text: str, max_length: int) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the token ids of a text, cut to ``max_length``, and where in the text each token is.

        A span is (start, end) in characters; a special token that the tokenizer adds has an empty one.
        """
        self._tokenizer.enable_truncation(max_length, direction=self._direction)
        encoding = self._tokenizer.encode(text)
        return encoding.ids, encoding.offsets

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `from_json` reads."""
        return {
            "tokenizer": self._tokenizer.to_str(),
            "separator": self.separator,
            "special_tokens": self.special_tokens,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Tokens:
        """Read what `to_json` wrote."""
        from tokenizers import Tokenizer

        return cls(Tokenizer.from_str(record["tokenizer"]), record["separator"], record["special_tokens"])

    @classmethod
    def load(cls, name: str) -> Tokens:
        """Read the tokenizer of a folder or hub id, in any layout that transformers supports.

        Raises:
            InputError: there is no tokenizer, or the library `tokenizers` cannot run it.
        """
        from transformers import AutoTokenizer

        try:
            found = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        except Exception as problem:  # neither transformers nor tokenizers checks what it reads
            reason = next(iter(str(problem).strip().splitlines()), type(problem).__name__)
            raise InputError(f"{name}: no tokenizer could be read there: {reason}") from problem
        if not found.is_fast:
            raise InputError(f"{name}: expected a tokenizer that the library tokenizers can run, found {type(found)}")
        tokenizer = found.backend_tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(256, direction=found.truncation_side)
        return cls(tokenizer, found.sep_token, found.all_special_tokens)


def check_size(folder: Path, tokens: Tokens, size: int, tokenizer_name: str | None) -> None:
    """Raise an error unless the tokenizer fits a head with ``size`` outputs.

    A checkpoint's own tokenizer may be smaller: heads are often padded to a size that is fast. The outputs beyond the
    tokenizer stand for no token. A tokenizer from elsewhere must have exactly the size of the head.
    """
    found = len(tokens.vocabulary)
    if found > size or (found < size and tokenizer_name is not None):
        raise InputError(
            f"{folder}: the tokenizer has {found} tokens, but the model's head {size}: "
            "they are not of one checkpoint; name the right tokenizer with tokenizer_name"
        )
