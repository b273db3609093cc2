"""Conversations, and their conversion to query encoder input."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from disco_pyserini.errors import InputError
from disco_pyserini.html_tables import html_table

SEPARATOR = "[SEP]"
BERT_SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

_USER = ("user", "human")
_ASSISTANT = ("assistant", "ai")
_LEFT_OUT = ("system", "developer", "tool", "function")
_TEXT_PARTS = ("text", "input_text", "output_text")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the user said and what the system answered.

    Attributes:
        utterance: what the user said.
        response: what the system answered; None if unknown.
    """

    utterance: str
    response: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns, oldest first. The last one is the turn to answer: its utterance is the question.

    `flatten` ignores the response of the last turn, since the search is meant to find it.

    Attributes:
        turns: the turns, oldest first.

    Raises:
        InputError: there are no turns.
    """

    turns: tuple[Turn, ...]

    def __post_init__(self) -> None:
        if not self.turns:
            raise InputError("a conversation needs at least one turn, found none: pass the turn to answer as Turn(...)")

    @classmethod
    def from_history(cls, utterance: str, history: Sequence[tuple[str, str | None]] = ()) -> Conversation:
        """Build a conversation from the question and the exchanges before it.

        Args:
            utterance: the question.
            history: (utterance, response) pairs, oldest first; a response may be None.
        """
        return cls((*(Turn(user, system) for user, system in history), Turn(utterance)))

    @classmethod
    def from_messages(cls, messages: Iterable[object], ignored: Callable[[str], object] | None = None) -> Conversation:
        """Build a conversation from chat messages, as OpenAI's and LangChain's interfaces exchange them.

        Each user message begins a turn, and the assistant messages after it, joined by spaces, are its response.
        Assistant messages before the first user message are left out, and so are system, developer, tool and function
        messages. An answer to the last user message is kept as the response of the last turn, which `flatten` ignores.

        Args:
            messages: the messages, oldest first: mappings with ``role`` (``user``, ``assistant``, ``system``, …) and
                ``content``, or objects with ``role`` or ``type`` (LangChain's ``human``, ``ai``, ``system``, …) and
                ``content``. The content is text, None, or a list of parts: texts are joined by spaces; other
                parts, such as images, are ignored.
            ignored: called with a sentence about each ignored part; by default it is logged.

        Raises:
            InputError: a message or a role is malformed, there is no user message, or the last one has no text.
        """
        if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Iterable):
            raise InputError(
                f"expected a list of messages, found {messages!r:.80}: pass [{{'role': 'user', 'content': …}}, …]"
            )
        tell = ignored or logger.info
        turns: list[Turn] = []
        roles: set[str] = set()
        last_user_message = 0
        for number, message in enumerate(messages, 1):
            role, content = _role_and_content(message, number)
            roles.add(role)
            if role in _USER:
                last_user_message = number
                turns.append(Turn(_message_text(content, number, tell)))
            elif role in _ASSISTANT and turns and (text := _message_text(content, number, tell)):
                before = turns[-1].response
                turns[-1] = Turn(turns[-1].utterance, f"{before} {text}" if before else text)
        if not turns:
            found = f"only messages with the roles {', '.join(sorted(roles))}" if roles else "no messages"
            raise InputError(f"expected at least one user message, found {found}: add the message to answer")
        if not turns[-1].utterance.strip():
            raise InputError(
                f"message {last_user_message}: the last user message has no text: expected the question to search with"
            )
        return cls(tuple(turns))

    @property
    def utterance(self) -> str:
        """The last utterance alone."""
        return self.turns[-1].utterance

    def last(self, n: int) -> Conversation:
        """Return the last ``n`` turns, including the turn to answer.

        Raises:
            InputError: ``n`` is less than 1.
        """
        if n < 1:
            raise InputError(f"the number of turns to keep must be at least 1, found {n}")
        return Conversation(self.turns[-n:])

    def user_turns(self) -> Conversation:
        """Return the same conversation without the system's responses."""
        return Conversation(tuple(Turn(turn.utterance) for turn in self.turns))

    def _repr_html_(self) -> str:
        """Return the turns as Jupyter shows them, oldest first."""
        rows = [(number, turn.utterance, turn.response) for number, turn in enumerate(self.turns, 1)]
        return html_table(f"conversation, turn {len(rows)} to answer", ("turn", "user", "assistant"), rows)


def flatten(conversation: Conversation, special_tokens: Sequence[str] = BERT_SPECIAL_TOKENS) -> str:
    """Write a conversation as one line, newest first: ``q_n [SEP] a_{n-1} [SEP] q_{n-1} … [SEP] a_1 [SEP] q_1``.

    The newest turn comes first, so that truncation to an encoder's ``max_length`` drops the oldest part. Missing
    responses are left out, and whitespace (tabs and newlines too) becomes single spaces.

    Args:
        conversation: the conversation up to the turn to answer.
        special_tokens: tokens to break up where an utterance contains them literally (``[SEP]`` becomes ``[ SEP]``),
            so that a tokenizer reads them as ordinary text.

    Raises:
        InputError: the last utterance is empty.
    """
    return f" {SEPARATOR} ".join(said.text for said in spoken(conversation, special_tokens))


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said in a conversation, as `flatten` writes it.

    Attributes:
        turn: the number of the turn, from 1 for the oldest.
        speaker: who said it.
        text: the text on one line.
    """

    turn: int
    speaker: Literal["user", "assistant"]
    text: str


def spoken(conversation: Conversation, special_tokens: Sequence[str] = BERT_SPECIAL_TOKENS) -> list[Said]:
    """Return the pieces that `flatten` joins, newest first.

    Args:
        conversation: see `flatten`.
        special_tokens: see `flatten`.

    Raises:
        InputError: the last utterance is empty.
    """
    last = len(conversation.turns)
    pieces = [Said(last, "user", _one_line(conversation.utterance, special_tokens))]
    if not pieces[0].text:
        raise InputError("the utterance to answer is empty: every query needs text in its last turn")
    for number, turn in reversed(list(enumerate(conversation.turns[:-1], 1))):
        pieces.append(Said(number, "assistant", _one_line(turn.response or "", special_tokens)))
        pieces.append(Said(number, "user", _one_line(turn.utterance, special_tokens)))
    return [piece for piece in pieces if piece.text]


def query_text(conversation: Conversation, form: str) -> str:
    """Return the query text of a conversation in one of its forms; see `in_form`.

    Raises:
        InputError: the form is unknown, or the last utterance is empty.
    """
    return flatten(in_form(conversation, form))


def in_form(conversation: Conversation, form: str) -> Conversation:
    """Return the part of a conversation that a query form keeps.

    Args:
        conversation: the conversation up to the turn to answer.
        form: ``conversation`` (everything), ``user-turns`` (no responses), ``last:N`` (the last N turns with their
            responses), or ``utterance`` (the last utterance alone).

    Raises:
        InputError: the form is unknown.
    """
    if form == "conversation":
        return conversation
    if form == "user-turns":
        return conversation.user_turns()
    if form == "utterance":
        return conversation.last(1)
    prefix, _, number = form.partition(":")
    if prefix == "last" and number.isdecimal() and len(number) < 10:
        return conversation.last(int(number))
    raise InputError(f"unknown query form {form!r:.80}: expected conversation, user-turns, last:N or utterance")


def _one_line(text: str, special_tokens: Sequence[str]) -> str:
    for token in special_tokens:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return " ".join(text.split())


def _role_and_content(message: object, number: int) -> tuple[str, object]:
    """Return the role of a message in lower case, and its content."""
    try:
        if isinstance(message, Mapping):
            role, content = message["role"], message["content"]
        else:
            role, content = getattr(message, "role", None) or message.type, message.content  # type: ignore[attr-defined]
    except (KeyError, AttributeError) as problem:
        raise InputError(
            f"message {number}: expected a dict with 'role' and 'content', or an object with .type and .content, "
            f"found {message!r:.80}"
        ) from problem
    # LangChain streams messages in pieces named HumanMessageChunk and so on.
    name = str(role).removesuffix("MessageChunk").lower()
    if name not in (*_USER, *_ASSISTANT, *_LEFT_OUT):
        raise InputError(
            f"message {number}: unknown role {role!r}: expected {' or '.join(_USER)}, {' or '.join(_ASSISTANT)}, or "
            f"{', '.join(_LEFT_OUT[:-1])} or {_LEFT_OUT[-1]}, which are left out"
        )
    return name, content


def _message_text(content: Any, number: int, tell: Callable[[str], object]) -> str:
    """Return the text of a message's content, empty if it has none."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, Sequence):
        raise InputError(f"message {number}: expected its content to be text or a list of parts, found {content!r:.80}")
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
            continue
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind is None or (kind in _TEXT_PARTS and not isinstance(part.get("text"), str)):
            raise InputError(
                f"message {number}: expected each part to be text, or like {{'type': 'text', 'text': …}}, "
                f"found {part!r:.80}"
            )
        if kind in _TEXT_PARTS:
            texts.append(part["text"])
        else:
            tell(f"message {number}: a part of type {kind!r:.80} was ignored: only text is searched with")
    return " ".join(texts)
