"""Entities and the clusters that they form.

A cluster is two people, the two places they were born in, a work by each and one organisation. Entities refer only to
entities of their own cluster, and a cluster is a function of the seed and its number: any part of a world can be
generated without the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from disco_pyserini.demo_world import values
from disco_pyserini.demo_world.characters import Cast, draw_cast
from disco_pyserini.demo_world.names import Namer

PASSAGES_PER_CLUSTER = 56


@dataclass(frozen=True, slots=True)
class Entity:
    """A person, place, work or organisation that passages and questions are about.

    Attributes:
        id: such as ``person-000123``; passage ids append the facet.
        kind: the key of the entity's facets.
        name: the full name, as written within a sentence.
        noun: a noun for it that tells it from others of its kind in the cluster, such as "novelist".
        short: what it is called once it is known: a surname or the name itself.
        pronouns: subject, possessive and object.
        values: what templates are filled with.
        related: ids of related entities by the name of the relation.
    """

    id: str
    kind: str
    name: str
    noun: str
    short: str
    pronouns: tuple[str, str, str]
    values: Mapping[str, str]
    related: Mapping[str, str]


def make_cluster(seed: int, number: int, namer: Namer) -> tuple[Entity, ...]:
    """Make the entities of a cluster: persons, places, works, organisation."""
    rng = Random(f"{seed}:{number}:entities")
    cast = draw_cast(rng, number, namer)
    return (
        *(_person(rng, cast, which, namer) for which in (0, 1)),
        *(_place(rng, cast, which, namer) for which in (0, 1)),
        *(_work(rng, cast, which, namer) for which in (0, 1)),
        _organisation(rng, cast, namer),
    )


def _person(rng: Random, cast: Cast, which: int, namer: Namer) -> Entity:
    person = cast.people[which]
    return Entity(
        id=_person_id(cast, which),
        kind="person",
        name=person.name,
        noun=person.art.job,
        short=person.last,
        pronouns=person.pronouns,
        values=values.person_values(rng, cast, which, namer),
        related={},
    )


def _place(rng: Random, cast: Cast, which: int, namer: Namer) -> Entity:
    return _thing(
        id=f"place-{2 * cast.number + which:06d}",
        kind="place",
        name=cast.towns[which],
        noun=cast.town_kinds[which],
        values=values.place_values(rng, cast, which, namer),
    )


def _work(rng: Random, cast: Cast, which: int, namer: Namer) -> Entity:
    return _thing(
        id=f"work-{2 * cast.number + which:06d}",
        kind="work",
        name=cast.people[which].work,
        noun=cast.people[which].art.work,
        values=values.work_values(rng, cast, which, namer),
        related={"maker": _person_id(cast, which)},
    )


def _organisation(rng: Random, cast: Cast, namer: Namer) -> Entity:
    return _thing(
        id=f"organisation-{cast.number:06d}",
        kind="organisation",
        name=cast.house,
        noun=cast.kind.noun,
        values=values.organisation_values(rng, cast, namer),
    )


def _person_id(cast: Cast, which: int) -> str:
    return f"person-{2 * cast.number + which:06d}"


def _thing(
    id: str, kind: str, name: str, noun: str, values: Mapping[str, str], related: Mapping[str, str] | None = None
) -> Entity:
    return Entity(id, kind, name, noun, name, ("it", "its", "it"), values, related or {})
