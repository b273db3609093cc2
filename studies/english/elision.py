"""Ways to say a question in a conversation that has already named what it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from studies.english.question import Question, agree
from studies.english.word_lists import WORDS

_BEFORE_SUBJECT = WORDS["before_subjects"]
PLACES = frozenset({"city", "country", "state", "island", "region", "town"})
PERSONS = frozenset({"person", "leader", "writer", "musician", "actor", "scientist"})
_UNSAID = frozenset(
    {
        "person",
        "body part",
        "region",
        "food",
        "rock",
        "unit",
        "plant",
        "document",
        "town",
        "writer",
        "leader",
        "element",
    }
)
_THANKS = (
    "Thanks.", "Thank you!", "OK.", "Okay,", "I see.", "Interesting.", "Got it.", "Great, thanks.", "Hmm,", "Alright.",
    "Good to know.", "That makes sense.", "Thanks, that helps.", "Cool!", "Right.",
)  # fmt: skip
_REQUESTS = (
    "can you tell me",
    "could you tell me",
    "do you know",
    "I'd like to know",
    "I was wondering",
    "please tell me",
)


@dataclass(frozen=True, slots=True)
class Referent:
    """What a question is about.

    Attributes:
        name: the full phrase of the rewrite.
        plural: whether it is plural.
        pronoun: ``he``, ``she``, ``they`` or ``it``.
        noun: an everyday word for what it is ("disease"), if known.
    """

    name: str
    plural: bool
    pronoun: str
    noun: str | None = None

    @property
    def pronouns(self) -> tuple[str, str, str]:
        """Subject, object and possessive form."""
        return {
            "he": ("he", "him", "his"),
            "she": ("she", "her", "her"),
            "they": ("they", "them", "their"),
            "it": ("it", "it", "its"),
        }[self.pronoun]


@dataclass(frozen=True, slots=True)
class Form:
    """One way to say a question: its text, and how it leaves something out."""

    text: str
    how: str


def with_pronoun(pattern: str, referent: Referent) -> str:
    """Write a pronoun in place of ``{x}``, in the right case."""
    subject, other, possessive = referent.pronouns
    pattern = agree(pattern, subject == "they")
    pattern = pattern.replace("{x}'s", possessive)
    before, found, after = pattern.partition("{x}")
    if not found:
        return pattern
    last = before.split()[-1].lower() if before.split() else ""
    return before + (subject if not last or last in _BEFORE_SUBJECT else other) + after


def elided(
    question: Question,
    context: str,
    referent: Referent | None,
    previous: Question | None,
    rng: Random,
) -> list[Form]:
    """Return ways to say a question that leave out what the conversation has named.

    Args:
        question: the question.
        context: a phrase at the end of the stand-alone question ("in Git") that the conversation has named; or empty.
        referent: what ``{x}`` stands for, if the conversation has named it.
        previous: the question before.
        rng: decides among the question's patterns.
    """
    patterns = (question.pattern, question.pattern, *question.others)
    pattern = rng.choice(patterns)
    forms: list[Form] = []
    if referent is None:
        if context:
            forms.append(Form(pattern.replace("{x}", question.about), "context"))
            if question.keywords and rng.random() < 0.3:
                forms.append(Form(question.keywords.replace("{x}", question.about), "context"))
        return forms + _after(question, previous)
    forms += _pronoun_forms(pattern, referent)
    if pattern.count("{x}") == 1 and "{x}'s" not in pattern:
        if not pattern.endswith("{x}") or not pattern.startswith("what is"):
            this = "these" if referent.plural else rng.choice(("this", "that"))
            if referent.pronoun in {"it", "they"} and re.search(
                r"\b(of|about|with|for|in|by|cause|causes) \{x\}$", pattern
            ):
                forms.append(Form(pattern.replace("{x}", this), "demonstrative"))
        if referent.noun and referent.noun not in _UNSAID and question.kind != "definition":
            noun = _pluralised(referent.noun) if referent.plural else referent.noun
            which = rng.choice(("the", "these" if referent.plural else "this"))
            forms.append(Form(pattern.replace("{x}", f"{which} {noun}"), "noun"))
        if match := re.search(r" (?:of|for|in|about|on|to|from|with) \{x\}$", pattern):
            rest = pattern[: match.start()]
            if len(rest.split()) > 2:
                forms.append(Form(rest, "left out"))
    if question.keywords and "{x}" in question.keywords and question.kind != "definition":
        bare = re.sub(r"^(and|of|for)\b|\b(of|for|in|vs)$", "", question.keywords.replace("{x}", "").strip()).strip()
        if bare and "vs" not in bare:
            forms.append(Form(rng.choice((bare, f"and {referent.pronouns[2]} {bare}?", f"what about the {bare}?")),
                              "fragment"))  # fmt: skip
    return forms + _after(question, previous)


def _pronoun_forms(pattern: str, referent: Referent) -> list[Form]:
    """Return the pattern with a pronoun: "its capital" rather than "the capital of it", "there" rather than "in it"."""
    if referent.noun in PERSONS and referent.pronoun == "it":
        return []
    if match := re.match(
        r"^(.*\b(?:is|are|was|were|tell me|know|explain)) the ((?:[\w-]+ ){0,2}[\w-]+) of \{x\}$", pattern
    ):
        return [Form(f"{match[1]} {referent.pronouns[2]} {match[2]}", "pronoun")]
    if pattern.endswith(" of {x}"):
        return [] if referent.pronoun == "it" else [Form(with_pronoun(pattern, referent), "pronoun")]
    if referent.noun in PLACES:
        if re.search(r"\b(?:in|to) \{x\}", pattern):
            return [Form(re.sub(r"\b(?:in|to) \{x\}", "there", pattern), "pronoun")]
        if "through {x}" in pattern or "near {x}" in pattern:
            return []
    return [Form(with_pronoun(pattern, referent), "pronoun")]


def _after(question: Question, previous: Question | None) -> list[Form]:
    """Return forms that only the question before explains."""
    if previous is None:
        return []
    forms = []
    if (
        question.word in {"when", "where", "why", "how", "who", "by whom"}
        and question.fact
        and (question.fact == previous.fact and question.word != previous.word)
    ):
        forms += [Form(question.word, "question word"), Form(f"and {question.word}", "question word")]
    if question.about and question.pattern == previous.pattern and question.about.lower() != previous.about.lower():
        forms += [Form(f"what about {question.about}", "what about"), Form(f"and {question.about}", "what about")]
    return forms


def _pluralised(noun: str) -> str:
    if noun == "person":
        return "people"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    if noun.endswith(("s", "sh", "ch", "x")):
        return noun if noun in {"fish"} else noun + "es"
    return noun + "s"


def is_question(text: str) -> bool:
    """Whether a text begins as a question does."""
    return text.split()[0].lower() in WORDS["question_starts"] if text else False


def without_thanks(text: str) -> str:
    """Return what a user says after "Thanks." and the like."""
    for thanks in _THANKS:
        if text.startswith(f"{thanks} "):
            rest = text.removeprefix(f"{thanks} ")
            return rest[0].upper() + rest[1:]
    return text


def styled(text: str, rng: Random, first: bool) -> str:
    """Write a question as one of the many kinds of users would: with capital and question mark, or without."""
    asks = is_question(text)
    text = text.removesuffix("?")
    draw = rng.random()
    if asks and draw < 0.08 and len(text.split()) > 3 and not text.startswith(("and ", "what about")):
        return _request(text, rng)
    if not first and asks and draw < 0.16:
        thanks = rng.choice(_THANKS)
        rest = text if thanks.endswith(",") else text[0].upper() + text[1:]
        return f"{thanks} {rest}?"
    if draw < 0.62:
        return text[0].upper() + text[1:] + ("?" if asks else rng.choice(("", ".", ".")))
    if draw < 0.74:
        return text + ("?" if asks else "")
    if draw < 0.80:
        return text[0].upper() + text[1:]
    return text.lower() if draw < 0.95 else text


def _request(text: str, rng: Random) -> str:
    """Turn a question with a question word at its beginning into a request, with the words in a statement's order."""
    request = rng.choice(_REQUESTS)
    match = re.match(
        r"^(what|who|when|where|why|how) (is|are|was|were|can|should|could) ((?:the |an? )?\S+)( .*)?$", text
    )
    if match and (match[4] is None or match[1] != "what"):
        rest = match[4] or ""
        statement = f"{match[1]} {match[3]} {match[2]}{rest}"
        if rest.startswith((" of ", " in ", " for ", " on ")) or (
            rest and len(match[3].split()) == 1 and match[3] not in {"it", "he", "she", "they", "I", "this", "that"}
        ):
            return text[0].upper() + text[1:] + "?"
        mark = (
            "?"
            if (request.endswith("tell me") and not request.startswith("please")) or request == "do you know"
            else "."
        )
        return f"{request[0].upper()}{request[1:]} {statement}{mark}"
    return text[0].upper() + text[1:] + "?"


def choose(forms: Sequence[Form], rng: Random) -> Form:
    """Choose a form, each way of leaving out with its own weight."""
    weights = {
        "pronoun": 5, "context": 4, "left out": 4, "noun": 2, "demonstrative": 2, "fragment": 2, "question word": 9,
        "what about": 9,
    }  # fmt: skip
    return rng.choices(forms, [weights[form.how] for form in forms])[0]
