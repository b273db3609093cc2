"""Entities and the clusters that they come in.

A cluster is two people, the two places they were born in, a work by each and one organisation. Entities refer only to
entities of their own cluster, and a cluster is a function of the seed and its number: any part of a world can be made
without making the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from disco_pyserini.datasets.demo_world import organisations, persons, places, works
from disco_pyserini.datasets.demo_world import vocabulary as words
from disco_pyserini.datasets.demo_world.facets import Facet
from disco_pyserini.datasets.demo_world.names import Namer, first_name, river_name

FACETS: Mapping[str, tuple[Facet, ...]] = {
    "person": persons.FACETS,
    "place": places.FACETS,
    "work": works.FACETS,
    "organisation": organisations.FACETS,
}
ASIDES: Mapping[str, tuple[str, ...]] = {
    "person": persons.ASIDES,
    "place": places.ASIDES,
    "work": works.ASIDES,
    "organisation": organisations.ASIDES,
}
_KINDS = ("person", "person", "place", "place", "work", "work", "organisation")
PASSAGES_PER_CLUSTER = sum(len(FACETS[kind]) for kind in _KINDS)


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody or something that passages and questions are about.

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


@dataclass(frozen=True, slots=True)
class _Person:
    number: int
    she: bool
    first: str
    last: str
    art: words.Art
    born: int
    work: str
    work_year: int

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def pronouns(self) -> tuple[str, str, str]:
        return ("she", "her", "her") if self.she else ("he", "his", "him")


@dataclass(frozen=True, slots=True)
class _Cast:
    """Who and what a cluster consists of, before the details."""

    people: tuple[_Person, _Person]
    towns: tuple[str, str]
    town_kinds: tuple[str, str]
    rivers: tuple[str, str]
    house: str
    trade: words.Trade
    founded: int
    seat: int


def make_cluster(seed: int, number: int, namer: Namer) -> tuple[Entity, ...]:
    """Make the entities of a cluster: persons, places, works, organisation."""
    rng = Random(f"{seed}:{number}:entities")
    cast = _draw_cast(rng, number, namer)
    return (
        *(_person(rng, cast, which, namer) for which in (0, 1)),
        *(_place(rng, cast, which, number, namer) for which in (0, 1)),
        *(_work(rng, cast, which, namer) for which in (0, 1)),
        _organisation(rng, cast, number, namer),
    )


def a(noun: str) -> str:
    """The noun with its indefinite article."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _draw_cast(rng: Random, number: int, namer: Namer) -> _Cast:
    arts = rng.sample(words.ARTS, 2)
    start = rng.randint(1890, 1912) if any(art.work == "film" for art in arts) else rng.randint(1775, 1912)
    born = (start, start + rng.randint(-5, 8))
    people = []
    for which in (0, 1):
        she = rng.random() < 0.5
        # Both works come after the organisation of the cluster, which paid for them.
        work_year = max(born) + rng.randint(38, 48)
        people.append(
            _Person(
                number=2 * number + which,
                she=she,
                first=first_name(rng, she),
                last=namer.surname(2 * number + which),
                art=arts[which],
                born=born[which],
                work=namer.title(2 * number + which),
                work_year=work_year,
            )
        )
    trade = rng.choice(words.ORGANISATIONS)
    first_town, second_town = rng.sample(words.TOWN_KINDS, 2)
    return _Cast(
        people=(people[0], people[1]),
        towns=(namer.place(2 * number), namer.place(2 * number + 1)),
        town_kinds=(first_town, second_town),
        rivers=(river_name(rng), river_name(rng)),
        house=rng.choice(trade.names).format(namer.house(number)),
        trade=trade,
        founded=start + rng.randint(28, 36),
        seat=rng.randrange(2),
    )


def _person(rng: Random, cast: _Cast, which: int, namer: Namer) -> Entity:
    person, friend = cast.people[which], cast.people[1 - which]
    she, her, him = person.pronouns
    debut = person.born + rng.randint(24, 29)
    died = max(person.work_year + 6, person.born + rng.randint(58, 88))
    town = cast.town_kinds[which]
    father, mother, first_job, spouse_job = rng.sample(words.TRADES, 4)
    values = {
        **{"name": person.name, "last": person.last, "first": person.first},
        **{"she": she, "She": she.capitalize(), "her": her, "Her": her.capitalize(), "him": him},
        **{"job": person.art.job, "a_job": a(person.art.job)},
        **{"birth_year": str(person.born), "birthday": _day(rng)},
        **{"town": cast.towns[which], "town_kind": town, "a_town_kind": a(town), "other_town": cast.towns[1 - which]},
        **{"a_father_job": a(father), "a_mother_job": a(mother), "rank": rng.choice(words.RANKS)},
        **{"a_shop": a(rng.choice(words.SHOPS)), "family_size": str(rng.randint(4, 11))},
        **{"study": rng.choice(words.STUDIES), "failed": rng.choice(words.FAILED)},
        **{
            "school": rng.choice(words.SCHOOLS).format(cast.towns[rng.randrange(2)]),
            "teacher": namer.minor_person(rng),
        },
        **{"school_year": str(person.born + rng.randint(19, 22)), "a_first_job": a(first_job)},
        **{"lean_years": rng.choice(("two", "three", "four")), "debut_year": str(debut)},
        **{"join_year": str(cast.founded + rng.randint(2, 6)), "org": cast.house},
        **_role(rng),
        **{"work": person.work, "work_kind": person.art.work, "a_work_kind": a(person.art.work)},
        **{"work_year": str(person.work_year), "made": person.art.made, "done": person.art.done},
        **{"months": str(rng.randint(5, 70)), "spouse": namer.minor_person(rng), "a_spouse_job": a(spouse_job)},
        **{"wed_year": str(person.born + rng.randint(22, 34)), "children": rng.choice(words.CHILDREN)},
        **{"friend": friend.name, "award": _award(rng), "award_year": str(person.work_year + rng.randint(1, 4))},
        **{"jury": str(rng.randint(3, 15)), "purse": str(rng.randint(4, 90) * 50)},
        **{"death_year": str(died), "age": str(died - person.born), "cause": rng.choice(words.CAUSES)},
        **{"grave": rng.choice(words.GRAVES), "mourners": str(rng.randint(3, 900))},
        **{"hobby": rng.choice(words.HOBBIES), "pet": rng.choice(words.PETS), "pet_name": rng.choice(words.PET_NAMES)},
        **{"breakfast": rng.choice(words.BREAKFASTS)},
    }
    return Entity(
        id=f"person-{person.number:06d}",
        kind="person",
        name=person.name,
        noun=person.art.job,
        short=person.last,
        pronouns=person.pronouns,
        values=values,
        related={},
    )


def _place(rng: Random, cast: _Cast, which: int, number: int, namer: Namer) -> Entity:
    name, kind = cast.towns[which], cast.town_kinds[which]
    person = cast.people[rng.randrange(2)]
    founded = rng.randint(1050, 1640)
    industry, old_industry = rng.sample(words.INDUSTRIES, 2)
    dish = f"{rng.choice(words.DISH_HOW)} {rng.choice(words.DISH_WHAT)} with {rng.choice(words.DISH_WITH)}"
    building = rng.choice(words.BUILDINGS)
    values = {
        **{"name": name, "kind": kind, "a_kind": a(kind), "other": cast.towns[1 - which], "org": cast.house},
        **{"person": person.name, "person_job": person.art.job, "work": cast.people[which].work},
        **{"founded": str(founded), "founders": rng.choice(words.FOUNDERS), "reason": rng.choice(words.REASONS)},
        **{"fire": str(founded + rng.randint(40, 110)), "survivors": str(rng.randint(3, 60))},
        **{"bank": rng.choice(words.BANKS), "river": cast.rivers[which], "region": river_name(rng)},
        **{
            "height": str(rng.randint(4, 1900)),
            "distance": str(rng.randint(6, 60)),
            "direction": rng.choice(words.DIRECTIONS),
        },
        **{
            "winter": rng.choice(words.WINTERS),
            "cold": str(rng.randint(-14, 6)),
            "rain": str(rng.randint(28, 180) * 10),
        },
        **{"fog": rng.choice(words.MONTHS), "wind": rng.choice(words.WINDS), "nuisance": rng.choice(words.NUISANCES)},
        **{"industry": industry, "old_industry": old_industry, "workers": str(rng.randint(9, 300) * 10)},
        **{"bust": str(rng.randint(1850, 1990)), "building": building, "a_building": a(building)},
        **{"material": rng.choice(words.MATERIALS), "architect": namer.minor_person(rng)},
        **{"built": str(rng.randint(founded + 150, 1890)), "steps": str(rng.randint(40, 420))},
        **{"census": str(rng.randint(2001, 2021)), "people": f"{rng.randint(900, 98000):,}"},
        **{"share": str(rng.randint(12, 95)), "dialect": f"{rng.choice(words.DIALECTS)} {river_name(rng)}ish"},
        **{"demonym": rng.choice(words.DEMONYMS), "dish": dish, "drink": rng.choice(words.DRINKS)},
        **{"feast": rng.choice(words.FEASTS), "rail": str(rng.randint(1846, 1908)), "trains": str(rng.randint(2, 30))},
        **{"crossing": rng.choice(words.CROSSINGS)},
    }
    return Entity(
        id=f"place-{2 * number + which:06d}",
        kind="place",
        name=name,
        noun=kind,
        short=name,
        pronouns=("it", "its", "it"),
        values=values,
        related={},
    )


def _work(rng: Random, cast: _Cast, which: int, namer: Namer) -> Entity:
    maker, friend, art = cast.people[which], cast.people[1 - which], cast.people[which].art
    released = maker.work_year + rng.randint(0, 2)
    sizes = {"a": rng.randint(12, 60), "b": rng.randint(2, 9), "c": rng.randint(90, 480)}
    verdict, second_verdict = rng.sample(words.VERDICTS, 2)
    values = {
        **{"name": maker.work, "kind": art.work, "a_kind": a(art.work), "made": art.made, "tells": art.tells},
        **{"maker": maker.name, "maker_last": maker.last, "a_job": a(art.job), "friend": friend.name},
        **{"year": str(maker.work_year), "where": rng.choice(words.WHERE), "drafts": str(rng.randint(2, 19))},
        **{"town": cast.towns[cast.seat], "other_town": cast.towns[1 - cast.seat], "org": cast.house},
        **{
            "actor": rng.choice(words.ACTORS),
            "action": rng.choice(words.ACTIONS),
            "setting": rng.choice(words.SETTINGS),
        },
        **{"second": rng.choice(words.SECONDS), "theme": rng.choice(words.THEMES)},
        **{"verdict": verdict, "second_verdict": second_verdict, "critic": namer.minor_person(rng)},
        **{
            "paper": rng.choice(words.PAPERS),
            "weeks": str(rng.randint(3, 30)),
            "count": f"{rng.randint(6, 900) * 100:,}",
        },
        **{"audience": art.audience, "spark": rng.choice(words.SPARKS), "influence": rng.choice(words.INFLUENCES)},
        **{"spark_year": str(maker.work_year - rng.randint(2, 6)), "released": art.released, "release_day": _day(rng)},
        **{
            "release_year": str(released + 1),
            "venue": rng.choice(words.VENUES),
            "cost": f"{rng.randint(3, 99) * 100:,}",
        },
        **{"adapter": namer.minor_person(rng), "new_form": rng.choice(words.NEW_FORMS)},
        **{"adapted": str(released + rng.randint(12, 45)), "changed": rng.choice(words.CHANGES)},
        **{"cities": str(rng.randint(4, 60)), "vault": rng.choice(words.VAULTS), "damage": rng.choice(words.DAMAGES)},
        **{"vault_year": str(rng.randint(1976, 1989)), "restored": str(rng.randint(1990, 2021))},
        **{"insured": f"{rng.randint(2, 90) * 10000:,}", "extent": rng.choice(art.extents).format_map(sizes)},
        **{"technique": rng.choice(art.techniques), "device": rng.choice(words.DEVICES)},
    }
    return Entity(
        id=f"work-{maker.number:06d}",
        kind="work",
        name=maker.work,
        noun=art.work,
        short=maker.work,
        pronouns=("it", "its", "it"),
        values=values,
        related={"maker": f"person-{maker.number:06d}"},
    )


def _organisation(rng: Random, cast: _Cast, number: int, namer: Namer) -> Entity:
    founder, other = cast.people
    seat = cast.towns[cast.seat]
    values = {
        **{"name": cast.house, "person": founder.name, "other_person": other.name, "work": founder.work},
        **{"year": str(cast.founded), "purpose": rng.choice(words.PURPOSES), "first": str(rng.randint(3, 40))},
        **{"town": seat, "other_town": cast.towns[1 - cast.seat], "a_house": rng.choice(words.HOUSES)},
        **{"number": str(rng.randint(1, 180)), "street": rng.choice(words.STREETS)},
        **{"moved": str(cast.founded + rng.randint(3, 50)), "activity": rng.choice(cast.trade.activities)},
        **{"output": str(rng.randint(3, 90)), "speciality": rng.choice(words.SPECIALITIES)},
        **{
            "leader": namer.minor_person(rng),
            "former": namer.minor_person(rng),
            "leader_year": str(rng.randint(1996, 2023)),
        },
        **{"term": str(rng.randint(2, 9)), "members": f"{rng.randint(20, 4000):,}", "test": rng.choice(words.TESTS)},
        **{"badge": rng.choice(words.BADGES), "source": rng.choice(words.SOURCES)},
        **{"budget": f"{rng.randint(4, 900) * 1000:,}", "gift_year": str(cast.founded + rng.randint(10, 70))},
        **{"donor": namer.minor_person(rng), "gift": rng.choice(words.GIFTS)},
        **{"crisis_year": str(cast.founded + rng.randint(12, 60)), "crisis": rng.choice(words.CRISES)},
        **{"closed": str(rng.randint(2, 50)), "rescuer": namer.minor_person(rng)},
        **{"feat_year": str(cast.founded + rng.randint(6, 70)), "feat": rng.choice(words.FEATS)},
        **{"hero": namer.minor_person(rng), "team": str(rng.randint(3, 80))},
    }
    return Entity(
        id=f"organisation-{number:06d}",
        kind="organisation",
        name=cast.house,
        noun=cast.trade.noun,
        short=cast.house,
        pronouns=("it", "its", "it"),
        values=values,
        related={},
    )


def _day(rng: Random) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(words.MONTHS)}"


def _role(rng: Random) -> dict[str, str]:
    role = rng.choice(words.ROLES)
    return {"role": role, "a_role": a(role)}


def _award(rng: Random) -> str:
    thing = f"{rng.choice(words.AWARD_WORDS)} {rng.choice(words.AWARD_THINGS)}"
    return f"the {thing} {rng.choice(words.AWARD_KINDS)}"
