"""Changes of phrases: an action cut to its first clause, forms of a verb, the noun of a predicate."""

from __future__ import annotations

import re

from studies.english.lexicon import Lexicon
from studies.english.sentences import AUXILIARIES, DETERMINERS, PREPOSITIONS


def past_of(participle: str) -> str:
    """Return the past tense of a verb, given its participle."""
    return {"written": "wrote", "begun": "began"}.get(participle, participle)


def third_person(base: str) -> str:
    """Return the third person of a verb: reaches, carries, goes."""
    if base.endswith(("s", "sh", "ch", "x", "o")):
        return base + "es"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + "s"


def cut(action: str) -> str | None:
    """Shorten an action to its first clause; None if it does not end well."""
    action = re.split(
        r",(?!\d)|[;:]| (?:which|that|because|so that|in order|but|and then|as well|if|when|unless|while|without) ",
        action,
    )[0]
    tokens = action.split()
    if len(tokens) > 9:
        for place in range(9, 3, -1):
            if tokens[place].lower() in {"in", "on", "at", "by", "with", "for", "from", "to", "and", "or"}:
                tokens = tokens[:place]
                break
        else:
            return None
    if not tokens or tokens[-1].lower() in PREPOSITIONS | DETERMINERS | AUXILIARIES | {"and", "or", "not", "you"}:
        return None
    return " ".join(tokens)


def to_first_person(text: str) -> str:
    """Say what was said to the user as the user would: "your files" becomes "my files"."""
    text = re.sub(r"\byour\b", "my", text)
    text = re.sub(r"\byourself\b", "myself", text)
    text = re.sub(r"\byou are\b", "I am", text)
    return re.sub(r"\byou\b", "I", text)


def noun_of(phrase: str, lexicon: Lexicon) -> str:
    """Return the noun at the beginning of a predicate ("programming language that …"), at most three words."""
    taken: list[str] = []
    for token in phrase.split()[:5]:
        word = token.strip(",.;")
        if word == "of":
            return ""
        if word == "and" and taken and lexicon.parts(taken[-1].lower())[:1] != ("noun",):
            return ""
        if word in PREPOSITIONS or word in {"that", "which", "who", "and", "or", "used", "where", "whose"}:
            break
        taken.append(word)
        if token != token.strip(",.;"):
            break
    else:
        return ""
    return " ".join(taken) if taken and len(taken) <= 3 and _is_noun(taken[-1].lower(), lexicon) else ""


def _is_noun(word: str, lexicon: Lexicon) -> bool:
    return "noun" in lexicon.parts(word)[:2] and not (word.endswith("ing") and lexicon.base(word, "verb") != word)
