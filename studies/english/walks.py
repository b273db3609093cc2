"""Conversations through passages: stay with what was said, go to a passage that is near, follow a name, or change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.turns import Query
from studies.english.elision import choose, elided, is_question, styled, without_thanks
from studies.english.facts import Fact, Text, answer, key
from studies.english.lexicon import Lexicon
from studies.english.question import Question, split_in_two

_LENGTHS = (2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8)
_SHIFT = 0.08
_NEIGHBOUR = 0.35
_SAME_QUESTION = 0.2
_COMPARISON = 0.25
_SPLIT = 0.6
_YES = ("Yes.", "Yes.", "Yes, it is so.", "Yes, that is right.", "Yes, definitely.")
_LINK = 0.15
_MISSING_RESPONSE = 0.04
# Definitions and yes-no questions are easy to make; people ask more of the others.
_WEIGHTS = {"definition": 0.5, "yes-no": 0.4, "ability": 0.6, "verb": 0.8, "agent": 0.5, "more": 0.6}


@dataclass(frozen=True, slots=True)
class MadeTurn:
    """A turn, how it leaves out what the conversation has named, and the passage that answers it.

    Attributes:
        query: the turn, its rewrite named ``human``.
        how: ``first``, ``named`` or ``shift`` if it stands alone; else how it leaves something out.
        passage: the position of the passage that answers it; -1 if none is known.
    """

    query: Query
    how: str
    passage: int

    @property
    def stands_alone(self) -> bool:
        return self.how in {"first", "named", "shift"}


class _Talk:
    """A conversation that grows."""

    def __init__(self, name: str, rng: Random) -> None:
        self.turns: list[Turn] = []
        self.made: list[MadeTurn] = []
        self._name = name
        self._rng = rng

    def add(self, text: str, how: str, fact: Fact, response: str | None) -> None:
        """Let the user say a text, which means the question of a fact."""
        utterance = styled(text, self._rng, first=not self.turns)
        alone = text == fact.standalone()
        query = Query(
            qid=f"{self._name}_{len(self.turns) + 1}",
            conversation_id=self._name,
            conversation=Conversation((*self.turns, Turn(utterance))),
            rewrites={"human": without_thanks(utterance) if alone else sentence(fact.standalone())},
        )
        self.made.append(MadeTurn(query, how, fact.row))
        self.turns.append(Turn(utterance, None if self._rng.random() < _MISSING_RESPONSE else response))


class Walker:
    """Makes conversations.

    Args:
        texts: the passages.
        facts: the questions to ask; each is asked once in all conversations.
        neighbours: for a passage, the passages near it, nearest first.
        lexicon: words.
    """

    def __init__(
        self, texts: Sequence[Text], facts: Sequence[Fact], neighbours: Mapping[int, Sequence[int]], lexicon: Lexicon
    ) -> None:
        self._texts = texts
        self._lexicon = lexicon
        self._neighbours = neighbours
        self._unused: dict[int, list[Fact]] = defaultdict(list)
        for fact in facts:
            self._unused[fact.row].append(fact)
        self._named: dict[str, int] = {}
        for row, text in enumerate(texts):
            if text.name and self._unused.get(row) and len(text.name) > 3:
                self._named.setdefault(text.name.lower(), row)

    def conversations(self, rng: Random, prefix: str) -> Iterator[list[MadeTurn]]:
        """Yield conversations until the questions are used up."""
        rows = [row for row, facts in self._unused.items() if facts]
        rng.shuffle(rows)
        number = 0
        for row in rows:
            while len(self._unused[row]) >= 1:
                turns = self._converse(row, f"{prefix}{number}", rng)
                number += 1
                if len(turns) > 1:
                    yield turns

    def _converse(self, row: int, name: str, rng: Random) -> list[MadeTurn]:
        talk = _Talk(name, rng)
        previous: Fact | None = None
        length = rng.choice(_LENGTHS)
        while len(talk.turns) < length:
            fact, shift = self._next(previous, talk.turns, rng) if previous else (self._take(row, None, rng), False)
            if fact is None:
                break
            response = answer(self._texts[fact.row], fact.place, rng.choice((0, 0, 0, 1, 1, 2, 2, 4)))
            halves = None
            if not shift and fact.question.kind != "comparison" and rng.random() < _SPLIT:
                halves = split_in_two(fact.question)
            if previous and halves:
                whether = replace(fact, question=halves[0])
                text, how = self._say(whether, previous, talk.turns, shift, rng)
                talk.add(text, how, whether, rng.choice(_YES))
                word = rng.choice((halves[1], halves[1], f"and {halves[1]}"))
                talk.add(word, "question word", fact, response)
            elif previous is not None:
                text, how = self._say(fact, previous, talk.turns, shift, rng)
                talk.add(text, how, fact, response)
            else:
                pattern = rng.choice((fact.question.pattern, *fact.question.others))
                fact = replace(fact, question=replace(fact.question, pattern=pattern))
                talk.add(fact.standalone(), "first", fact, response)
            previous = fact
        return talk.made

    def _next(self, previous: Fact, turns: Sequence[Turn], rng: Random) -> tuple[Fact | None, bool]:
        draw = rng.random()
        if draw < _SHIFT:
            for _ in range(20):
                row = rng.choice(list(self._unused))
                if self._unused[row]:
                    return self._take(row, None, rng), True
        if draw < _SHIFT + _LINK and (linked := self._linked(turns[-1], previous.row)) is not None:
            return self._take(linked, previous, rng), False
        if draw > 1 - _SAME_QUESTION:
            for near_row in self._neighbours.get(previous.row, ()):
                for fact in self._unused.get(near_row, ()):
                    if fact.question.pattern == previous.question.pattern and "{x}" in fact.question.pattern:
                        self._unused[near_row].remove(fact)
                        return fact, False
        if draw > 1 - _COMPARISON and (compared := self._comparison(previous)):
            return compared, False
        near = [row for row in self._neighbours.get(previous.row, ()) if len(self._unused.get(row, ())) > 1]
        if near and (draw > 1 - _NEIGHBOUR or not self._unused[previous.row]):
            return self._take(rng.choice(near[:4]), previous, rng), False
        return self._take(previous.row, previous, rng), False

    def _comparison(self, previous: Fact) -> Fact | None:
        """Compare what was asked about with a near thing of the same kind."""
        this = previous.referent
        for row in self._neighbours.get(previous.row, ()):
            other = next((fact.referent for fact in self._unused.get(row, ()) if fact.question.kind == "asked"), None)
            if this and other and this.noun and this.noun == other.noun and this.name != other.name:
                be, do = ("are", "do") if this.plural else ("is", "does")
                question = Question(
                    f"how {be} {{x}} different from {other.name}",
                    this.name,
                    "comparison",
                    others=(
                        f"what is the difference between {{x}} and {other.name}",
                        f"how {do} {{x}} compare with {other.name}",
                        f"{be} {{x}} the same as {other.name}",
                    ),
                )
                return Fact(row, 0, question, this, "")
        return None

    def _linked(self, turn: Turn, row: int) -> int | None:
        """Return the passage of a name that the last response mentions."""
        said = f" {(turn.response or '').lower()} "
        words = said.replace(",", " ").replace(".", " ").split()
        for length in (3, 2, 1):
            for start in range(len(words) - length + 1):
                found = self._named.get(" ".join(words[start : start + length]))
                if found is not None and found != row and self._unused[found]:
                    return found
        return None

    def _take(self, row: int, previous: Fact | None, rng: Random) -> Fact | None:
        facts = self._unused[row]
        if not facts:
            return None
        weights = [_WEIGHTS.get(fact.question.kind, 1.0) for fact in facts]
        if previous is None:
            factors = {"definition": 8.0, "how-to": 4.0, "more": 0.01}
            weights = [weight * factors.get(fact.question.kind, 1) for weight, fact in zip(weights, facts, strict=True)]
        else:
            weights = [weight * _pull(fact, previous) for weight, fact in zip(weights, facts, strict=True)]
        fact = rng.choices(facts, weights)[0]
        facts.remove(fact)
        return fact

    def _say(self, fact: Fact, previous: Fact, turns: Sequence[Turn], shift: bool, rng: Random) -> tuple[str, str]:
        """Return what the user says, and how it leaves something out (``named`` if it does not)."""
        full = fact.standalone()
        if shift:
            return full, "shift"
        recent = " ".join(f"{turn.utterance} {turn.response or ''}" for turn in turns[-2:]).lower()
        context = (
            fact.context
            if (
                fact.context
                and fact.context.split()[-1].lower()
                in " ".join(f"{turn.utterance} {turn.response or ''}" for turn in turns).lower()
            )
            or fact.context == previous.context
            else ""
        )
        referent = None
        question = fact.question
        if fact.referent is not None:
            same = key(question.about, self._lexicon) == key(previous.question.about, self._lexicon)
            if same or (question.kind != "definition" and key(question.about, self._lexicon) in recent):
                referent = fact.referent
        forms = elided(question, context, referent, previous.question, rng)
        if not forms:
            return full, "named"
        form = choose(forms, rng)
        text = form.text
        if fact.context and not context and form.how not in {"question word", "what about"}:
            text = f"{text} {fact.context}"
        return text, form.how


def _pull(fact: Fact, previous: Fact) -> float:
    """How much more likely a question is to come next: one after the same event, or about the same thing."""
    if fact.question.fact and fact.question.fact == previous.question.fact:
        return 6
    return 2 if fact.question.about and fact.question.about == previous.question.about else 1


def sentence(text: str) -> str:
    """Write a rewrite as a sentence with a capital."""
    return text[0].upper() + text[1:] + ("?" if is_question(text) else ".")
