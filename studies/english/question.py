"""A question as a pattern, and what can be done with one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from studies.english.sentences import AUXILIARIES


@dataclass(frozen=True, slots=True)
class Question:
    """A question that stands alone, as a pattern.

    Attributes:
        pattern: the question without a question mark, with ``{x}`` in place of what it is about.
        about: what it is about (the phrase for ``{x}``); empty if nothing can be left out.
        kind: which rule made it.
        word: the question word that could be asked alone after another question with the same ``fact``.
        fact: what the question asks about, without its question word.
        others: more ways to ask the same.
        keywords: the question as keywords, or empty.
    """

    pattern: str
    about: str
    kind: str
    word: str = ""
    fact: str = ""
    others: tuple[str, ...] = field(default=())
    keywords: str = ""

    def full(self) -> str:
        return self.pattern.replace("{x}", self.about).replace("s's", "s'")


def agreeing(question: Question, plural: bool) -> Question:
    """Make the verbs beside ``{x}`` agree with it."""
    return replace(
        question, pattern=agree(question.pattern, plural), others=tuple(agree(one, plural) for one in question.others)
    )


def agree(pattern: str, plural: bool) -> str:
    """Make the verbs beside ``{x}`` agree with it."""
    for one, many in (("is", "are"), ("was", "were"), ("does", "do"), ("has", "have")):
        old, new = (one, many) if plural else (many, one)
        pattern = re.sub(rf"(?<!I )\b{old} \{{x\}}", f"{new} {{x}}", pattern)
    if not re.search(rf"\b(?:{'|'.join(sorted(AUXILIARIES))}) \{{x\}}", pattern):
        pattern = re.sub(r"\{x\} is\b", "{x} are", pattern) if plural else re.sub(r"\{x\} are\b", "{x} is", pattern)
    return pattern


_SPLITS = (
    (r"(why) ((?:is|are|was|were|do|does|did|can|must|should|will) \{x\} \S+ .+)", r"\2"),
    (r"(how) ((?:is|are|was|were|can|do|does|did) \{x\} \S+ .+)", r"\2"),
    (r"(when) (did \{x\} \S+ .+)", r"\2"),
    (r"(when) was (\{x\}) (?!born)(.+)", r"has \2 been \3"),
    (r"(when) were (\{x\}) (.+)", r"have \2 been \3"),
    (r"(how) (?:do|can) (I .+)", r"can \2"),
)


def split_in_two(question: Question) -> tuple[Question, str] | None:
    """Return a yes-no question and the question word that asks the rest ("Is it red?" "Why?"); None without one."""
    for pattern, yes_no in _SPLITS:
        if match := re.fullmatch(pattern, question.pattern):
            return Question(match.expand(yes_no), question.about, "yes-no", fact=question.fact), match[1]
    return None
