"""TopiOCQA in the layouts of its publisher: original release, files for retrievers, passages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from published import TOPICS, make_topiocqa, topiocqa_original, topiocqa_retriever, write_json, write_lines

from disco_pyserini.datasets.registry import open_collection
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError


def read(folder: Path) -> list[Query]:
    return list(open_collection("topiocqa", folder).queries("dev"))


QIDS = ["1_1", "1_2", "1_3", "2_1", "2_2", "2_3"]
GOLD = dict(zip(QIDS, ("10", "11", "12", "20", "21", "22"), strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_topiocqa(tmp_path / "topiocqa")


def test_everything_of_a_turn(folder: Path) -> None:
    queries = read(folder)
    assert [query.qid for query in queries] == QIDS
    last = queries[2]
    assert [(turn.utterance, turn.response) for turn in last.conversation.turns] == [
        (TOPICS[0], TOPICS[1]),
        (TOPICS[2], TOPICS[3]),
        (TOPICS[4], TOPICS[5]),
    ]
    assert last.rewrites == {"t5": "rewrite 3"}
    assert last.text("conversation") == (
        "where is he buried? [SEP] UNANSWERABLE [SEP] when did he die? [SEP] Olav, [ SEP] they say [SEP] who was king?"
    )


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("place", ["data/retriever/all_history", "retriever/all_history", "all_history"])
def test_the_retriever_files_say_the_same(folder: Path, tmp_path: Path, as_text: bool, place: str) -> None:
    write_json(tmp_path / "other" / place / "dev.json", topiocqa_retriever(as_text))
    expected = [replace(query, rewrites={}) for query in read(folder)]
    assert read(tmp_path / "other") == expected
    assert open_collection("topiocqa", tmp_path / "other").qrels("dev") == {q: {d: 1} for q, d in GOLD.items()}


def test_a_conversation_that_does_not_begin_at_its_beginning(tmp_path: Path) -> None:
    records = topiocqa_retriever(True, conversations=1)
    whole = [{**records[1], "question": "who was king? [SEP]  [SEP] when did he die?"}]
    write_json(tmp_path / "all_history" / "dev.json", whole)
    turns = read(tmp_path)[0].conversation.turns
    assert [(turn.utterance, turn.response) for turn in turns[:-1]] == [("who was king?", None)]
    # Without the turn before, nobody can tell which separator stands in an answer.
    write_json(tmp_path / "all_history" / "dev.json", records[1:])
    with pytest.raises(
        InputError, match=r"dev\.json: record 1: expected 'question' to be 2 questions and the 1 answers"
    ):
        read(tmp_path)


def test_judgments_and_their_spellings(folder: Path) -> None:
    assert open_collection("topiocqa", folder).qrels("dev") == {qid: {docid: 1} for qid, docid in GOLD.items()}
    records = topiocqa_original()
    records[0]["Gold_passage"]["id"] = "doc10"
    records[1]["Gold_passage"]["id"] = 11
    del records[2]["Gold_passage"]
    write_json(folder / "topiocqa_dev.json", records)
    expected = {qid: {docid: 1} for qid, docid in GOLD.items() if qid != "1_3"}
    assert open_collection("topiocqa", folder).qrels("dev") == expected
    # A release without any: those of the retriever files.
    write_json(folder / "topiocqa_dev.json", [{**record, "Gold_passage": None} for record in records])
    assert open_collection("topiocqa", folder).qrels("dev") == {qid: {docid: 1} for qid, docid in GOLD.items()}


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("spelling", ["{}", "doc{}", "wiki:{}"])
def test_passages_with_and_without_a_header(tmp_path: Path, header: bool, spelling: str) -> None:
    rows = ["id\ttext\ttitle"] * header + [f'{spelling.format(7)}\t"A ""king"" of Norway"\tNorway [SEP] Kings']
    write_lines(tmp_path / "full_wiki_segments.tsv", rows)
    passages = list(open_collection("topiocqa", tmp_path).passages("dev"))
    assert [(passage.id, passage.contents) for passage in passages] == [("7", 'Norway [SEP] Kings A "king" of Norway')]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Turn_no": "x"}, r"record 5: expected 'Turn_no' to be an integer, found 'x'"),
        ({"Context": ["a", "b", "c"]}, r"record 5: expected 'Context' to be the 1 questions and answers before turn 2"),
        ({"Context": "a"}, r"record 5: expected 'Context' to be a list of texts"),
        ({"Question": ""}, r"record 5: expected 'Question' to be a text that is not empty"),
        ({"Turn_no": 1, "Context": []}, r"expected every turn once, found '2_1' twice"),
    ],
)
def test_malformed_records(folder: Path, change: dict[str, object], message: str) -> None:
    records = topiocqa_original()
    records[4].update(change)
    write_json(folder / "topiocqa_dev.json", records)
    with pytest.raises(InputError, match=message):
        read(folder)


def test_a_file_that_was_cut(folder: Path) -> None:
    path = folder / "topiocqa_dev.json"
    path.write_text(json.dumps(topiocqa_original())[:-200])
    with pytest.raises(
        InputError, match=r"topiocqa_dev\.json: expected one JSON array, found after record \d what is not"
    ):
        read(folder)


def test_nothing_there(tmp_path: Path) -> None:
    collection = open_collection("topiocqa", tmp_path)
    for reading in (collection.queries, collection.qrels, collection.passages):
        with pytest.raises(InputError, match=r"`disco data get topiocqa`"):
            list(reading("dev"))
