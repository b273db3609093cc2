"""Conversations of search queries: questions about one thing, and questions that people ask about things like it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from studies.english.asked import ANYTHING, NAMED_KINDS, asked_about
from studies.english.elision import PERSONS, Referent
from studies.english.facts import key, referent_of
from studies.english.lexicon import Lexicon
from studies.english.question import Question
from studies.english.sentences import AUXILIARIES, DETERMINERS, PREPOSITIONS, PRONOUNS
from studies.english.word_lists import WORDS

_LENGTHS = (2, 3, 3, 4, 4, 5, 6)
_COMMON = 12
_MORE = 2
_FUNCTION = AUXILIARIES | DETERMINERS | PREPOSITIONS | PRONOUNS
# Words that are names of kinds rather than things to ask about.
_GENERAL = WORDS["general_nouns"]
_AROUND = WORDS["around_names"]
_TOWN = re.compile(
    r"^(?:what is the |what's the |current |the )?"
    r"(weather (?:in|for)|population of|zip code (?:for|of)|elevation of) (.+)$"
)
_COUNTY = re.compile(r"^(?:what|which) county is (.+?)(?: located)?(?: in)?$")
_TOWN_PATTERNS = (
    ("what county is {x} in", "county"), ("what is the population of {x}", "population"), ("where is {x}", ""),
    ("what is the weather in {x}", "weather"), ("what is the zip code for {x}", "zip code"),
    ("how far is {x} from the airport", ""), ("what time zone is {x} in", "time zone"),
    ("how do I get to {x}", ""), ("what is there to do in {x}", "things to do"), ("hotels in {x}", "hotels"),
    ("what is the cost of living in {x}", "cost of living"), ("is {x} a safe place to live", ""),
    ("what is the elevation of {x}", "elevation"), ("who is the mayor of {x}", "mayor"),
    ("when was {x} founded", ""), ("what is the crime rate in {x}", "crime rate"),
    ("what is the average temperature in {x} in july", ""), ("best restaurants in {x}", "restaurants"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that people ask about, and the patterns of their questions."""

    referent: Referent
    own: tuple[Question, ...]
    others: tuple[Question, ...]


def read_queries(lines: Sequence[str]) -> list[str]:
    """Return the questions of a topics file (id, tab, text), without question marks and in single spaces."""
    return [" ".join(line.partition("\t")[2].lower().rstrip("? .").split()) for line in lines]


def things_asked_about(questions: Sequence[str], persons: Mapping[str, str], lexicon: Lexicon) -> list[Asked]:
    """Group questions by what they are about, and add what people ask about things of the same kind.

    Args:
        questions: search queries in lower case.
        persons: the pronouns of persons, by name in lower case.
        lexicon: words.
    """
    own: dict[str, list[str]] = defaultdict(list)
    common = Counter(word for question in questions for word in question.split())
    common["{x}"] = _COMMON
    for question in questions:
        found = _entity(question, lexicon)
        if found:
            entity, pattern = found
            own[entity].append(pattern)
    asked: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for entity, patterns in own.items():
        for name in lexicon.hypernyms(entity)[:3]:
            for pattern in patterns:
                asked[name][pattern].add(entity)
    result = []
    for entity, patterns in sorted(own.items()):
        referent = referent_of(entity, persons.get(entity), lexicon)
        others = []
        chain = lexicon.hypernyms(entity)
        for distance, name in enumerate(chain[:3]):
            for pattern, sources in sorted(asked[name].items()):
                rest = sources - {entity}
                same_number = any(referent_of(source, None, lexicon).plural == referent.plural for source in rest)
                plain = distance == 0 and all(common[word] >= _COMMON for word in pattern.split())
                if same_number and (len(rest) > 1 or (plain and len(pattern.split()) <= 6)) and pattern not in patterns:
                    others.append(pattern)
        more = [_question(pattern, entity) for pattern in dict.fromkeys(others)]
        proper = key(entity, lexicon) in lexicon.names
        unknown = referent.noun in PERSONS and entity not in persons
        if referent.noun and proper == (referent.noun in NAMED_KINDS) and not unknown:
            more += asked_about(entity, referent.noun, referent.plural)
        more += asked_about(entity, ANYTHING, referent.plural)[:_MORE]
        if len(patterns) + len(more) > 1:
            result.append(Asked(referent, tuple(_question(pattern, entity) for pattern in patterns), tuple(more)))
    return result + list(_towns(questions, lexicon))


def talk(thing: Asked, rng: Random) -> Iterator[Question]:
    """Yield the questions of a conversation: first a person's own question about this thing."""
    own, others = list(thing.own), list(thing.others)
    rng.shuffle(own)
    rng.shuffle(others)
    seen: set[str] = set()
    for question in (own[:1] + sorted([*own[1:], *others[: rng.choice(_LENGTHS)]], key=lambda _: rng.random()))[
        : rng.choice(_LENGTHS)
    ]:
        words = frozenset(re.findall(r"[a-z]{4,}", question.pattern))
        if question.pattern not in seen and not any(
            words and words == frozenset(re.findall(r"[a-z]{4,}", one)) for one in seen
        ):
            seen.add(question.pattern)
            yield question


def _question(pattern: str, entity: str) -> Question:
    bare = re.sub(r"^(?:what (?:is|are) |the |an? )*|\{x\}|\b(?:of|for|in)\b", "", pattern).strip()
    named = pattern.startswith(("what is the ", "what are the ")) and 0 < len(bare.split()) < 4
    return Question(pattern, entity, "query", keywords=f"{{x}} {bare}" if named else "")


def _entity(question: str, lexicon: Lexicon) -> tuple[str, str] | None:
    """Return what a question is about, the longest noun of WordNet, and the question's pattern."""
    tokens = question.split()
    for length in (4, 3, 2, 1):
        for start in range(len(tokens) - length, -1, -1):
            span = tokens[start : start + length]
            text = " ".join(span)
            if length == 1 and (
                text in _GENERAL or lexicon.base(text, "noun") in _GENERAL or text in _FUNCTION or len(text) < 4
            ):
                continue
            if all(lexicon.base(word, "noun") in _GENERAL for word in span):
                continue
            if span[0] in _FUNCTION or span[-1] in _FUNCTION or not lexicon.hypernyms(text):
                continue
            if length == 1 and lexicon.parts(text)[:1] != ("noun",):
                continue
            after = tokens[start + length] if start + length < len(tokens) else ""
            before = tokens[start - 1] if start else ""
            if after and after not in _FUNCTION | _AROUND and "verb" not in lexicon.parts(after)[:1]:
                continue  # part of a longer phrase
            if before and before not in _FUNCTION | _AROUND and lexicon.parts(before)[:1] != ("verb",):
                continue
            if ("verb", text) in lexicon.irregular or (lexicon.kind(text) is None and length == 1):
                continue
            article = before if before in {"a", "an", "the", "your", "my"} else ""
            name = f"{article} {text}".strip()
            pattern = " ".join([*tokens[: start - bool(article)], "{x}", *tokens[start + length :]])
            if len(pattern.split()) < 3 or question.count(text) > 1:
                return None
            return name, pattern
    return None


def _towns(questions: Sequence[str], lexicon: Lexicon) -> Iterator[Asked]:
    for question in questions:
        match = _TOWN.match(question) or _COUNTY.match(question)
        if match:
            name = match[match.lastindex or 1]
            if not 1 <= len(name.split()) <= 4 or set(name.split()) & (_FUNCTION - {"of"}) or re.search(r"\d", name):
                continue
            pattern = question.replace(name, "{x}", 1)
            patterns = [
                Question(text, name, "query", keywords=f"{{x}} {short}" if short else "")
                for text, short in _TOWN_PATTERNS
                if not short or short not in pattern
            ]
            yield Asked(Referent(name, False, "it", "town"), (Question(pattern, name, "query"),), tuple(patterns))
