"""MTRAG and MTRAG-UN: the first lines of their files, in the places where the publisher has them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from published import write_lines

from disco_pyserini.datasets.registry import open_collection
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError

FIRST = "dd6b6ffd177f2b311abe676261279d2f<::>2"


@pytest.fixture
def folder(shared_data: Path, tmp_path: Path) -> Path:
    source = shared_data / "formats" / "mtrag"
    for domain in ("clapnq", "fiqa"):
        place = tmp_path / "mtrag-human" / "retrieval_tasks" / domain
        (place / "qrels").mkdir(parents=True)
        for kind in ("lastturn", "questions", "rewrite"):
            shutil.copy(source / f"{domain}_{kind}.first20.jsonl", place / f"{domain}_{kind}.jsonl")
        shutil.copy(source / f"{domain}_qrels_dev.first20.tsv", place / "qrels" / "dev.tsv")
    for name, target in (
        ("mtragun_reference.first3.jsonl", "generation_tasks/reference.jsonl"),
        ("mtragun_qrels_clapnq.first20.tsv", "retrieval_tasks/qrels/clapnq.tsv"),
    ):
        (tmp_path / "mtragun-human" / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, tmp_path / "mtragun-human" / target)
    return tmp_path


def read(folder: Path, name: str, split: str) -> list[Query]:
    return list(open_collection(name, folder).queries(split))


@pytest.mark.parametrize("domain", ["clapnq", "fiqa"])
def test_turns_and_judgments(folder: Path, domain: str) -> None:
    queries = read(folder, "mtrag", domain)
    assert len(queries) == 20 and all(query.rewrites.keys() == {"rewrite"} for query in queries)
    assert not any("|user|" in query.text(form) for query in queries for form in ("conversation", "rewrite"))
    qrels = open_collection("mtrag", folder).qrels(domain)
    assert sum(map(len, qrels.values())) == 20 and qrels.keys() <= {query.qid for query in queries}


def test_the_history(folder: Path) -> None:
    query = read(folder, "mtrag", "clapnq")[0]
    assert (query.qid, query.conversation_id) == (FIRST, FIRST.partition("<::>")[0])
    assert query.text("conversation") == (
        "Do the Arizona Cardinals play outside the US? [SEP] where do the arizona cardinals play this week"
    )
    # The tasks for generators know what the assistant said.
    said = [("user", "where do they play?"), ("agent", "At home."), ("user", "Outside the US?")]
    record = {
        "task_id": FIRST,
        "input": [{"speaker": speaker, "text": text} for speaker, text in said],
        "targets": [{"speaker": "agent", "text": "Yes."}],
    }
    write_lines(folder / "mtrag-human" / "generation_tasks" / "reference.jsonl", [record])
    query = read(folder, "mtrag", "clapnq")[0]
    assert query.text("conversation") == (
        "Do the Arizona Cardinals play outside the US? [SEP] At home. [SEP] where do they play?"
    )
    assert query.conversation.turns[-1].response == "Yes."


def test_flat_copies(folder: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    (flat / "clapnq" / "qrels").mkdir(parents=True)
    source = folder / "mtrag-human" / "retrieval_tasks" / "clapnq"
    shutil.copy(source / "clapnq_lastturn.jsonl", flat)
    shutil.copy(source / "qrels" / "dev.tsv", flat / "clapnq" / "qrels")
    queries = read(flat, "mtrag", "clapnq")
    assert len(queries) == 20 and all(query.depth == 1 and not query.rewrites for query in queries)
    assert open_collection("mtrag", flat).qrels("clapnq")


def test_mtrag_un(folder: Path) -> None:
    assert [query.qid.rpartition("<::>")[2] for query in read(folder, "mtrag-un", "cloud")] == ["8", "4"]
    (query,) = read(folder, "mtrag-un", "fiqa")
    assert query.depth == 7 and query.conversation.turns[-2].response
    assert str(query.conversation.turns[-1].response).startswith("The longevity of EV batteries")
    assert sum(map(len, open_collection("mtrag-un", folder).qrels("clapnq").values())) == 20


def test_passages(tmp_path: Path) -> None:
    record = {"_id": "1-0-9", "title": "Football", "text": "The Cardinals play.", "url": "…"}
    write_lines(tmp_path / "corpora" / "passage_level" / "clapnq.jsonl", [record])
    (passage,) = open_collection("mtrag", tmp_path).passages("clapnq")
    assert (passage.id, passage.contents) == ("1-0-9", "Football The Cardinals play.")


def test_marks_of_both_sides(tmp_path: Path) -> None:
    text = "|user|: where?\nand when?\n|agent|: at home\n|user|: who |user|: is that?"
    write_lines(tmp_path / "clapnq_lastturn.jsonl", [{"_id": "c<::>2", "text": "|user|: who |user|: is that?"}])
    write_lines(tmp_path / "clapnq_questions.jsonl", [{"_id": "c<::>2", "text": text}])
    (query,) = read(tmp_path, "mtrag", "clapnq")
    assert query.text("conversation") == "who |user|: is that? [SEP] at home [SEP] where? and when?"


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", r"lastturn\.jsonl:1: expected a JSON object, found what is not JSON"),
        ("[]", r"lastturn\.jsonl:1: expected a JSON object, found \[\]"),
        ({"_id": "c 2", "text": "x"}, r"lastturn\.jsonl:1: expected '_id' to be .* without white space, found 'c 2'"),
        ({"_id": "c", "text": "|user|: "}, r"lastturn\.jsonl:1: expected 'text' to be what a user says, at last"),
        ({"_id": "c", "text": "|user|: a\n|agent|: b"}, r"expected 'text' to be what a user says, at last"),
    ],
)
def test_malformed_queries(tmp_path: Path, record: Any, message: str) -> None:
    write_lines(tmp_path / "clapnq_lastturn.jsonl", [record])
    with pytest.raises(InputError, match=message):
        read(tmp_path, "mtrag", "clapnq")


def test_malformed_dialogues_and_judgments(folder: Path) -> None:
    reference = folder / "mtragun-human" / "generation_tasks" / "reference.jsonl"
    record = json.loads(reference.read_text().splitlines()[0])
    record["input"][0]["speaker"] = "agent"
    write_lines(reference, [record])
    with pytest.raises(InputError, match=r"reference\.jsonl:1, input 1: expected a turn of the user before this one"):
        read(folder, "mtrag-un", "fiqa")
    path = folder / "mtrag-human" / "retrieval_tasks" / "clapnq" / "qrels" / "dev.tsv"
    path.write_text("query-id\tcorpus-id\tscore\na\tb c\t1\na\tb\n")
    with pytest.raises(InputError, match=r"dev\.tsv:3: expected 'query-id<TAB>corpus-id<TAB>score'"):
        open_collection("mtrag", folder).qrels("clapnq")
