"""Conversations about the entities of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.turns import Query
from disco_pyserini.demo_world import wording
from disco_pyserini.demo_world.entities import Entity
from disco_pyserini.demo_world.words import Facet, load_words

_LENGTHS = (2, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 9, 10, 11, 12)
_STARTS = (0, 0, 1, 1, 2, 3, 4, 4, 5, 5, 6)
_SHIFT = 0.45
_RETURN = 0.15
# The most questions in a row about one entity.
_PATIENCE = 6
_MISSING_RESPONSE = 0.05
# Higher than _MISTAKE, since it needs another entity to be mentioned already: both end up near 12 % of turns.
_CONFUSION = 0.15
_MISTAKE = 0.12


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A turn to answer, and the grades of the passages that answer it."""

    query: Query
    grades: dict[str, int]


def converse(cluster: tuple[Entity, ...], conversation_id: str, rng: Random) -> Iterator[JudgedQuery]:
    """Walk through a cluster: stay with an entity, move to one just mentioned, or come back to an earlier one."""
    length = rng.choice(_LENGTHS)
    entity = cluster[rng.choice(_STARTS)]
    talked: list[Entity] = []
    unused = {each.id: list(load_words().kinds[each.kind].facets) for each in cluster}
    turns: list[Turn] = []
    for number in range(1, length + 1):
        move = "first"
        if talked:
            entity, move = _next_entity(cluster, talked, unused, turns, rng)
        facet = unused[entity.id].pop(rng.randrange(len(unused[entity.id])))
        template, ellipsis = rng.choice(facet.questions)
        match move:
            case "first":
                utterance = wording.first_utterance(template, entity, rng)
            case "stay":
                utterance = wording.staying_utterance(template, ellipsis, entity, rng)
            case "shift":
                utterance = wording.shifting_utterance(template, entity, rng)
            case "return":
                utterance = wording.returning_utterance(template, entity, rng)
            case _:
                utterance = wording.naming_utterance(template, entity, rng)
        mentioned = [each for each in _mentioned(cluster, turns) if each.id != entity.id]
        rewrites = {
            "human": wording.by_name(template, entity),
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
        response = wording.fill(rng.choice(facet.answers), entity.values)
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
    known = {each.id for each in talked}
    others = [each for each in cluster if each.id != current.id and unused[each.id]]
    fresh = [each for each in _mentioned(others, turns[-1:]) if each.id not in known]
    earlier = [each for each in others if each.id in known]
    draw = rng.random()
    if fresh and draw < _SHIFT:
        return rng.choice(fresh), "shift"
    if earlier and draw > 1 - _RETURN:
        return rng.choice(earlier), "return"
    if not unused[current.id] or [each.id for each in talked[-_PATIENCE:]] == [current.id] * _PATIENCE:
        return rng.choice(_mentioned(others, turns) or others), "name"
    return current, "stay"


def _mentioned(entities: Sequence[Entity], turns: Sequence[Turn]) -> list[Entity]:
    """The entities whose names occur in the turns."""
    said = " ".join(f"{turn.utterance} {turn.response or ''}" for turn in turns).lower()
    return [each for each in entities if each.name.lower() in said]


def _teacher_a(template: str, entity: Entity, facet: Facet, mentioned: list[Entity], rng: Random) -> str:
    """Write verbosely, and sometimes about the wrong entity, preferably one of the same kind."""
    if mentioned and rng.random() < _CONFUSION:
        same_kind = [each for each in mentioned if each.kind == entity.kind]
        wrong = rng.choice(same_kind or mentioned)
        return wording.expand(template, wrong.name, wrong.noun, entity, facet, None, rng)
    context = rng.choice(mentioned).name if mentioned else None
    return wording.expand(template, entity.name, entity.noun, entity, facet, context, rng)


def _teacher_b(entity: Entity, facet: Facet, utterance: str, later: bool, rng: Random) -> str:
    """Write tersely; sometimes leave the pronoun in, drop the question, or copy the utterance."""
    if later and rng.random() < _MISTAKE:
        draw = rng.random()
        if draw < 0.4:
            return f"{entity.pronouns[1]} {rng.choice(facet.keywords)}"
        return utterance if draw < 0.7 else f"{entity.name} {entity.noun}"
    return wording.shorten(entity, facet, rng)


def _grades(entity: Entity, facet: Facet) -> dict[str, int]:
    grades = {f"{entity.id}-{facet.name}": 2}
    for relation, name in facet.also:
        grades[f"{entity.related[relation]}-{name}"] = 1
    return grades
