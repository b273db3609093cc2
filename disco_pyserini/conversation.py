"""Conversations, and how one becomes the text that a query encoder reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from disco_pyserini.errors import InputError

SEPARATOR = "[SEP]"
BERT_SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True, slots=True)
class Turn:
    """What the user said and, where it is known, what the system answered."""

    utterance: str
    response: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns, oldest first. The last one is the turn to answer: its utterance is the question.

    A response on the last turn is ignored by `flatten`, since it is what the search is for.
    """

    turns: tuple[Turn, ...]

    def __post_init__(self) -> None:
        if not self.turns:
            raise InputError("a conversation needs at least one turn, found none: pass the turn to answer as Turn(...)")

    @classmethod
    def from_history(cls, utterance: str, history: Sequence[tuple[str, str | None]] = ()) -> Conversation:
        """Build from the question and the (utterance, response) pairs before it, oldest first."""
        return cls((*(Turn(user, system) for user, system in history), Turn(utterance)))

    @property
    def utterance(self) -> str:
        """The last utterance alone."""
        return self.turns[-1].utterance

    def last(self, n: int) -> Conversation:
        """The last ``n`` turns, the turn to answer among them."""
        if n < 1:
            raise InputError(f"the number of turns to keep must be at least 1, found {n}")
        return Conversation(self.turns[-n:])

    def user_turns(self) -> Conversation:
        """The same conversation without the system's responses."""
        return Conversation(tuple(Turn(turn.utterance) for turn in self.turns))


def flatten(conversation: Conversation, special_tokens: Sequence[str] = BERT_SPECIAL_TOKENS) -> str:
    """Write a conversation as one line, newest first: ``q_n [SEP] a_{n-1} [SEP] q_{n-1} … [SEP] a_1 [SEP] q_1``.

    Newest first means that cutting the text to an encoder's ``max_length`` drops the oldest part. Missing responses
    are left out, whitespace (tabs and newlines too) becomes single spaces, and ``special_tokens`` that stand literally
    in an utterance are broken up, so that a tokenizer reads them as ordinary text.

    Raises:
        InputError: the last utterance is empty.
    """
    pieces = [_one_line(conversation.utterance, special_tokens)]
    if not pieces[0]:
        raise InputError("the utterance to answer is empty: every query needs text in its last turn")
    for turn in reversed(conversation.turns[:-1]):
        pieces.append(_one_line(turn.response or "", special_tokens))
        pieces.append(_one_line(turn.utterance, special_tokens))
    return f" {SEPARATOR} ".join(piece for piece in pieces if piece)


def query_text(conversation: Conversation, form: str) -> str:
    """Return one of the texts that a conversation can be searched with.

    Args:
        conversation: the conversation up to the turn to answer.
        form: ``conversation`` (everything), ``user-turns`` (no responses), ``last:N`` (the last N turns with their
            responses), or ``utterance`` (the last utterance alone).
    """
    if form == "conversation":
        return flatten(conversation)
    if form == "user-turns":
        return flatten(conversation.user_turns())
    if form == "utterance":
        return flatten(conversation.last(1))
    prefix, _, number = form.partition(":")
    if prefix == "last" and number.isdecimal():
        return flatten(conversation.last(int(number)))
    raise InputError(f"unknown query form {form!r}: expected conversation, user-turns, last:N or utterance")


def _one_line(text: str, special_tokens: Sequence[str]) -> str:
    for token in special_tokens:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return " ".join(text.split())
