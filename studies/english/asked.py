"""What people ask about things of a kind."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

from studies.english.question import Question, agreeing

ANYTHING = "anything"
"""The kind whose questions suit everything."""

NAMED_KINDS = frozenset(
    {
        "city",
        "island",
        "region",
        "country",
        "state",
        "person",
        "leader",
        "writer",
        "musician",
        "actor",
        "scientist",
        "war",
    }
    | {"battle", "religion", "language", "program", "river", "lake", "mountain", "organization", "law", "document"}
)
"""Kinds of which people ask about one by its name ("Paris"), not about all of them ("cities")."""


@cache
def _patterns() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    groups = tomllib.loads(Path(__file__).with_name("asked.toml").read_text("utf-8"))["group"]
    for group in groups:
        for question in group["questions"]:
            pattern, _, keywords = question.partition(" | ")
            for kind in group["kinds"]:
                found[kind].append((pattern, keywords))
    return dict(found)


def asked_about(name: str, kind: str | None, plural: bool) -> list[Question]:
    """Return what people ask about things of this kind; nothing for an unknown kind.

    Args:
        name: the thing.
        kind: an everyday word from `Lexicon.kind`.
        plural: whether the name is plural.
    """
    return [
        agreeing(
            Question(pattern, name, "more" if kind == ANYTHING else "asked", fact=pattern, keywords=keywords), plural
        )
        for pattern, keywords in _patterns().get(kind or "", ())
    ]
