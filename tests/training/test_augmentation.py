"""Random changes of training conversations."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError
from disco_pyserini.training.augmentation import Augmentation, Example, augmented
from disco_pyserini.training.epochs import Epochs


def example(number: int, turns: int = 3, *, titled: bool = False, form: str = "conversation") -> Example:
    history = [(f"u{number}.{turn}", f"a{number}.{turn}") for turn in range(1, turns)]
    conversation = Conversation.from_history(f"u{number}.{turns}", history)
    query = Query(f"{number}_{turns}", str(number), conversation, {"human": f"r{number}", "model": f"m{number}"})
    return Example(query, ("human", "model"), form, titled)


def drawn(one: Example, others: list[Example], settings: Augmentation, number: int = 400) -> Counter[str]:
    return Counter(augmented(one, others, settings, np.random.default_rng(seed)) for seed in range(number))


WHOLE = "u1.3 [SEP] a1.2 [SEP] u1.2 [SEP] a1.1 [SEP] u1.1"


def test_nothing_changes_without_augmentation() -> None:
    assert drawn(example(1), [], Augmentation()) == {WHOLE: 400}


def test_a_rewrite_can_stand_alone() -> None:
    found = drawn(example(1), [], Augmentation(standalone=0.5))
    assert found.keys() == {WHOLE, "r1", "m1"}
    assert 160 < found[WHOLE] < 240
    assert min(found["r1"], found["m1"]) > 60


def test_a_rewrite_can_follow_another_conversation() -> None:
    others = [example(1), example(2, 2)]
    found = drawn(example(1), others, Augmentation(foreign_history=1))
    foreign = "[SEP] u2.2 [SEP] a2.1 [SEP] u2.1"
    assert found.keys() == {f"r1 {foreign}", f"m1 {foreign}"}
    assert drawn(example(1), others[:1], Augmentation(foreign_history=1)) == {WHOLE: 400}, "only its own conversation"


def test_the_answer_to_the_last_foreign_turn_is_part_of_the_history() -> None:
    other = Example(Query("2_1", "2", Conversation((Turn("what?", "this"),))))
    found = drawn(example(1), [other], Augmentation(foreign_history=1))
    assert found.keys() == {"r1 [SEP] this [SEP] what?", "m1 [SEP] this [SEP] what?"}


def test_a_suffix_keeps_some_history() -> None:
    found = drawn(example(1, 4), [], Augmentation(suffix=1))
    assert found.keys() == {
        "u1.4 [SEP] a1.3 [SEP] u1.3",
        "u1.4 [SEP] a1.3 [SEP] u1.3 [SEP] a1.2 [SEP] u1.2",
    }
    assert min(found.values()) > 150
    assert drawn(example(1, 2), [], Augmentation(suffix=1)) == {"u1.2 [SEP] a1.1 [SEP] u1.1": 400}


def test_titles_and_answers_can_be_dropped() -> None:
    without = drawn(example(1, titled=True), [], Augmentation(without_title=1))
    assert without.keys() == {"u1.3 [SEP] a1.2 [SEP] u1.2"}
    assert drawn(example(1), [], Augmentation(without_title=1)).keys() == {WHOLE}, "its first turn is no title"
    assert drawn(example(1, 1, titled=True), [], Augmentation(without_title=1)).keys() == {"u1.1"}
    both = drawn(example(1, titled=True), [], Augmentation(without_title=1, without_answers=1))
    assert both.keys() == {"u1.3 [SEP] u1.2"}
    foreign = drawn(example(1), [example(2, titled=True)], Augmentation(foreign_history=1, without_title=1))
    assert all(text.endswith("[SEP] u2.3 [SEP] a2.2 [SEP] u2.2") for text in foreign)


def test_the_form_of_the_collection_applies_to_what_was_drawn() -> None:
    found = drawn(example(1, form="user-turns"), [], Augmentation(suffix=0.5))
    assert found.keys() == {"u1.3 [SEP] u1.2 [SEP] u1.1", "u1.3 [SEP] u1.2"}


def test_probabilities_of_changes_that_exclude_each_other() -> None:
    with pytest.raises(InputError, match=r"at most 1, since one excludes the others, found 1\.2"):
        Augmentation.check({"standalone": 0.6, "foreign_history": 0.6}, "here")
    with pytest.raises(InputError, match=r"here: suffix: expected at most 1, found 2"):
        Augmentation.check({"suffix": 2.0}, "here")


def epochs(weights: list[float], **settings: float) -> Epochs:
    examples: list[Example | str] = [example(number, turns=2 + number) for number in range(len(weights) - 1)]
    return Epochs([*examples, "a flat text"], np.array(weights), Augmentation(**settings), seed=1, separator="<s>")


def test_weights_decide_how_often_a_query_occurs() -> None:
    found = epochs([1, 2, 0.5, 0.5, 0.5, 0.5, 1])
    rows = Counter(found.rows().tolist())
    assert (rows[0], rows[1], rows[6]) == (1, 2, 1)
    assert sum(rows[row] for row in (2, 3, 4, 5)) == 2
    halves = set()
    for found.epoch in range(20):
        assert len(found) == 6
        halves.add(tuple(row for row in found.rows().tolist() if row in (2, 3, 4, 5)))
    assert {row for half in halves for row in half} == {2, 3, 4, 5}, "another half in other epochs"


def test_every_occurrence_and_epoch_is_drawn_anew_and_repeatably() -> None:
    settings = {"standalone": 0.3, "foreign_history": 0.3, "suffix": 0.4}
    one, other = epochs([30, 1, 1], **settings), epochs([30, 1, 1], **settings)
    first = one.dataset()["query"][:]
    assert len(set(first[:30])) > 3, "occurrences of one query differ"
    one.epoch = 1
    second = one.dataset()["query"][:]
    assert first != second
    other.epoch = 1
    assert other.dataset()["query"][:] == second, "only seed, epoch and place count"
    one.epoch = 0
    assert one.dataset()["query"][:] == first


def test_the_dataset_shows_texts_and_rows_of_the_current_epoch() -> None:
    found = epochs([1, 2.5, 1.5], suffix=0.5)
    dataset = found.dataset()
    assert dataset.column_names == ["query", "label"]
    for found.epoch in (0, 3):
        shown = dataset[:]
        assert shown["label"] == found.rows().tolist()
        assert shown["query"] == [found.text(place) for place in range(len(found))]
        assert shown["query"][shown["label"].index(2)] == "a flat text"
        assert "<s>" in shown["query"][0]
        assert "[SEP]" not in "".join(shown["query"])
