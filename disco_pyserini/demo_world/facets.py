"""What a facet of an entity is: the sentences, questions and answers that are written about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

_SENTENCE_START = re.compile(r"(?:^|(?<=\. ))[a-z]")
_OPENER = 0.75
_ASIDE = 0.25


@dataclass(frozen=True, slots=True)
class Facet:
    """One subject that a passage treats and that a question can ask for.

    The templates are filled from the values of an entity. In questions ``{X}``, ``{Xs}`` and ``{Xo}``
    stand for the entity as subject, possessive and object: its name, a pronoun, or a noun such as "that town".

    Attributes:
        name: the last part of the passage's id.
        openers: sentences that name the subject in the words of the questions; some passages have none.
        sentences: the sentences of the passage in order, each as the alternatives to choose from.
        questions: ways to ask for something that the passage says, whatever alternatives were chosen, each in full and
            as the ellipsis that is understood only after another question about the same entity.
        answers: ways to answer.
        hints: words around the subject, the kind that an expanding rewriter adds.
        keywords: terse ways to name the subject, the kind that a keyword rewriter writes.
        also: (relation, facet) of a passage of a related entity that holds part of every answer.
    """

    name: str
    openers: tuple[str, ...]
    sentences: tuple[tuple[str, ...], ...]
    questions: tuple[tuple[str, str], ...]
    answers: tuple[str, ...]
    hints: tuple[str, ...]
    keywords: tuple[str, ...]
    also: tuple[tuple[str, str], ...] = ()


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill a template and start every sentence with a capital."""
    text = template.format_map(values)
    return _SENTENCE_START.sub(lambda match: match[0].upper(), text)


def write_passage(facet: Facet, asides: tuple[str, ...], values: Mapping[str, str], rng: Random) -> str:
    """Write the passage of a facet, often with an opener, and at times with one of the asides of its kind of entity."""
    sentences = [fill(rng.choice(options), values) for options in facet.sentences]
    if rng.random() < _OPENER:
        sentences.insert(0, fill(rng.choice(facet.openers), values))
    if rng.random() < _ASIDE:
        sentences.append(fill(rng.choice(asides), values))
    return " ".join(sentences)
