"""Conversations about the entities of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.collection import Query
from disco_pyserini.datasets.demo_world import utterances
from disco_pyserini.datasets.demo_world.entities import FACETS, Entity
from disco_pyserini.datasets.demo_world.facets import Facet, fill

_LENGTHS = (2, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 9, 10, 11, 12)
_STARTS = (0, 0, 1, 1, 2, 3, 4, 4, 5, 5, 6)
_MISSING_RESPONSE = 0.05
_MISTAKE = 0.12


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A turn to answer and the passages that answer it, with their grades."""

    query: Query
    grades: dict[str, int]


def converse(cluster: tuple[Entity, ...], conversation_id: str, rng: Random) -> Iterator[JudgedQuery]:
    """Walk through a cluster: stay with an entity, move to one just mentioned, or come back to an earlier one."""
    length = rng.choice(_LENGTHS)
    entity = cluster[rng.choice(_STARTS)]
    talked: list[Entity] = []
    unused = {each.id: list(FACETS[each.kind]) for each in cluster}
    turns: list[Turn] = []
    for number in range(1, length + 1):
        move = "first"
        if talked:
            entity, move = _next_entity(cluster, talked, unused, turns, rng)
        facet = unused[entity.id].pop(rng.randrange(len(unused[entity.id])))
        template = rng.choice(facet.questions)
        match move:
            case "first":
                utterance = utterances.first_utterance(template, entity, rng)
            case "stay":
                utterance = utterances.staying_utterance(template, facet, entity, rng)
            case "shift":
                utterance = utterances.shifting_utterance(template, entity, rng)
            case _:
                utterance = utterances.returning_utterance(template, entity, rng)
        mentioned = _mentioned(cluster, turns, entity)
        rewrites = {
            "human": utterances.by_name(template, entity),
            "teacher-a": _teacher_a(template, entity, facet, mentioned, rng),
            "teacher-b": _teacher_b(entity, facet, utterance, bool(talked), rng),
        }
        yield JudgedQuery(
            Query(
                qid=f"{conversation_id}_{number}",
                conversation_id=conversation_id,
                conversation=Conversation((*turns, Turn(utterance))),
                rewrites=rewrites,
            ),
            _grades(entity, facet),
        )
        response = fill(rng.choice(facet.answers), entity.values)
        turns.append(Turn(utterance, None if rng.random() < _MISSING_RESPONSE else response))
        talked.append(entity)


def _next_entity(
    cluster: tuple[Entity, ...],
    talked: list[Entity],
    unused: dict[str, list[Facet]],
    turns: list[Turn],
    rng: Random,
) -> tuple[Entity, str]:
    current = talked[-1]
    response = turns[-1].response or ""
    fresh = [each for each in cluster if each not in talked and each.name in response]
    earlier = [each for each in dict.fromkeys(map(_key, talked)) if each != current.id and unused[each]]
    draw = rng.random()
    if fresh and draw < 0.4:
        return rng.choice(fresh), "shift"
    if earlier and draw > 0.85:
        wanted = rng.choice(earlier)
        return next(each for each in talked if each.id == wanted), "return"
    if unused[current.id]:
        return current, "stay"
    return next(each for each in cluster if unused[each.id]), "shift"


def _key(entity: Entity) -> str:
    return entity.id


def _mentioned(cluster: tuple[Entity, ...], turns: list[Turn], entity: Entity) -> list[Entity]:
    """The other entities that the conversation has named so far."""
    said = " ".join(f"{turn.utterance} {turn.response or ''}" for turn in turns)
    return [each for each in cluster if each.id != entity.id and each.name in said]


def _teacher_a(template: str, entity: Entity, facet: Facet, mentioned: list[Entity], rng: Random) -> str:
    """Verbose; now and then about the wrong entity, preferably one of the same kind."""
    context = rng.choice(mentioned).name if mentioned else None
    if mentioned and rng.random() < _MISTAKE * 1.3:
        same_kind = [each for each in mentioned if each.kind == entity.kind]
        wrong = rng.choice(same_kind or mentioned)
        return utterances.called(template, wrong.name, entity)
    return utterances.expand(template, entity, facet, context, rng)


def _teacher_b(entity: Entity, facet: Facet, utterance: str, later: bool, rng: Random) -> str:
    """Terse; now and then with the pronoun left in, the subject dropped, or nothing done at all."""
    if later and rng.random() < _MISTAKE:
        draw = rng.random()
        if draw < 0.4:
            return f"{entity.pronouns[1]} {rng.choice(facet.keywords)}"
        return utterance if draw < 0.7 else f"{entity.name} {entity.noun}"
    return utterances.shorten(entity, facet, rng)


def _grades(entity: Entity, facet: Facet) -> dict[str, int]:
    grades = {f"{entity.id}-{facet.name}": 2}
    for relation, name in facet.also:
        grades[f"{entity.related[relation]}-{name}"] = 1
    return grades
