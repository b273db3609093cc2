from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import pytest

from disco_pyserini.conversation import Conversation, Turn, flatten, query_text
from disco_pyserini.errors import InputError

CONVERSATION = Conversation(
    (Turn("Who wrote Dune?", "Frank Herbert."), Turn("Any sequels?", None), Turn("When was he born?", "in 1920"))
)


def test_flatten_is_newest_first_without_the_answer_that_is_searched_for() -> None:
    assert flatten(CONVERSATION) == "When was he born? [SEP] Any sequels? [SEP] Frank Herbert. [SEP] Who wrote Dune?"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("conversation", "When was he born? [SEP] Any sequels? [SEP] Frank Herbert. [SEP] Who wrote Dune?"),
        ("user-turns", "When was he born? [SEP] Any sequels? [SEP] Who wrote Dune?"),
        ("last:2", "When was he born? [SEP] Any sequels?"),
        ("last:9", "When was he born? [SEP] Any sequels? [SEP] Frank Herbert. [SEP] Who wrote Dune?"),
        ("utterance", "When was he born?"),
    ],
)
def test_query_forms(form: str, expected: str) -> None:
    assert query_text(CONVERSATION, form) == expected


def test_special_tokens_in_an_utterance_are_neutralised() -> None:
    conversation = Conversation.from_history("is [SEP] a token?", [("what is [CLS]", "a [MASK]\tor\n[SEP]")])
    assert flatten(conversation) == "is [ SEP] a token? [SEP] a [ MASK] or [ SEP] [SEP] what is [ CLS]"


def test_empty_pieces_of_the_history_leave_no_separators_behind() -> None:
    assert flatten(Conversation.from_history("q", [("", "a"), ("u", " ")])) == "q [SEP] u [SEP] a"


def test_bad_conversations_are_refused() -> None:
    with pytest.raises(InputError, match="at least one turn"):
        Conversation(())
    with pytest.raises(InputError, match="utterance to answer is empty"):
        flatten(Conversation.from_history("  ", [("u", "a")]))
    with pytest.raises(InputError, match="at least 1, found 0"):
        query_text(CONVERSATION, "last:0")
    with pytest.raises(InputError, match="unknown query form 'history'"):
        query_text(CONVERSATION, "history")


MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "You are helpful."},
    {"role": "user", "content": "Who wrote Dune?"},
    {"role": "assistant", "content": "Frank Herbert."},
    {"role": "user", "content": "When was he born?"},
]


@dataclass
class Message:
    """What a LangChain message is made of, as far as a conversation reads it."""

    type: str
    content: Any


@dataclass
class Reply:
    """What the OpenAI client returns as ``response.choices[0].message``."""

    role: str
    content: str | None


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def test_messages_become_turns() -> None:
    expected = Conversation((Turn("Who wrote Dune?", "Frank Herbert."), Turn("When was he born?")))
    assert Conversation.from_messages(MESSAGES) == expected
    types = {"system": "system", "user": "human", "assistant": "ai"}
    langchain = [Message(types[message["role"]], message["content"]) for message in MESSAGES]
    assert Conversation.from_messages(langchain) == expected
    chunks = [Message("HumanMessageChunk", "Who wrote Dune?"), Message("AIMessageChunk", "Frank Herbert.")]
    assert Conversation.from_messages([*chunks, MESSAGES[-1]]) == expected
    assert (
        Conversation.from_messages(iter([MESSAGES[1], Reply("assistant", "Frank Herbert."), MESSAGES[3]])) == expected
    )


def test_messages_of_tools_and_developers_are_left_out() -> None:
    messages: list[object] = [
        {"role": "developer", "content": "Be brief."},
        user("Who wrote Dune?"),
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]},
        {"role": "tool", "content": "{}", "tool_call_id": "1"},
        {"role": "function", "name": "search", "content": "{}"},
        assistant("Frank Herbert."),
        Message("tool", "{}"),
        user("When was he born?"),
    ]
    expected = Conversation((Turn("Who wrote Dune?", "Frank Herbert."), Turn("When was he born?")))
    assert Conversation.from_messages(messages) == expected


def test_several_messages_in_a_row() -> None:
    messages = [
        assistant("Welcome!"),
        user("Dune?"),
        user("The book."),
        assistant("By"),
        assistant("Herbert."),
        user("?!"),
    ]
    assert Conversation.from_messages(messages).turns == (
        Turn("Dune?"),
        Turn("The book.", "By Herbert."),
        Turn("?!"),
    )


def test_the_answer_to_the_last_question_is_not_searched_with() -> None:
    conversation = Conversation.from_messages([*MESSAGES, assistant("In 1920.")])
    assert conversation.turns[-1] == Turn("When was he born?", "In 1920.")
    assert flatten(conversation) == "When was he born? [SEP] Frank Herbert. [SEP] Who wrote Dune?"


def test_parts_of_messages(caplog: pytest.LogCaptureFixture) -> None:
    parts = [
        {"type": "text", "text": "Who is"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "input_text", "text": "this?"},
        "Tell me.",
    ]
    with caplog.at_level(logging.INFO, logger="disco_pyserini"):
        conversation = Conversation.from_messages([user("Hello"), assistant(None), user(parts)])
    assert conversation.turns == (Turn("Hello"), Turn("Who is this? Tell me."))
    assert caplog.messages == ["message 3: a part of type 'image_url' was ignored: only text is searched with"]


def test_empty_messages() -> None:
    image = [{"type": "image_url", "image_url": {"url": "data:,"}}]
    conversation = Conversation.from_messages([user(image), assistant("A cat."), user(" "), user("Which breed?")])
    assert flatten(conversation) == "Which breed? [SEP] A cat."
    for empty in ("", " \n", None, [], image):
        with pytest.raises(InputError, match="message 3: the last user message has no text"):
            Conversation.from_messages([*MESSAGES[1:3], user(empty), assistant("Yes?")])


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ([], r"expected at least one user message, found no messages"),
        (MESSAGES[:1], r"expected at least one user message, found only messages with the roles system"),
        ([MESSAGES[0], assistant("Hi")], r"found only messages with the roles assistant, system"),
        (
            [*MESSAGES, {"role": "bot", "content": "x"}],
            r"message 5: unknown role 'bot': expected user or human, assistant",
        ),
        ([Message("chat", "x")], r"message 1: unknown role 'chat'"),
        ([{"content": "x"}], r"message 1: expected .*'role' and 'content'.* found \{'content': 'x'\}"),
        ([{"role": "user"}], r"message 1: expected .* found \{'role': 'user'\}"),
        ([("user", "x")], r"message 1: expected .* found \('user', 'x'\)"),
        (["x"], r"message 1: expected .* found 'x'"),
        ([user(3)], r"message 1: expected its content to be text or a list of parts, found 3"),
        ([user([3])], r"message 1: expected each part .* found 3"),
        ([user([{"type": "text"}])], r"message 1: expected each part .* found \{'type': 'text'\}"),
        ([user([{"text": "x"}])], r"message 1: expected each part .* found \{'text': 'x'\}"),
        ("Who wrote Dune?", r"expected a list of messages, found 'Who wrote Dune\?'"),
        (MESSAGES[1], r"expected a list of messages, found \{'role'"),
        (None, r"expected a list of messages, found None"),
    ],
)
def test_messages_that_are_refused(messages: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Conversation.from_messages(messages)
