"""A query encoder whose queries are vectors already, for benchmarks of everything but encoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Given:
    """Looks vectors up by the name of the query.

    Args:
        vectors: impacts by token, by name.
    """

    def __init__(self, vectors: Mapping[str, dict[str, int]]) -> None:
        self.vectors = vectors

    def encode_batch(self, texts: Sequence[Any]) -> list[dict[str, int]]:
        """Look the vectors up."""
        return [self.vectors[text] for text in texts]


class OneByOne:
    """As `Given`, for Pyserini's searcher: without batches, it searches as without this package.

    Args:
        vectors: impacts by token, by name.
    """

    def __init__(self, vectors: Mapping[str, dict[str, int]]) -> None:
        self.vectors = vectors

    def encode(self, text: str) -> dict[str, int]:
        """Look one vector up."""
        return self.vectors[text]
