"""The record beside stored vectors, and beside the index built from them, that says what made them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.files import write_aside
from disco_pyserini.impacts import Quantiser

MANIFEST = "manifest.json"
FORMAT = "disco-vectors"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """What two sets of vectors must share before their products mean anything.

    Attributes:
        encoder: the name that `disco encode --encoder` was given: a card's name, a path or a hub id. The query encoder
            that belongs to the vectors is found by it.
        document_model: the document encoder's hub id, or the name of its folder.
        revision: SHA-256 of the document encoder's weights.
        vocabulary: SHA-256 of its token list, see `vocabulary_hash`.
        max_length: the number of tokens after which passages were cut.
        quantiser: how weights became impacts.
        backend: what ran the document encoder; others than torch give slightly other weights.
    """

    encoder: str
    document_model: str
    revision: str
    vocabulary: str
    max_length: int
    quantiser: Quantiser
    backend: str = "torch"

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


@dataclass(frozen=True, slots=True)
class Part:
    """One file of vectors.

    Attributes:
        file: its name.
        passages: how many vectors it has.
        postings: how many (term, impact) pairs these have together.
        sha256: checksum of the file.
        passages_digest: digest of the ids and texts that the vectors were made from.
    """

    file: str
    passages: int
    postings: int
    sha256: str
    passages_digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a folder of vector parts, and what made it. It has neither dates nor paths: equal work, equal bytes.

    Attributes:
        space: what the vectors mean.
        part_size: the most passages in one part.
        store_raw: whether the passages' texts are stored beside their vectors.
        parts: the parts that are whole.
        complete: whether these are all that there will be.
    """

    space: VectorSpace
    part_size: int
    store_raw: bool
    parts: tuple[Part, ...] = ()
    complete: bool = False

    @property
    def passages(self) -> int:
        """How many vectors the parts have together."""
        return sum(part.passages for part in self.parts)

    def settings(self) -> dict[str, Any]:
        """Everything that a run must share with this one to continue it, by name."""
        space = self.space.to_json()
        quantiser = space.pop("quantiser")
        return {**space, **quantiser, "part_size": self.part_size, "store_raw": self.store_raw}

    def write(self, folder: Path) -> None:
        """Replace the manifest in the folder, all at once."""
        record = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "complete": self.complete,
            "space": self.space.to_json(),
            "part_size": self.part_size,
            "store_raw": self.store_raw,
            "passages": self.passages,
            "postings": sum(part.postings for part in self.parts),
            "parts": [asdict(part) for part in self.parts],
        }
        with write_aside(folder / MANIFEST) as file:
            json.dump(record, file, indent=1, ensure_ascii=False)
            file.write("\n")

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """Read the manifest in the folder; None if it has none.

        Raises:
            InputError: the file is not a manifest of vector parts, or a later version wrote it.
        """
        path = folder / MANIFEST
        if not path.exists():
            return None
        try:
            record = json.loads(path.read_bytes())
            if record["format"] != FORMAT:
                raise ValueError(f"its format is {record['format']!r}, not {FORMAT!r}")
            if record["version"] != FORMAT_VERSION:
                raise ValueError(f"its version is {record['version']!r}, this program knows version {FORMAT_VERSION}")
            return cls(
                space=VectorSpace.from_json(record["space"], str(path)),
                part_size=record["part_size"],
                store_raw=record["store_raw"],
                parts=tuple(Part(**part) for part in record["parts"]),
                complete=record["complete"],
            )
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise InputError(
                f"{path}: not a manifest of vector parts that this version can read: {problem}"
            ) from problem
