"""The values that templates are filled with: years that agree, jobs, places, numbers and other names."""

from __future__ import annotations

from random import Random

from disco_pyserini.demo_world.characters import Cast
from disco_pyserini.demo_world.names import Namer, river_name
from disco_pyserini.demo_world.words import load_words


def person_values(rng: Random, cast: Cast, which: int, namer: Namer) -> dict[str, str]:
    """What passages say about a person of the cluster."""
    words = load_words().kinds["person"].words
    person, friend = cast.people[which], cast.people[1 - which]
    she, her, him = person.pronouns
    debut = person.born + rng.randint(24, 29)
    died = max(person.work_year + 6, person.born + rng.randint(58, 88))
    town = cast.town_kinds[which]
    father, mother, first_job, spouse_job = rng.sample(words["trades"], 4)
    return {
        "name": person.name,
        "last": person.last,
        "she": she,
        "She": she.capitalize(),
        "her": her,
        "Her": her.capitalize(),
        "him": him,
        "job": person.art.job,
        "a_job": with_article(person.art.job),
        "birth_year": str(person.born),
        "birthday": _day(rng),
        "town": cast.towns[which],
        "town_kind": town,
        "a_town_kind": with_article(town),
        "other_town": cast.towns[1 - which],
        "a_father_job": with_article(father),
        "a_mother_job": with_article(mother),
        "a_shop": with_article(rng.choice(words["shops"])),
        "family_size": str(rng.randint(4, 11)),
        "study": rng.choice(words["studies"]),
        "failed": rng.choice(words["failed"]),
        "school": rng.choice(words["schools"]).format(cast.towns[rng.randrange(2)]),
        "teacher": namer.minor_person(rng),
        "school_year": str(person.born + rng.randint(19, 22)),
        "a_first_job": with_article(first_job),
        "lean_years": rng.choice(words["lean_years"]),
        "debut_year": str(debut),
        "join_year": str(max(debut, cast.founded) + rng.randint(2, 6)),
        "org": cast.house,
        "role": (role := rng.choice(words["roles"])),
        "a_role": with_article(role),
        "work": person.work,
        "work_kind": person.art.work,
        "a_work_kind": with_article(person.art.work),
        "work_year": str(person.work_year),
        "made": person.art.made,
        "done": person.art.done,
        "months": str(rng.randint(5, 70)),
        "spouse": namer.minor_person(rng),
        "a_spouse_job": with_article(spouse_job),
        "wed_year": str(person.born + rng.randint(22, 34)),
        "children": rng.choice(words["children"]),
        "friend": friend.name,
        "award": "the " + " ".join(rng.choice(words[part]) for part in ("award_words", "award_things", "award_kinds")),
        "award_year": str(person.work_year + rng.randint(1, 4)),
        "jury": str(rng.randint(3, 15)),
        "purse": f"{rng.randint(4, 90) * 50:,}",
        "death_year": str(died),
        "age": str(died - person.born),
        "cause": rng.choice(words["causes"]),
        "grave": rng.choice(words["graves"]),
        "mourners": str(rng.randint(3, 900)),
        "hobby": rng.choice(words["hobbies"]),
        "pet": rng.choice(words["pets"]),
        "pet_name": rng.choice(words["pet_names"]),
        "breakfast": rng.choice(words["breakfasts"]),
    }


def place_values(rng: Random, cast: Cast, which: int, namer: Namer) -> dict[str, str]:
    """What passages say about a place of the cluster."""
    words = load_words().kinds["place"].words
    name, kind = cast.towns[which], cast.town_kinds[which]
    person = cast.people[rng.randrange(2)]
    founded = rng.randint(1050, 1640)
    industry, old_industry = rng.sample(words["industries"], 2)
    dish = f"{rng.choice(words['dish_how'])} {rng.choice(words['dish_what'])} with {rng.choice(words['dish_with'])}"
    building = rng.choice(words["buildings"])
    winter = rng.choice(load_words().winters)
    return {
        "name": name,
        "a_kind": with_article(kind),
        "other": cast.towns[1 - which],
        "org": cast.house,
        "person": person.name,
        "person_job": person.art.job,
        "work": cast.people[which].work,
        "founded": str(founded),
        "founders": rng.choice(words["founders"]),
        "reason": rng.choice(words["reasons"]),
        "fire": str(founded + rng.randint(40, 110)),
        "survivors": str(rng.randint(3, 60)),
        "bank": rng.choice(words["banks"]),
        "river": cast.rivers[which],
        "region": river_name(rng),
        "height": f"{rng.randint(4, 1900):,}",
        "distance": str(cast.distance),
        "direction": cast.directions[which],
        "winter": winter.name,
        "cold": str(rng.randint(winter.coldest, winter.warmest)),
        "rain": f"{rng.randint(28, 180) * 10:,}",
        "fog": rng.choice(load_words().names["months"]),
        "wind": rng.choice(words["winds"]),
        "nuisance": rng.choice(words["nuisances"]),
        "industry": industry,
        "old_industry": old_industry,
        "workers": f"{rng.randint(9, 300) * 10:,}",
        "bust": str(rng.randint(1850, 1990)),
        "building": building,
        "a_building": with_article(building),
        "material": rng.choice(words["materials"]),
        "architect": namer.minor_person(rng),
        "built": str(rng.randint(founded + 150, 1890)),
        "steps": str(rng.randint(40, 420)),
        "census": str(rng.randint(2001, 2021)),
        "people": f"{rng.randint(900, 98000):,}",
        "share": str(rng.randint(12, 95)),
        "dialect": f"{rng.choice(words['dialects'])} {river_name(rng)}ish",
        "demonym": rng.choice(words["demonyms"]),
        "dish": dish,
        "drink": rng.choice(words["drinks"]),
        "feast": rng.choice(words["feasts"]),
        "rail": str(rng.randint(1846, 1908)),
        "trains": str(cast.trains),
        "crossing": rng.choice(words["crossings"]),
    }


def work_values(rng: Random, cast: Cast, which: int, namer: Namer) -> dict[str, str]:
    """What passages say about a work of the cluster."""
    words = load_words().kinds["work"].words
    maker, friend, art = cast.people[which], cast.people[1 - which], cast.people[which].art
    released = maker.work_year + rng.randint(0, 2)
    sizes = {"a": rng.randint(12, 60), "b": rng.randint(2, 9), "c": rng.randint(90, 480)}
    verdict, second_verdict = rng.sample(words["verdicts"], 2)
    return {
        "name": maker.work,
        "kind": art.work,
        "a_kind": with_article(art.work),
        "made": art.made,
        "tells": art.tells,
        "maker": maker.name,
        "maker_last": maker.last,
        "a_job": with_article(art.job),
        "friend": friend.name,
        "year": str(maker.work_year),
        "where": rng.choice(words["where"]),
        "drafts": str(rng.randint(2, 19)),
        "town": cast.towns[cast.seat],
        "other_town": cast.towns[1 - cast.seat],
        "org": cast.house,
        "actor": rng.choice(words["actors"]),
        "action": rng.choice(words["actions"]),
        "setting": rng.choice(words["settings"]),
        "second": rng.choice(words["seconds"]),
        "theme": rng.choice(words["themes"]),
        "verdict": verdict,
        "second_verdict": second_verdict,
        "critic": namer.minor_person(rng),
        "paper": rng.choice(words["papers"]),
        "weeks": str(rng.randint(3, 30)),
        "count": f"{rng.randint(6, 900) * 100:,}",
        "audience": art.audience,
        "spark": rng.choice(words["sparks"]),
        "influence": rng.choice(words["influences"]),
        "spark_year": str(maker.work_year - rng.randint(2, 6)),
        "released": art.released,
        "release_day": _day(rng),
        "release_year": str(released + 1),
        "venue": rng.choice(words["venues"]),
        "cost": f"{rng.randint(3, 99) * 100:,}",
        "adapter": namer.minor_person(rng),
        "new_form": rng.choice(words["new_forms"]),
        "adapted": str(released + rng.randint(12, 45)),
        "changed": rng.choice(words["changes"]),
        "cities": str(rng.randint(4, 60)),
        "vault": rng.choice(words["vaults"]),
        "damage": rng.choice(words["damages"]),
        "vault_year": str(rng.randint(1976, 1989)),
        "restored": str(rng.randint(1990, 2021)),
        "insured": f"{rng.randint(2, 90) * 10000:,}",
        "extent": rng.choice(art.extents).format_map(sizes),
        "technique": rng.choice(art.techniques),
        "device": rng.choice(words["devices"]),
    }


def organisation_values(rng: Random, cast: Cast, namer: Namer) -> dict[str, str]:
    """What passages say about the organisation of the cluster."""
    words = load_words().kinds["organisation"].words
    founder, other = cast.people
    seat = cast.towns[cast.seat]
    return {
        "name": cast.house,
        "person": founder.name,
        "other_person": other.name,
        "work": founder.work,
        "year": str(cast.founded),
        "purpose": rng.choice(words["purposes"]),
        "first": str(rng.randint(3, 40)),
        "town": seat,
        "other_town": cast.towns[1 - cast.seat],
        "a_house": rng.choice(words["houses"]),
        "number": str(rng.randint(1, 180)),
        "street": rng.choice(words["streets"]),
        "moved": str(cast.founded + rng.randint(3, 50)),
        "activity": rng.choice(cast.kind.activities),
        "output": str(rng.randint(3, 90)),
        "speciality": rng.choice(words["specialities"]),
        "leader": namer.minor_person(rng),
        "former": namer.minor_person(rng),
        "leader_year": str(rng.randint(1996, 2023)),
        "term": str(rng.randint(2, 9)),
        "members": f"{rng.randint(20, 4000):,}",
        "test": rng.choice(words["tests"]),
        "badge": rng.choice(words["badges"]),
        "source": rng.choice(words["sources"]),
        "budget": f"{rng.randint(4, 900) * 1000:,}",
        "gift_year": str(cast.founded + rng.randint(10, 70)),
        "donor": namer.minor_person(rng),
        "gift": rng.choice(words["gifts"]),
        "crisis_year": str(cast.founded + rng.randint(12, 60)),
        "crisis": rng.choice(words["crises"]),
        "closed": str(rng.randint(2, 50)),
        "rescuer": namer.minor_person(rng),
        "feat_year": str(cast.founded + rng.randint(6, 70)),
        "feat": rng.choice(words["feats"]),
        "hero": namer.minor_person(rng),
        "team": str(rng.randint(3, 80)),
    }


def with_article(noun: str) -> str:
    """The noun with its indefinite article."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _day(rng: Random) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(load_words().names['months'])}"
