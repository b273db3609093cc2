"""Encoder cards: a short name, and the query and document encoders that it stands for."""

from __future__ import annotations

import importlib.resources
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field

from disco_pyserini.impacts import Quantiser
from disco_pyserini.records import FileName, Items, Record, Text, built, read_yaml

DEFAULT_ENCODER = "english"
"""What encodes passages if no encoder is named. It ships with the package."""

PUBLISHED_ENCODER = "splade-disco-human-mistral"
"""What ``--encoder disco`` means for an index of another tool: most of these have this encoder's document encoder."""


class ModelReference(Record):
    """A checkpoint: a hub id, or a path (relative paths start at the folder of the cards), and how it is used.

    ``max_length`` has room for the two special tokens around a text and one token of it; by default it is the
    checkpoint's own. ``sha256`` is what `disco_pyserini.encoding.locate.checksum` must find when the encoder is opened.
    """

    model: Text
    max_length: Annotated[int, Field(ge=3)] | None = None
    revision: Text | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class PublishedScores(Record):
    """What somebody measured on a collection, and where they say so. Every other field is a measure."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float]

    collection: Text
    source: Text

    @property
    def measures(self) -> dict[str, float]:
        """The scores by measure."""
        return self.__pydantic_extra__


class Card(Record):
    """One file ``encoders/NAME.yaml``."""

    name: FileName
    description: Text
    query: ModelReference
    document: ModelReference
    quantiser: Annotated[Quantiser, built(Quantiser)]
    licence: Text
    training_data: Text
    scores: Items[PublishedScores] = ()


def cards_folder() -> Path:
    """Return the installed ``encoders/`` folder."""
    return Path(str(importlib.resources.files("disco_pyserini.encoders")))


@cache
def cards() -> dict[str, Card]:
    """Read every card, by name."""
    return {
        card.name: card for card in map(read_card, sorted(cards_folder().glob("*.yaml"), key=lambda path: path.stem))
    }


def read_card(path: Path) -> Card:
    """Read one card and check it.

    Raises:
        InputError: it cannot be read, or a field is missing, unknown or wrong; the message names the file.
    """
    card = Card.check(read_yaml(path), str(path))
    return card.model_copy(update={"query": _beside(path, card.query), "document": _beside(path, card.document)})


def _beside(path: Path, reference: ModelReference) -> ModelReference:
    """Resolve a path that is relative to the card's folder."""
    if not reference.model.startswith("./"):
        return reference
    return reference.model_copy(update={"model": str(path.parent / reference.model[2:])})
