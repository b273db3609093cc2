from __future__ import annotations

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
