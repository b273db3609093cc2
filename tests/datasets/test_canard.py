"""CANARD: its own dev split, and broken copies of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from published import write_json

from disco_pyserini.conversation import Turn
from disco_pyserini.datasets.registry import open_collection
from disco_pyserini.errors import InputError

FIRST = {
    "History": ["Frank Zappa", "Disbandment"],
    "QuAC_dialog_id": "C_1_0",
    "Question": "What group disbanded?",
    "Question_no": 1,
    "Rewrite": "What group disbanded?",
}
SECOND = {
    **FIRST,
    "History": [*FIRST["History"], "What group disbanded?", "Zappa and the Mothers of Invention"],
    "Question": "When did they disband?",
    "Question_no": 2,
    "Rewrite": "When did Zappa and the Mothers of Invention disband?",
}


def test_titles_are_the_first_turn_and_answers_come_from_the_next_question(tmp_path: Path) -> None:
    write_json(tmp_path / "dev.json", [FIRST, SECOND, {**FIRST, "QuAC_dialog_id": "C_2_1"}])
    first, second, other = open_collection("canard", tmp_path).queries("dev")
    assert (first.qid, second.qid, other.qid) == ("C_1_0_1", "C_1_0_2", "C_2_1_1")
    assert first.conversation.turns == (
        Turn("Frank Zappa", "Disbandment"),
        Turn("What group disbanded?", "Zappa and the Mothers of Invention"),
    )
    assert second.conversation.turns[:2] == first.conversation.turns
    assert second.conversation.turns[2] == Turn("When did they disband?", None)
    assert second.text("human") == "When did Zappa and the Mothers of Invention disband?"
    assert second.text("conversation") == (
        "When did they disband? [SEP] Zappa and the Mothers of Invention [SEP] What group disbanded? [SEP] "
        "Disbandment [SEP] Frank Zappa"
    )


def test_the_published_dev_split(shared_data: Path) -> None:
    collection = open_collection("canard", shared_data / "canard")
    queries = list(collection.queries("dev"))
    assert len(queries) == collection.benchmark.splits["dev"] == 3430
    assert len({query.conversation_id for query in queries}) == 490
    assert sum(query.conversation.turns[-1].response is not None for query in queries) == 3430 - 490
    records = json.loads((shared_data / "canard" / "dev.json").read_text(encoding="utf-8"))
    assert [query.rewrites["human"] for query in queries] == [record["Rewrite"] for record in records]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({**FIRST, "History": []}, "record 1: expected the titles of article and section in History"),
        ({**FIRST, "History": ["a", "b", "c"]}, "record 1: expected a question and an answer for each earlier turn"),
        ({**FIRST, "Rewrite": ""}, "record 1: expected 'Rewrite' to be a text that is not empty"),
        ({**FIRST, "Question_no": "x"}, "record 1: expected 'Question_no' to be an integer"),
    ],
)
def test_malformed_records_are_refused(broken: dict[str, object], message: str, tmp_path: Path) -> None:
    write_json(tmp_path / "dev.json", [broken])
    with pytest.raises(InputError, match=message):
        list(open_collection("canard", tmp_path).queries("dev"))


def test_there_are_no_judgments(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="canard: there are no judgments for 'dev'"):
        open_collection("canard", tmp_path).qrels("dev")
