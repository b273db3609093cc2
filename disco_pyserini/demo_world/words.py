"""The words of the demo world, read from the TOML files in ``data/``.

``person.toml``, ``place.toml``, ``work.toml`` and ``organisation.toml`` hold the passage texts for a kind of entity and
the users' questions; ``names.toml`` holds the parts of names, ``conversation.toml`` what users say before a question.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Facet:
    """The subject of a passage, which questions can ask about.

    Placeholders are filled with the values of an entity (values.py). In questions, ``{X}``, ``{Xs}`` and ``{Xo}``
    stand for the entity as subject, possessive and object: its name, a pronoun, or a noun such as "that town".

    Attributes:
        name: the last part of the passage's id.
        openers: sentences that name the subject in the words of the questions; some passages have none.
        sentences: the sentences of the passage in order, each with its alternatives.
        questions: questions that the passage answers with any of the alternatives; each in full, and as an ellipsis
            that makes sense only after another question about the same entity.
        answers: alternative answers.
        hints: words related to the subject, for the expanding rewriter.
        keywords: short names of the subject, for the keyword rewriter.
        also: (relation, facet) of a related entity's passage that contains part of every answer.
    """

    name: str
    openers: tuple[str, ...]
    sentences: tuple[tuple[str, ...], ...]
    questions: tuple[tuple[str, str], ...]
    answers: tuple[str, ...]
    hints: tuple[str, ...]
    keywords: tuple[str, ...]
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """The texts about a kind of entity.

    Attributes:
        asides: sentences that end some of its passages.
        words: lists to draw values from, by name.
        facets: its passages.
    """

    asides: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    facets: tuple[Facet, ...]


@dataclass(frozen=True, slots=True)
class Art:
    """An art: its practitioners, its products and its verbs."""

    job: str
    work: str
    made: str
    done: str
    tells: str
    released: str
    audience: str
    extents: tuple[str, ...]
    techniques: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrganisationKind:
    """A kind of organisation: its noun, patterns for its name, and what it does."""

    noun: str
    names: tuple[str, ...]
    activities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Winter:
    """A kind of winter, with its range of temperatures."""

    name: str
    coldest: int
    warmest: int


@dataclass(frozen=True, slots=True)
class Title:
    """A pattern for titles, and the lists of its words."""

    pattern: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """All words of the demo world.

    Attributes:
        kinds: the kinds of entities: person, place, work, organisation.
        arts: the arts that people practise.
        organisations: the kinds of organisations.
        directions: from the first place of a cluster to the second, and back.
        winters: the climates of places.
        names: the parts of names, by list name.
        titles: patterns for the titles of works.
        leads: phrases before a ``first`` question, a ``later`` one, and when ``returning`` to an earlier entity.
    """

    kinds: Mapping[str, Kind]
    arts: tuple[Art, ...]
    organisations: tuple[OrganisationKind, ...]
    directions: tuple[tuple[str, str], ...]
    winters: tuple[Winter, ...]
    names: Mapping[str, tuple[str, ...]]
    titles: tuple[Title, ...]
    leads: Mapping[str, tuple[str, ...]]


@cache
def load_words() -> Words:
    """Read the data files, once."""
    person, place, work, organisation = map(_read, ("person", "place", "work", "organisation"))
    names = _read("names")
    return Words(
        arts=_records(Art, work.pop("arts")),
        organisations=_records(OrganisationKind, organisation.pop("kinds")),
        directions=place.pop("directions"),
        winters=_records(Winter, place.pop("winters")),
        titles=_records(Title, names.pop("titles")),
        names=names,
        leads=_read("conversation"),
        kinds={
            name: Kind(facets=_records(Facet, table.pop("facets")), **table)
            for name, table in (("person", person), ("place", place), ("work", work), ("organisation", organisation))
        },
    )


def _read(name: str) -> dict[str, Any]:
    with (_DATA / f"{name}.toml").open("rb") as file:
        return {key: _freeze(value) for key, value in tomllib.load(file).items()}


def _records[Record](record: type[Record], tables: tuple[dict[str, Any], ...]) -> tuple[Record, ...]:
    return tuple(record(**table) for table in tables)


def _freeze(value: Any) -> Any:
    """Turn lists into tuples, including nested ones."""
    if isinstance(value, list):
        return tuple(map(_freeze, value))
    return {key: _freeze(each) for key, each in value.items()} if isinstance(value, dict) else value
