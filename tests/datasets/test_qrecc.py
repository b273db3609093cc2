"""QReCC in the layouts of its publishers: the original release, and the shared task's files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from published import write_json, write_lines

from disco_pyserini.datasets.registry import open_collection
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError

CONTEXT = ["Pros and cons of electric cars?", "They are quiet."]
TURNS: list[dict[str, Any]] = [
    {"Conversation_no": 74, "Turn_no": 1, "Question": CONTEXT[0], "Context": []},
    {"Conversation_no": 74, "Turn_no": 2, "Question": "Tell me more about Tesla", "Context": CONTEXT},
    {"Conversation_no": 75, "Turn_no": 1, "Question": "Who is she?", "Context": []},
]
SCAI: list[dict[str, Any]] = [
    {
        **turn,
        "Conversation_source": "trec",
        "Truth_rewrite": f"rewrite {number}",
        "Truth_answer": CONTEXT[1] if number == 0 else "",
        "Truth_passages": ["http://a.org/x y_p1", "http://a.org/z_p2"] if number == 1 else [],
        **({"Transformer_rewrite": "by a machine"} if number == 1 else {}),
    }
    for number, turn in enumerate(TURNS)
]
TEST = "scai-qrecc21-test-turns.json"


def read(folder: Path, split: str = "test") -> list[Query]:
    return list(open_collection("qrecc", folder).queries(split))


@pytest.mark.parametrize("name", ["qrecc_test.json", "qrecc_data/qrecc_test.json"])
def test_the_original_release(tmp_path: Path, shared_data: Path, name: str) -> None:
    record = json.loads((shared_data / "formats" / "qrecc" / "readme-record.json").read_text())
    write_json(tmp_path / name, [record])
    (query,) = read(tmp_path)
    assert query.qid == "74_2" and query.rewrites == {"human": "Tell me more about Tesla the car company."}
    assert query.conversation.turns[0].utterance == "What are the pros and cons of electric cars?"
    assert str(query.conversation.turns[1].response).startswith("Tesla Inc. is")
    with pytest.raises(
        InputError, match=r"original release has none, those of the shared task are in scai-qrecc21-test"
    ):
        open_collection("qrecc", tmp_path).qrels("test")


def test_the_shared_task(tmp_path: Path) -> None:
    write_json(tmp_path / "scai-qrecc21-training-turns.json", SCAI)
    queries = read(tmp_path, "train")
    assert [query.qid for query in queries] == ["74_1", "74_2", "75_1"]
    assert [query.rewrites for query in queries] == [
        {"human": "rewrite 0"},
        {"human": "rewrite 1", "transformer": "by a machine"},
        {"human": "rewrite 2"},
    ]
    assert [query.conversation.turns[-1].response for query in queries] == [CONTEXT[1], None, None]
    judged = {"74_2": {"http://a.org/x%20y_p1": 1, "http://a.org/z_p2": 1}}
    assert open_collection("qrecc", tmp_path).qrels("train") == judged


@pytest.mark.parametrize("first", [CONTEXT[0], "rewrite 0", "something else"])
def test_the_history_is_what_is_given(tmp_path: Path, first: str) -> None:
    """Whether the first question stands there as it was asked or as it was rewritten."""
    write_json(tmp_path / TEST, [SCAI[0], {**SCAI[1], "Context": [first, CONTEXT[1]]}])
    assert read(tmp_path)[1].conversation.turns[0].utterance == first


def test_the_split_files_of_the_shared_task(tmp_path: Path, shared_data: Path) -> None:
    truth = shared_data / "formats" / "scai-qrecc" / "ground-truth.json"
    shutil.copy(truth, tmp_path)
    questions = [
        {"Conversation_no": number, "Turn_no": turn, "Question": f"question {number} {turn}"}
        for number, turn in ((1, 1), (1, 2), (2774, 1), (2775, 1))
    ]
    write_json(tmp_path / "questions.json", questions)
    queries = {query.qid: query for query in read(tmp_path)}
    assert queries.keys() == {"1_1", "1_2", "2774_1", "2775_1"}
    assert str(queries["1_2"].conversation.turns[0].response).startswith("physician assistants are")
    assert queries["1_2"].rewrites == {} and "pka and pi" in queries["2774_1"].rewrites["human"]
    qrels = open_collection("qrecc", tmp_path).qrels("test")
    assert list(qrels) == ["2774_1"] and next(iter(qrels["2774_1"])).endswith("pi-vs-pka.480670/_p5")


def test_passages_in_several_folders(tmp_path: Path) -> None:
    for folder, number in (("commoncrawl", 1), ("wayback", 2)):
        record = {"id": f"http://a.org/x y_p{number}", "contents": "text"}
        write_lines(tmp_path / "passages" / "collection-paragraph" / folder / "0.jsonl", [record])
    found = list(open_collection("qrecc", tmp_path).passages("test"))
    assert [passage.id for passage in found] == ["http://a.org/x%20y_p1", "http://a.org/x%20y_p2"]
    with pytest.raises(InputError, match=r"expected the passages as JSONL files in .*passages, found none"):
        list(open_collection("qrecc", tmp_path / "passages").passages("test"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"Context": ["a"]},
            r"test-turns\.json: record 2: expected a question and an answer for each earlier turn, found 1",
        ),
        ({"Context": [1, 2]}, r"record 2: expected 'Context' to be a list of texts"),
        ({"Turn_no": None}, r"record 2: expected 'Turn_no' to be an integer, found None"),
        ({"Truth_rewrite": 3}, r"record 2: expected 'Truth_rewrite' to be a text or nothing, found 3"),
        ({"Turn_no": 1}, r"expected every turn once, found '74_1' twice"),
    ],
)
def test_malformed_records(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write_json(tmp_path / TEST, [SCAI[0], {**SCAI[1], **change}])
    with pytest.raises(InputError, match=message):
        read(tmp_path)
