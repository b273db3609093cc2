"""Answers of conversations in place of passages."""

from __future__ import annotations

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.turns import Query
from disco_pyserini.training.answers import read_answers


def turns(conversation: str, *exchanges: tuple[str, str | None]) -> list[Query]:
    said = [Turn(*exchange) for exchange in exchanges]
    return [
        Query(f"{conversation}_{number}", conversation, Conversation(tuple(said[:number])))
        for number in range(1, len(said) + 1)
    ]


def test_every_answer_is_one_passage_and_relevant_for_its_own_turn() -> None:
    found = read_answers([*turns("a", ("u", "one"), ("v", "two\tlines")), *turns("b", ("w", None))], titled=False)
    assert [(passage.id, passage.contents) for passage in found.passages] == [("0", "one"), ("1", "two lines")]
    assert found.qrels() == {"a_1": {"0": 1}, "a_2": {"1": 1}}


def test_an_answer_of_several_conversations_is_a_passage_but_no_positive() -> None:
    unknown = "I don't know."
    found = read_answers([*turns("a", ("u", unknown), ("v", "two")), *turns("b", ("w", unknown))], titled=False)
    assert [passage.contents for passage in found.passages] == [unknown, "two"]
    assert found.qrels() == {"a_2": {"1": 1}}


def test_branches_of_one_conversation_share_an_answer() -> None:
    one, other = turns("a", ("u", "same"))[0], turns("a", ("u", "same"), ("v", "own"))[1]
    found = read_answers([one, other], titled=False)
    assert found.qrels() == {"a_1": {"0": 1}, "a_2": {"1": 1}}


def test_answers_in_a_history_count_and_titles_do_not() -> None:
    last = turns("a", ("Title", "Section"), ("u", "answer"), ("v", None))[-1]
    assert [passage.contents for passage in read_answers([last], titled=True).passages] == ["answer"]
    assert [passage.contents for passage in read_answers([last], titled=False).passages] == ["Section", "answer"]
