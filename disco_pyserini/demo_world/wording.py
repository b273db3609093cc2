"""The wording of passages, questions, and human and machine rewrites."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from disco_pyserini.demo_world.entities import Entity
from disco_pyserini.demo_world.words import Facet, load_words

_SENTENCE_START = re.compile(r"(?:^|(?<=\. ))[a-z]")
_OPENER = 0.75
_ASIDE = 0.25
_THITHER = {"place": r"\b(?:in|to) it\b", "organisation": r"\b(?:in|at) it\b"}


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill a template and start every sentence with a capital."""
    text = template.format_map(values)
    return _SENTENCE_START.sub(lambda match: match[0].upper(), text)


def write_passage(facet: Facet, entity: Entity, rng: Random) -> str:
    """Write the passage of a facet, often with an opener and sometimes with an aside for its kind of entity."""
    sentences = [fill(rng.choice(options), entity.values) for options in facet.sentences]
    if rng.random() < _OPENER:
        sentences.insert(0, fill(rng.choice(facet.openers), entity.values))
    if rng.random() < _ASIDE:
        sentences.append(fill(rng.choice(load_words().kinds[entity.kind].asides), entity.values))
    return " ".join(sentences)


def ask(template: str, subject: str, possessive: str, object_: str, entity: Entity) -> str:
    """Fill a question about an entity, with the given way to refer to it."""
    values = {
        **entity.values,
        **{"X": subject, "Xs": possessive, "Xo": object_, "Xp": entity.pronouns[1]},
    }
    return fill(template, values)


def by_name(template: str, entity: Entity) -> str:
    """Return the question with the full name."""
    return called(template, entity.name, entity)


def by_pronoun(template: str, entity: Entity) -> str:
    """Use pronouns: "her history" rather than "the history of her", "there" rather than "in it"."""
    text = ask(template, *entity.pronouns, entity)
    _, possessive, object_ = entity.pronouns
    text = re.sub(rf"\bthe (\w+(?: \w+)?) of {object_}\b", rf"{possessive} \1", text)
    return re.sub(_THITHER[entity.kind], "there", text) if entity.kind in _THITHER else text


def called(template: str, name: str, entity: Entity) -> str:
    """Return the question with any noun phrase."""
    return ask(template, name, f"{name}'s", name, entity)


def first_utterance(template: str, entity: Entity, rng: Random) -> str:
    """Return a self-contained first question."""
    lead = rng.choice(load_words().leads["first"])
    if not lead:
        return loosen(by_name(template, entity), rng)
    return lead.format(X=entity.name) + loosen(by_pronoun(template, entity), rng)


def staying_utterance(template: str, ellipsis: str, entity: Entity, rng: Random) -> str:
    """Return a further question about the entity of the previous turn."""
    draw = rng.random()
    if draw < 0.5:
        return lead_in(by_pronoun(template, entity), rng)
    if draw < 0.8:
        return loosen(by_pronoun(ellipsis, entity), rng)
    if draw < 0.92:
        return lead_in(called(template, f"the {entity.noun}", entity), rng)
    return lead_in(called(template, entity.short, entity), rng)


def shifting_utterance(template: str, entity: Entity, rng: Random) -> str:
    """Return a question about an entity that the last response mentioned."""
    draw = rng.random()
    if draw < 0.6:
        return lead_in(called(template, f"that {entity.noun}", entity), rng)
    return lead_in(called(template, entity.short, entity), rng)


def returning_utterance(template: str, entity: Entity, rng: Random) -> str:
    """Return a question about an entity from before the previous turn."""
    name = entity.short if rng.random() < 0.3 else f"the {entity.noun}"
    lead = rng.choice(load_words().leads["returning"]).format(X=name)
    question = by_pronoun(template, entity)
    return lead + (question if lead.endswith(". ") else lower_first(question))


def naming_utterance(template: str, entity: Entity, rng: Random) -> str:
    """Return a question about a new entity, by its full name."""
    return lead_in(by_name(template, entity), rng)


def lead_in(text: str, rng: Random) -> str:
    """Sometimes put a conversational word before a question."""
    lead = rng.choice(load_words().leads["later"])
    if lead and not lead.endswith(". "):
        return lead + lower_first(text)
    return lead + loosen(text, rng)


def loosen(text: str, rng: Random) -> str:
    """Sometimes type carelessly: no capital, no question mark."""
    draw = rng.random()
    if draw < 0.12:
        return lower_first(text).rstrip("?")
    if draw < 0.2:
        return lower_first(text)
    return text


def lower_first(text: str) -> str:
    """Lower-case the first letter, unless the text starts with "I"."""
    return text if text.startswith(("I ", "I'")) else text[0].lower() + text[1:]


def expand(template: str, name: str, noun: str, entity: Entity, facet: Facet, context: str | None, rng: Random) -> str:
    """Rewrite like a verbose machine: synonyms, descriptions, and another name from the conversation."""
    question = called(template, name, entity)
    first, second = rng.sample(facet.hints, 2)
    draw = rng.random()
    if draw < 0.3:
        text = f"{question} I would like to know about the {first} and {second} of {name}."
    elif draw < 0.55:
        text = f"Regarding {name}, the {noun}: {lower_first(question)} ({first}, {second})"
    elif draw < 0.75:
        text = f"{question.rstrip('?')}, in particular with respect to {first} or {second}?"
    else:
        text = question
    if context and rng.random() < 0.35:
        text += f" This was asked in connection with {context}."
    return text


def shorten(entity: Entity, facet: Facet, rng: Random) -> str:
    """Rewrite like a machine that writes keywords."""
    draw = rng.random()
    keywords = rng.choice(facet.keywords)
    if draw < 0.6:
        return f"{entity.name} {keywords}"
    if draw < 0.8:
        return f"{keywords} {entity.name}"
    return f"{keywords} of {entity.name}?"
