"""Which words of a conversation give a query vector its weights.

SPLADE takes the weight of a term from one token of the text: the one where ``log(1 + relu(logit))`` is largest. So each
term of a query belongs to one word of the conversation, and nothing has to be estimated.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from disco_pyserini.conversation import Said
from disco_pyserini.impacts import ImpactVector

# Letters and digits together, every other character alone.
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a conversation, a punctuation mark, or all of an utterance that the encoder did not read.

    Attributes:
        text: the word.
        start: where it begins in what was said, in characters.
        terms: the terms of the query whose weights come from this word, with their impacts, highest first.
        kept: whether the word itself is a term of the query (one of its word pieces, if it has several).
        read: whether the encoder read it; what is beyond ``max_length`` is not read.
    """

    text: str
    start: int
    terms: Mapping[str, int]
    kept: bool
    read: bool

    @property
    def weight(self) -> int:
        """The sum of the impacts of its terms."""
        return sum(self.terms.values())


@dataclass(frozen=True, slots=True)
class ReadUtterance:
    """What somebody said in a conversation, word by word.

    Attributes:
        turn: the number of the turn, from 1 for the oldest.
        speaker: who said it.
        text: the text on one line, as the encoder reads it.
        words: its words, in their order.
    """

    turn: int
    speaker: Literal["user", "assistant"]
    text: str
    words: tuple[Word, ...]

    @property
    def weight(self) -> int:
        """The sum of the impacts that come from its words."""
        return sum(word.weight for word in self.words)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a query encoder read a conversation. Each term of the query comes from one word, or from no word.

    Attributes:
        utterances: what was said, oldest first.
        terms: the query: impacts by token, highest first.
        kept: the terms that are words (or word pieces) of the conversation, with their impacts.
        added: the terms that are not: expansion.
        elsewhere: the terms whose weights come from special tokens or the checkpoint's prompt, not from a word.
    """

    utterances: tuple[ReadUtterance, ...]
    terms: Mapping[str, int]
    kept: Mapping[str, int]
    added: Mapping[str, int]
    elsewhere: Mapping[str, int]

    def dropped(self) -> list[tuple[ReadUtterance, Word]]:
        """The words that were read and are not terms of the query; punctuation is left out."""
        return [
            (utterance, word)
            for utterance in self.utterances
            for word in utterance.words
            if word.read and not word.kept and any(map(str.isalnum, word.text))
        ]


@dataclass(slots=True)
class _Open:
    """A word that tokens are still assigned to."""

    text: str
    start: int
    tokens: list[int] = field(default_factory=list)
    terms: list[int] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of the text, where it starts, and its words that were read."""

    said: Said
    start: int
    words: list[_Open]


def read_text(
    said: Sequence[Said],
    separator: str,
    ids: Sequence[int],
    spans: Sequence[tuple[int, int]],
    vector: ImpactVector,
    positions: Sequence[int],
    vocabulary: Sequence[str],
) -> Reading:
    """Assign each term of a query to the word that gives its weight.

    Args:
        said: the pieces of the text, in their order.
        separator: what joins the pieces.
        ids: the token ids of the text.
        spans: where each token is in the text, in characters.
        vector: the query.
        positions: for each term of the vector, which token gives its weight.
        vocabulary: the tokens in the order of their ids.
    """
    places = [place for start, end in spans if end > start for place in (start, end)]
    pieces = list(_words(said, separator, min(places, default=0), max(places, default=0)))
    words = [word for piece in pieces for word in piece.words]
    starts = [word.start for word in words]

    def word_of(start: int, end: int) -> _Open | None:
        # A token belongs to the word of its last character: some tokenizers count the space before a word.
        at = bisect_right(starts, end - 1) - 1
        return words[at] if end > start and at >= 0 and end <= words[at].end else None

    owners = [word_of(start, end) for start, end in spans]
    for number, owner in zip(ids, owners, strict=True):
        if owner:
            owner.tokens.append(number)
    impacts = dict(zip(vector.terms.tolist(), vector.impacts.tolist(), strict=True))
    elsewhere: list[int] = []
    for term, position in zip(impacts, positions, strict=True):
        owner = owners[position]
        (owner.terms if owner else elsewhere).append(term)
    in_text = {number for word in words for number in word.tokens}

    def named(terms: Sequence[int]) -> dict[str, int]:
        return {vocabulary[term]: impacts[term] for term in sorted(terms, key=lambda term: (-impacts[term], term))}

    def closed(piece: _Piece) -> ReadUtterance:
        found = [
            Word(
                text=word.text,
                start=word.start - piece.start,
                terms=named(word.terms),
                kept=any(number in impacts for number in word.tokens),
                read=True,
            )
            for word in piece.words
        ]
        one = piece.said
        begin = found[0].start if found else len(one.text)
        end = found[-1].start + len(found[-1].text) if found else len(one.text)
        parts = (*_unread(one.text, 0, begin), *found, *_unread(one.text, end, len(one.text)))
        return ReadUtterance(one.turn, one.speaker, one.text, parts)

    return Reading(
        utterances=tuple(sorted(map(closed, pieces), key=lambda one: (one.turn, one.speaker == "assistant"))),
        terms=named(list(impacts)),
        kept=named([term for term in impacts if term in in_text]),
        added=named([term for term in impacts if term not in in_text]),
        elsewhere=named(elsewhere),
    )


def _words(said: Sequence[Said], separator: str, first: int, last: int) -> Iterator[_Piece]:
    """Yield each piece with its words between two places of the whole text, where the tokens begin and end."""
    start = 0
    for one in said:
        words = []
        for found in _WORD.finditer(one.text):
            if start + found.start() >= last:
                break
            if start + found.end() > first:
                words.append(_Open(found[0], start + found.start()))
        yield _Piece(one, start, words)
        start += len(one.text) + len(separator)


def _unread(text: str, start: int, end: int) -> Iterator[Word]:
    """Yield the part of a text that was not read, unless it is empty."""
    part = text[start:end]
    if part.strip():
        yield Word(part.strip(), start + len(part) - len(part.lstrip()), {}, kept=False, read=False)
