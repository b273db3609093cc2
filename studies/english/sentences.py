"""Sentences, and their parts: subject, verb and the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from studies.english.lexicon import Lexicon
from studies.english.word_lists import WORDS

AUXILIARIES = WORDS["auxiliaries"]
DETERMINERS = WORDS["determiners"]
PREPOSITIONS = WORDS["prepositions"]
PRONOUNS = WORDS["pronouns"]
UNCLEAR = WORDS["unclear"]
_VAGUE_STARTS = WORDS["vague_starts"]
_CONJUNCTIONS = WORDS["conjunctions"]

# Verbs whose subject and object make sensible questions; everything else is left alone.
VERBS = WORDS["verbs"]

_WORD = re.compile(r"[A-Za-z0-9$%&+#@/.'’_-]*[A-Za-z0-9%+#)]|[^\s\w]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Mr|Mrs|Ms|Dr|St|No|Fig|Inc|Ltd|Co|Jr|Sr|approx|ca|al|Gen|Prof|Rev|Vol|pp|ed|[A-Z])\.)$"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A simple sentence.

    Attributes:
        subject: everything before the verb.
        verb: the finite verb as written: an auxiliary, or one of `VERBS` in any form.
        base: the verb's base form (``be``, ``have`` and ``do`` for the auxiliaries; a modal is its own base form).
        tense: ``present`` or ``past``.
        rest: everything after the verb.
    """

    subject: str
    verb: str
    base: str
    tense: str
    rest: str

    @property
    def auxiliary(self) -> bool:
        return self.verb in AUXILIARIES


def split_sentences(text: str) -> list[str]:
    """Split a passage into sentences at full stops, question marks and exclamation marks before a capital."""
    sentences, start = [], 0
    for match in re.finditer(r"[.!?][\"”')\]]*\s+(?=[\"“(]?[A-Z0-9])", text):
        piece = text[start : match.end()].strip()
        if not _ABBREVIATION.search(piece):
            sentences.append(piece)
            start = match.end()
    if text[start:].strip():
        sentences.append(text[start:].strip())
    return sentences


def words(text: str) -> list[str]:
    """Return words and punctuation marks."""
    return _WORD.findall(text)


def is_plural(phrase: str, lexicon: Lexicon) -> bool:
    """Whether a noun phrase is plural: by its head, the last word before a preposition, or because of an "and"."""
    tokens = phrase.lower().split()
    if "and" in tokens:
        return True
    for position, token in enumerate(tokens):
        if position and token in PREPOSITIONS:
            tokens = tokens[:position]
            break
    head = tokens[-1] if tokens else ""
    if head in {"people", "children", "men", "women", "mice", "feet", "teeth", "police", "data", "they", "you", "we"}:
        return True
    return head.endswith("s") and not head.endswith(("ss", "us", "is")) and lexicon.base(head, "noun") != head


def is_noun_phrase(phrase: str, lexicon: Lexicon, longest: int = 6) -> bool:
    """Whether the words could be a noun phrase that stands alone: no verbs, clauses or pronouns."""
    tokens = words(phrase)
    if not 1 <= len(tokens) <= longest or not re.fullmatch(r"[\w .'’/+#-]+", phrase):
        return False
    lower = [token.lower() for token in tokens]
    if any(token in UNCLEAR or token in PRONOUNS or token in AUXILIARIES for token in lower):
        return False
    if any(token in _CONJUNCTIONS - {"and"} or token == "not" for token in lower):
        return False
    if lower[0] in _VAGUE_STARTS or (lower[0].endswith(("ing", "ly")) and tokens[0] != tokens[-1]):
        return False
    if tokens[0][0].isupper() and len(tokens) > 1 and lexicon.parts(lower[0])[:1] == ("verb",):
        return False  # an instruction: "Append names to the list."
    if lower[0] in PREPOSITIONS or lower[-1] in PREPOSITIONS | DETERMINERS | {"and"}:
        return False
    if any(token in PREPOSITIONS - {"of", "for", "in"} for token in lower) or lower.count("of") > 1:
        return False
    if any(
        token in DETERMINERS and place and lower[place - 1] not in {"of", "in", "for", "and"}
        for place, token in enumerate(lower)
    ):
        return False
    head_at = next((place for place, token in enumerate(lower) if place and token in PREPOSITIONS), len(lower)) - 1
    head = tokens[head_at]
    if lower[head_at] in DETERMINERS or head.isdecimal():
        return False
    parts = lexicon.parts(lower[head_at])
    if head[0].isupper() and (head_at > 0 or not parts):
        return True
    return "noun" in parts[:2] if parts else len(head) > 2


def content_words(text: str) -> list[str]:
    """Return the words that carry meaning, in lower case."""
    stop = AUXILIARIES | DETERMINERS | PREPOSITIONS | PRONOUNS | _CONJUNCTIONS | {"not", "how", "why", "be", "been"}
    return [word for word in re.findall(r"[a-z0-9][a-z0-9'-]*", text.lower()) if word not in stop]


def parse(sentence: str, lexicon: Lexicon) -> Clause | None:
    """Find subject, verb and rest of a simple sentence; None if the rules cannot tell."""
    text = sentence.rstrip(" .!?:;")
    tokens = list(re.finditer(r"\S+", text))
    for place, token in enumerate(tokens[:9]):
        word = token[0].strip(',"').lower()
        if place == 0:
            if word in _CONJUNCTIONS or word in PREPOSITIONS:
                return None
            continue
        if token[0] != token[0].strip(',;:"()') and word not in AUXILIARIES:
            return None
        verb = finite_verb(word, lexicon)
        if verb is None:
            continue
        subject, rest = text[: token.start()].strip(), text[token.end() :].strip()
        base, tense = verb
        after = rest.split(" ", 1)[0].lower()
        if word not in AUXILIARIES:
            # A noun that looks like a verb: "the file names are ...", "a test is".
            if tense == "past" and _has_verb(rest, lexicon):
                return None  # a participle: "a tool called X is ..."
            if lexicon.parts(word)[:1] == ("noun",) and lexicon.parts(subject.split()[-1].lower())[:1] == ("adj",):
                continue
            if after in AUXILIARIES or (not rest and base not in {"exist", "work", "occur", "happen", "vary"}):
                continue
            if not is_noun_phrase(subject, lexicon) and subject.lower() not in {"it", "they", "he", "she", "you"}:
                continue
            if tense == "bare":
                if not is_plural(subject, lexicon):
                    continue
                tense = "present"
            elif tense == "present" and is_plural(subject, lexicon):
                continue
        return Clause(subject, word, base, tense, rest)
    return None


_AUXILIARY_BASES = {
    **dict.fromkeys(["is", "are", "was", "were"], "be"),
    **dict.fromkeys(["has", "have", "had"], "have"),
    **dict.fromkeys(["does", "do", "did"], "do"),
}


def _has_verb(text: str, lexicon: Lexicon) -> bool:
    """Whether a finite verb follows in the same clause."""
    for word in text.split()[:8]:
        if word.lower() in _CONJUNCTIONS | {"that", "which", "who", "what", "how"} or word[-1] in ",;:":
            return False
        verb = finite_verb(word.lower(), lexicon)
        if verb and (word.lower() in AUXILIARIES or verb[1] == "present"):
            return True
    return False


@lru_cache(maxsize=100_000)
def finite_verb(word: str, lexicon: Lexicon) -> tuple[str, str] | None:
    """Return base form and tense (present, past or bare) of a word that can be a finite verb; None otherwise."""
    if word in AUXILIARIES:
        return _AUXILIARY_BASES.get(word, word), "past" if word in {"was", "were", "had", "did"} else "present"
    if word in VERBS:
        return word, "past" if word in {"set", "let", "cost", "put", "read", "spread"} else "bare"
    base = lexicon.base(word, "verb")
    if base not in VERBS or word.endswith(("ing", "iven", "aken", "own", "een", "itten", "oken", "osen", "called")):
        return None
    return base, "present" if word.endswith("s") else "past"
