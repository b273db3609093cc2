"""Metadata stored with vectors, and with the index built from them: how they were made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from disco_pyserini.files import write_aside
from disco_pyserini.impacts import Quantiser
from disco_pyserini.records import FileName, Items, Record, built, only, read_json
from disco_pyserini.storage import AnyPath

MANIFEST = "manifest.json"

type Count = Annotated[int, Field(ge=0)]


class VectorSpace(Record):
    """What two sets of vectors must share for their dot products to be meaningful.

    Attributes:
        encoder: the value of `disco encode --encoder`: a card's name, a path or a hub id. It determines the matching
            query encoder.
        document_model: the document encoder's hub id, or the name of its folder.
        revision: SHA-256 over the document encoder's weights, configuration, tokenizer and prompt.
        vocabulary: SHA-256 of its token list, see `vocabulary_hash`.
        max_length: passages were truncated to this many tokens.
        quantiser: turned weights into impacts.
        backend: the document encoder's backend; backends other than torch give slightly different weights.
    """

    encoder: str
    document_model: str
    revision: str
    vocabulary: str
    max_length: Count
    quantiser: Annotated[Quantiser, built(Quantiser)]
    backend: str = "torch"


def vocabulary_hash(tokens: Sequence[str]) -> str:
    """Return the SHA-256 of the tokens in the order of their ids, as JSON."""
    return hashlib.sha256(json.dumps(list(tokens), ensure_ascii=False).encode()).hexdigest()


class Part(Record):
    """One file of vectors.

    Attributes:
        file: the file name.
        passages: the number of vectors.
        postings: the number of (term, impact) pairs in all vectors.
        sha256: checksum of the file.
        passages_digest: digest of the ids and texts that the vectors were made from.
    """

    file: FileName
    passages: Count
    postings: Count
    sha256: str
    passages_digest: str


class Manifest(Record):
    """The contents of a folder of vector parts, and how it was made. Without dates or paths: equal runs, equal bytes.

    Attributes:
        complete: whether all parts are written.
        space: the vector space.
        part_size: the maximum number of passages in a part.
        store_raw: whether the passages' texts are stored beside their vectors.
        passages: the number of vectors in all parts.
        postings: the number of (term, impact) pairs in all parts.
        parts: the complete parts.
    """

    format: Annotated[str, only("disco-vectors")] = "disco-vectors"
    version: Annotated[int, only(1)] = 1
    complete: bool = False
    space: VectorSpace
    part_size: Count
    store_raw: bool
    passages: Count = 0
    postings: Count = 0
    parts: Items[Part] = ()

    @model_validator(mode="after")
    def _check_sums(self) -> Self:
        if (self.passages, self.postings) != (sums := _sums(self.parts)):
            found = f"{self.passages:,} passages and {self.postings:,} postings"
            raise ValueError(f"expected {sums[0]:,} passages and {sums[1]:,} postings, as in all parts, found {found}")
        return self

    def with_parts(self, parts: Sequence[Part], complete: bool) -> Manifest:
        """Return a manifest of the same run with these parts."""
        passages, postings = _sums(parts)
        update = {"parts": tuple(parts), "passages": passages, "postings": postings, "complete": complete}
        return self.model_copy(update=update)

    def settings(self) -> dict[str, Any]:
        """Return the settings, by name, that a run must share with this one to continue it."""
        space = self.space.model_dump()
        quantiser = space.pop("quantiser")
        return {**space, **quantiser, "part_size": self.part_size, "store_raw": self.store_raw}

    def write(self, folder: AnyPath) -> None:
        """Replace the manifest in the folder atomically."""
        with write_aside(folder / MANIFEST) as file:
            json.dump(self.model_dump(), file, indent=1, ensure_ascii=False)
            file.write("\n")

    @classmethod
    def read(cls, folder: AnyPath) -> Manifest | None:
        """Read the manifest in the folder; None if it has none.

        Raises:
            InputError: the file is not a manifest of vector parts, or a later version wrote it.
        """
        path = folder / MANIFEST
        if not path.exists():
            return None
        # Other programs write files of this name, too.
        return cls.check(read_json(path), f"{path}: not a manifest of vector parts that this version can read")


def _sums(parts: Sequence[Part]) -> tuple[int, int]:
    return sum(part.passages for part in parts), sum(part.postings for part in parts)
