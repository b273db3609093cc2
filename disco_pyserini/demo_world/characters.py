"""The people, places, works and organisation of a cluster, before the details."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from disco_pyserini.demo_world.names import Namer, first_name, river_name
from disco_pyserini.demo_world.words import Art, OrganisationKind, load_words


@dataclass(frozen=True, slots=True)
class Person:
    """A person's bare data; ``she`` is whether the pronoun is "she"."""

    she: bool
    first: str
    last: str
    art: Art
    born: int
    work: str
    work_year: int

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.first} {self.last}"

    @property
    def pronouns(self) -> tuple[str, str, str]:
        """Subject, possessive and object."""
        return ("she", "her", "her") if self.she else ("he", "his", "him")


@dataclass(frozen=True, slots=True)
class Cast:
    """The entities of a cluster by name.

    Attributes:
        number: the cluster's number.
        people: the first one founded the organisation.
        towns: where each of the two people was born.
        town_kinds: such as "port town".
        distance: between the two towns, in kilometres.
        directions: from the first town to the second, and back.
        trains: between them, each day.
        rivers: the river that each town lies on.
        house: the organisation's name.
        kind: the kind of organisation.
        founded: the year in which the organisation was founded.
        seat: in which of the two towns it has its seat, 0 or 1.
    """

    number: int
    people: tuple[Person, Person]
    towns: tuple[str, str]
    town_kinds: tuple[str, str]
    distance: int
    directions: tuple[str, str]
    trains: int
    rivers: tuple[str, str]
    house: str
    kind: OrganisationKind
    founded: int
    seat: int


def draw_cast(rng: Random, number: int, namer: Namer) -> Cast:
    """Draw the names, kinds and years of the cluster with this number."""
    words = load_words()
    arts = rng.sample(words.arts, 2)
    start = rng.randint(1890, 1912) if any(art.work == "film" for art in arts) else rng.randint(1775, 1912)
    born = (start, start + rng.randint(-5, 8))
    people = []
    for which in (0, 1):
        she = rng.random() < 0.5
        people.append(
            Person(
                she=she,
                first=first_name(rng, she),
                last=namer.surname(2 * number + which),
                art=arts[which],
                born=born[which],
                work=namer.title(2 * number + which),
                # Later than the foundation of the organisation, which paid for the work.
                work_year=max(born) + rng.randint(38, 48),
            )
        )
    kind = rng.choice(words.organisations)
    first_town, second_town = rng.sample(words.kinds["place"].words["town_kinds"], 2)
    return Cast(
        number=number,
        people=(people[0], people[1]),
        towns=(namer.place(2 * number), namer.place(2 * number + 1)),
        town_kinds=(first_town, second_town),
        distance=rng.randint(6, 60),
        directions=rng.choice(words.directions),
        trains=rng.randint(2, 30),
        rivers=(river_name(rng), river_name(rng)),
        house=rng.choice(kind.names).format(namer.house(number)),
        kind=kind,
        founded=start + rng.randint(28, 36),
        seat=rng.randrange(2),
    )
