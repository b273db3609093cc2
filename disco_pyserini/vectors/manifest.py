"""The record beside stored vectors, and beside the index built from them, that says what made them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.impacts import Quantiser


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """What two sets of vectors must share before their products mean anything.

    Attributes:
        encoder: the name that `disco encode --encoder` was given: a card's name, a path or a hub id. The query encoder
            that belongs to the vectors is found by it.
        document_model: the document encoder's path or hub id.
        revision: SHA-256 of the document encoder's weights.
        vocabulary: SHA-256 of its token list, see `vocabulary_hash`.
        max_length: the number of tokens after which passages were cut.
        quantiser: how weights became impacts.
    """

    encoder: str
    document_model: str
    revision: str
    vocabulary: str
    max_length: int
    quantiser: Quantiser

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any], where: str) -> VectorSpace:
        """Read what `to_json` wrote; ``where`` names the file in the error message."""
        try:
            return cls(**{**record, "quantiser": Quantiser(**record["quantiser"])})
        except (KeyError, TypeError) as problem:
            raise InputError(f"{where}: not a description of vectors that this version wrote: {problem}") from problem


def vocabulary_hash(tokens: Sequence[str]) -> str:
    """SHA-256 of the tokens in the order of their ids, as JSON."""
    return hashlib.sha256(json.dumps(list(tokens), ensure_ascii=False).encode()).hexdigest()
