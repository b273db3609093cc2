"""Encoder cards: a short name, and the query and document encoders that it stands for."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.impacts import Quantiser

DEFAULT_ENCODER = "splade-disco-human-mistral"
"""What ``--encoder disco`` means for an index that does not say which encoder it belongs to."""


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A checkpoint: a hub id, or a path (relative paths start at the folder of the cards), and how it is used."""

    model: str
    max_length: int
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One file ``encoders/NAME.yaml``. ``scores`` holds published numbers by collection, with their source."""

    name: str
    description: str
    query: ModelReference
    document: ModelReference
    quantiser: Quantiser
    licence: str
    training_data: str
    scores: tuple[Mapping[str, Any], ...] = ()


def cards_folder() -> Path:
    """Return the installed ``encoders/`` folder."""
    return Path(str(importlib.resources.files("disco_pyserini.encoders")))


@cache
def cards() -> dict[str, Card]:
    """Read every card, by name."""
    return {card.name: card for card in map(read_card, sorted(cards_folder().glob("*.yaml")))}


def read_card(path: Path) -> Card:
    """Read one card and check it.

    Raises:
        InputError: a field is missing, unknown or of the wrong type; the message names the file.
    """
    import yaml

    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Card(
            **{
                **record,
                "query": _reference(record["query"], path.parent),
                "document": _reference(record["document"], path.parent),
                "quantiser": Quantiser(**record["quantiser"]),
                "scores": tuple(record.get("scores", ())),
            }
        )
    except (KeyError, TypeError, yaml.YAMLError) as problem:
        raise InputError(
            f"{path}: not a valid encoder card: {problem}: see docs/encoders.md for the fields"
        ) from problem


def _reference(record: dict[str, Any], folder: Path) -> ModelReference:
    reference = ModelReference(**record)
    if reference.model.startswith("./"):
        return ModelReference(str(folder / reference.model[2:]), reference.max_length, reference.revision)
    return reference
