"""What passages say, as questions with the sentences that answer them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from disco_pyserini.errors import InputError
from disco_pyserini.files import read_lines
from studies.english.asked import ANYTHING, NAMED_KINDS, asked_about
from studies.english.elision import PERSONS, PLACES, Referent
from studies.english.lexicon import Lexicon
from studies.english.question import Question, agreeing
from studies.english.questions import questions_of
from studies.english.sentences import is_noun_phrase, is_plural, parse, split_sentences

# What the text of a source is about, where its passages seldom say it: the beginning of the source's name, the end of a
# question about it, and the word that shows that a question says it already.
CONTEXTS = (
    ("debian-", "in Debian", "debian"), ("installation-guide", "in the Debian installer", "debian"),
    ("developers-reference", "in Debian", "debian"), ("maint-guide", "for Debian packages", "debian"),
    ("gnome-user-docs", "in GNOME", "gnome"), ("libreoffice", "in LibreOffice", "libreoffice"),
    ("gnucash", "in GnuCash", "gnucash"), ("gimp", "in GIMP", "gimp"), ("python3", "in Python", "python"),
    ("postgresql", "in PostgreSQL", "postgresql"), ("apache2", "in the Apache HTTP server", "apache"),
    ("git-doc", "in Git", "git"), ("sqlite3", "in SQLite", "sqlite"), ("nodejs", "in Node.js", "node"),
    ("python-django", "in Django", "django"), ("python-sklearn", "in scikit-learn", "scikit"),
    ("python-pandas", "in pandas", "pandas"), ("shorewall", "in Shorewall", "shorewall"), ("bind9", "in BIND", "bind"),
    ("postfix", "in Postfix", "postfix"), ("linux-doc", "in the Linux kernel", "linux"), ("r-doc", "in R", "r"),
    ("octave", "in Octave", "octave"), ("maxima", "in Maxima", "maxima"), ("lilypond", "in LilyPond", "lilypond"),
)  # fmt: skip

_DEFINED = re.compile(
    r"\b(?:is|are|was|were) (?:an?|the|one of the) ((?:[\w'-]+ ){0,6}?[\w'-]+)(?= (?:that|which|who|of|in|from|for|and|"
    r"with|used|made|on|by|located|native|caused|characterized|where|based)\b|[,.;(])"
)
_LONGEST_ANSWER = 110
_ASKED = 7


@dataclass(frozen=True, slots=True)
class Text:
    """A passage, and the title of its article or section, which may be empty."""

    id: str
    title: str
    contents: str

    @property
    def name(self) -> str:
        """The title without what tells it from others of this name: "Crane (bird)", "git-add(1)"."""
        return re.sub(r"\s*\([^()]*\)$", "", self.title).strip()

    def full(self) -> str:
        """The passage as it is searched: with its title, unless its beginning has it."""
        contents = re.sub(r"^<[^>]+>\s*", "", self.contents)
        return contents if self.name.lower() in contents[:300].lower() else f"{self.title}. {contents}"


@dataclass(frozen=True, slots=True)
class Fact:
    """A question and its answer.

    Attributes:
        row: the passage's position.
        place: the position of the sentence that answers it.
        question: the question.
        referent: what it is about; None if it names nothing that could be left out.
        context: the end of the stand-alone question that says where it belongs ("in Git"), or empty.
    """

    row: int
    place: int
    question: Question
    referent: Referent | None
    context: str

    def standalone(self) -> str:
        """The question with everything that it needs."""
        return f"{self.question.full()} {self.context}".strip()


def read_texts(path: Path) -> list[Text]:
    """Read passages: JSONL with ``id``, ``contents`` and, optionally, ``title``.

    Raises:
        InputError: a record lacks one of them.
    """
    texts = []
    for number, line in enumerate(read_lines(path), 1):
        record = json.loads(line)
        if not isinstance(record.get("id"), str) or not isinstance(record.get("contents"), str):
            raise InputError(f"{path}:{number}: expected texts named id and contents, found {', '.join(record)}")
        texts.append(Text(record["id"], record.get("title") or "", record["contents"]))
    return texts


def context_of(text: Text) -> tuple[str, str]:
    """Return the end of a stand-alone question about this text's source, and the word that it then contains."""
    return next(((end, word) for source, end, word in CONTEXTS if text.id.startswith(source)), ("", ""))


def key(phrase: str, lexicon: Lexicon) -> str:
    """Return a phrase without article, in lower case, its last word in the singular: equal for equal things."""
    *before, last = re.sub(r"^(the|an?) ", "", phrase.lower()).split() or [""]
    return " ".join((*before, lexicon.base(last, "noun")))


def facts_of(text: Text, row: int, lexicon: Lexicon) -> Iterator[Fact]:
    """Yield the questions that a passage answers."""
    sentences = sentences_of(text)
    if not sentences:
        return
    context, word = context_of(text)
    topic = _topic(text, sentences[0], lexicon)
    person = person_of(text, lexicon) if topic else None
    subject = topic
    for place, sentence in enumerate(sentences):
        for question in questions_of(sentence, subject, lexicon):
            about = question.about
            if topic and about and _same(about, topic, person, lexicon):
                about = topic
            if person and about == topic:
                question = replace(
                    question, pattern=re.sub(r"^what (is|was)\b(?= \{x\}$)", r"who \1", question.pattern)
                )
                if question.kind == "definition":
                    question = replace(question, others=("tell me about {x}",), keywords="{x}")
            if is_vague(about) and not context:
                continue
            if about != question.about:
                question = agreeing(replace(question, about=about), is_plural(about, lexicon))
            end = context if context and not re.search(rf"\b{word}", question.full(), re.IGNORECASE) else ""
            referent = referent_of(about, person if about == topic else None, lexicon) if about else None
            yield Fact(row, place, question, referent, end)
        clause = parse(sentence, lexicon)
        if clause and is_noun_phrase(clause.subject, lexicon):
            said = lexicon.lowered(clause.subject)
            subject = topic if topic and _same(said, topic, person, lexicon) else said
        elif not re.match(r"^(It|They|He|She|This|These)\b", sentence):
            subject = topic if text.title and topic == subject else ""


def facts_of_kind(text: Text, row: int, lexicon: Lexicon, rng: Random) -> Iterator[Fact]:
    """Yield some questions that people ask about things of the kind that a passage's title names."""
    sentences = sentences_of(text)
    topic = _topic(text, sentences[0], lexicon) if sentences else ""
    if not topic or context_of(text)[0]:
        return
    person = person_of(text, lexicon)
    kind = "person" if person else _kind(topic, sentences[0], lexicon)
    referent = referent_of(topic, person, lexicon)
    if re.search(r"\bof\b", topic) or bool(re.match(r"(the )?[A-Z]", topic)) != (kind in NAMED_KINDS):
        kind = None
    if kind in PERSONS and not person:
        kind = None
    if kind in PLACES and re.search(rf"{re.escape(text.name)}\W.{{0,60}}?\b(?:was|were) ", sentences[0]):
        kind = None  # it is no more
    questions = asked_about(topic, kind, referent.plural)
    questions = rng.sample(questions, min(_ASKED, len(questions)))
    questions += rng.sample(asked_about(topic, ANYTHING, referent.plural), 1)
    for number, question in enumerate(questions):
        place = (number + 1) % len(sentences)
        yield Fact(row, place, question, replace(referent, noun=referent.noun or kind), "")


def _kind(topic: str, first: str, lexicon: Lexicon) -> str | None:
    """Return the kind of a thing: of what its first sentence says it is, else of its name."""
    if match := _DEFINED.search(first):
        kind = lexicon.kind(match[1])
        if kind:
            return kind
    return lexicon.kind(key(topic, lexicon))


def referent_of(about: str, person: str | None, lexicon: Lexicon) -> Referent:
    """Return what a phrase refers to; ``person`` is its pronoun if it is a person."""
    plural = is_plural(about, lexicon)
    bare = re.sub(r"^(the|an?) ", "", about)
    kind = lexicon.kind(bare)
    if kind and key(kind, lexicon) in bare.lower().split():
        kind = None
    return Referent(about, plural, person or ("they" if plural else "it"), kind)


def is_vague(about: str) -> bool:
    """Whether a phrase means something only in its text: "the value"."""
    return re.fullmatch(r"(the )?[a-z]+|the [a-z]+ [a-z]+", about) is not None and about.startswith("the ")


def sentences_of(text: Text) -> list[str]:
    """Return the sentences of a passage."""
    return split_sentences(re.sub(r"^<[^>]+>\s*", "", text.contents))


def answer(text: Text, place: int, sentences_after: int) -> str:
    """Return the sentence that answers a question and some that follow it."""
    sentences = sentences_of(text)
    chosen = sentences[place]
    for sentence in sentences[place + 1 : place + 1 + sentences_after]:
        if len(chosen.split()) + len(sentence.split()) > _LONGEST_ANSWER:
            break
        chosen = f"{chosen} {sentence}"
    return chosen


def _topic(text: Text, first: str, lexicon: Lexicon) -> str:
    """Return the title as the first sentence writes it, with its article; empty if it does not begin with it."""
    name = text.name
    if not name or len(name.split()) > 5:
        return ""
    match = re.match(rf"^((?:the|an?) )?{re.escape(name)}(?:es|s)?\b", first, re.IGNORECASE)
    if match:
        return lexicon.lowered(match[0])
    clause = parse(re.sub(r"\s*\([^()]*\)", "", first), lexicon)
    if (
        clause
        and clause.base == "be"
        and name[:1].isupper()
        and name.lower().split()[-1] in clause.subject.lower().split()
    ):
        return name
    return ""


def _same(about: str, topic: str, person: str | None, lexicon: Lexicon) -> bool:
    if key(about, lexicon) == key(topic, lexicon):
        return True
    return person is not None and about in topic.split()


def person_of(text: Text, lexicon: Lexicon) -> str | None:
    """Return the pronoun of a person whom a passage is about; None for a thing."""
    sentences = sentences_of(text)
    if not sentences or not text.name[:1].isupper() or not re.search(r"\b(was|is) (?:an?|the|one of) ", sentences[0]):
        return None
    rest = f" {' '.join(sentences)} ".lower()
    he = len(re.findall(r"\b(?:he|his|him)\b", rest))
    she = len(re.findall(r"\b(?:she|her|hers)\b", rest))
    if he + she == 0 or len(text.name.split()) > 4:
        return None
    return "he" if he > she else "she"
