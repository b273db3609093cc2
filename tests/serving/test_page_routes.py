"""The routes behind the page: what they say is what the package's own functions say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rewriting.chat import answer, chat_server
from running import CONVERSATION, ENCODER, Running, serve

from disco_pyserini import Conversation, DiscoError, DiscoSearcher, InputError
from disco_pyserini.cli.serve import serve as serve_command
from disco_pyserini.rewriting import ChatServer
from disco_pyserini.search import ENGINES
from disco_pyserini.serving.indexes import IndexSettings, open_index
from disco_pyserini.serving.judging import judge_turns
from disco_pyserini.serving.page_routes import Extras


@pytest.fixture(scope="module")
def searcher(docs: Path) -> Iterator[DiscoSearcher]:
    with DiscoSearcher(docs) as opened:
        yield opened


def test_reading_and_explaining_are_the_searchers(running: Running, searcher: DiscoSearcher) -> None:
    conversation = Conversation.from_messages(CONVERSATION)
    reading = searcher.read(conversation)
    found = running.post("/v1/docs/read", {"messages": CONVERSATION}).json
    assert found["terms"] == dict(reading.terms) == running.search(messages=CONVERSATION, explain=True).json["terms"]
    assert [said["text"] for said in found["utterances"]] == [message["content"] for message in CONVERSATION]
    for said, expected in zip(found["utterances"], reading.utterances, strict=True):
        assert [word["weight"] for word in said["words"]] == [word.weight for word in expected.words]
    weights = [word["weight"] for said in found["utterances"] for word in said["words"]]
    assert sum(weights) + sum(found["elsewhere"].values()) == sum(found["terms"].values())
    for form in ("conversation", "utterance"):
        wanted = {"messages": CONVERSATION, "query_form": form}
        for hit in running.search(**wanted).json["hits"]:
            explained = running.post("/v1/docs/explain", {**wanted, "docid": hit["docid"]}).json
            assert explained["score"] == round(hit["score"]) == sum(term["score"] for term in explained["terms"])
            assert explained["text"] == hit["text"]


def test_an_index_in_numbers(running: Running, docs: Path) -> None:
    found = running.get("/v1/docs/about").json
    manifest = json.loads((docs / "disco.json").read_text())
    assert (found["documents"], found["postings"]) == (4, manifest["postings"])
    assert (found["document_encoder"], found["engines"], found["rewriter"], found["judged"]) == (
        *(ENCODER, ["lucene"], None),
        False,
    )


def test_bad_requests(running: Running) -> None:
    question = {"query": "salt"}
    assert running.post("/v1/docs/read", {}).error == (400, "invalid_request")
    assert running.post("/v1/docs/read", {"messages": [{"role": "user", "content": " "}]}).error[0] == 400
    assert running.post("/v1/docs/read", {**question, "encoder": "none"}).error == (400, "unknown_encoder")
    assert running.post("/v1/none/read", question).error == (404, "unknown_index")
    assert running.get("/v1/none/about").error == (404, "unknown_index")
    assert running.post("/v1/docs/explain", {**question, "docid": "none"}).error == (404, "unknown_document")
    assert running.post("/v1/docs/rewrite", question).error == (404, "no_rewriter")
    assert running.get("/v1/docs/turns").error == (404, "no_judged_turns")
    assert running.search(query="salt", engine="none").error == (400, "unknown_engine")
    assert running.search(query="salt", query_terms=0).error == (400, "invalid_request")


def test_fewer_terms_are_a_search_with_fewer_terms(running: Running, searcher: DiscoSearcher) -> None:
    conversation = Conversation.from_messages(CONVERSATION)
    for terms in (1, 3):
        found = running.search(messages=CONVERSATION, query_terms=terms).json["hits"]
        assert [hit["docid"] for hit in found] == [hit.docid for hit in searcher.search(conversation, 10, terms)]


def test_engines_to_choose_from(docs: Path, searcher: DiscoSearcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES._known, "second", ENGINES.get("lucene"))
    index = open_index("docs", docs, IndexSettings(further_engines=("second",)))
    first, second = index.engine(None), index.engine("second")
    assert index.engines == ["lucene", "second"] and index.engine("lucene") is first is not second
    vectors = [dict(searcher.query_terms(Conversation.from_messages(CONVERSATION)))]
    assert second.search(vectors, 3) == first.search(vectors, 3)
    index.close()
    with pytest.raises(DiscoError, match="the searcher is closed"):
        second.search(vectors, 3)


def test_options_that_belong_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    options: list[dict[str, Any]] = [{"turns": "turns.jsonl"}, {"rewrite_model": "small"}]
    for each in options:
        with pytest.raises(InputError, match=f"--{next(iter(each)).replace('_', '-')}.* together"):
            serve_command(["docs"], **each)


def test_the_page_may_load_nothing_from_elsewhere(running: Running) -> None:
    for path in ("/", "/page/main.js", "/page/style.css"):
        answer = running.get(path)
        assert answer.status == 200
        assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert running.get("/page/../app.py").status == running.get("/page/%2e%2e/app.py").status == 404


def test_a_language_model_rewrites(docs: Path) -> None:
    def misbehave(handler: Any, question: str, before: int) -> bool:
        return question == "broken" and answer(handler, 500, b"{}")

    with chat_server(misbehave) as chat:
        model = ChatServer(chat.url, "small", attempts=1)
        with serve({"docs": docs}, extras=Extras(rewriter=model)) as running:
            assert running.get("/v1/docs/about").json["rewriter"] == "small"
            found = running.post("/v1/docs/rewrite", {"messages": CONVERSATION}).json
            assert (found["rewrite"], found["model"]) == ("Rewritten: is there a museum of it?", "small")
            assert found["milliseconds"] > 0
            broken = {"messages": [{"role": "user", "content": "broken"}]}
            assert running.post("/v1/docs/rewrite", broken).error == (502, "rewriter_failed")


def test_judged_turns(docs: Path, searcher: DiscoSearcher, tmp_path: Path) -> None:
    turns, qrels = write_judged(tmp_path)
    judged = judge_turns(searcher, turns, qrels, measure="RR")
    for turn in judged.turns:
        conversation = Conversation.from_messages(turn.messages)
        for score, query in ((turn.conversation_score, conversation), (turn.rewrite_score, turn.rewrite)):
            ranked = [hit.docid for hit in searcher.search(query, 10)]
            assert score == (1 / (ranked.index(turn.relevant[0]) + 1) if turn.relevant[0] in ranked else 0)
        assert turn.difference == turn.conversation_score - turn.rewrite_score
    assert [turn.difference for turn in judged.turns] == sorted(
        (turn.difference for turn in judged.turns), reverse=True
    )
    assert judged.rewrite_mean == sum(turn.rewrite_score for turn in judged.turns) / 2
    other = judged.model_copy(update={"name": "judged with the other index"})
    extras = Extras(judged={"docs": judged, "more": other})
    with serve({"docs": docs, "more": docs, "third": docs}, extras=extras) as running:
        assert running.get("/v1/docs/turns").json == judged.model_dump()
        assert running.get("/v1/more/turns").json == other.model_dump()
        assert not running.get("/v1/third/about").json["judged"]
        assert running.get("/v1/docs/about").json["judged"]
    with pytest.raises(InputError, match="a rewrite named 'none', found none; rewrites here: human"):
        judge_turns(searcher, turns, qrels, rewrite="none")


def write_judged(folder: Path) -> tuple[str, str]:
    """Write two turns with rewrites, and their judgments; return the names of the files."""
    history = [["what does the harbour export?", "salt"]]
    records = [
        {"qid": "c_1", "history": [], "utterance": "what does the harbour export?", "manual_rewrite": "a choir"},
        {"qid": "c_2", "history": history, "utterance": "is there a museum of it?", "manual_rewrite": "museum of salt"},
    ]
    lines = "".join(json.dumps({"conversation_id": "c", **record}) + "\n" for record in records)
    (folder / "turns.jsonl").write_text(lines)
    (folder / "qrels.txt").write_text("c_1 0 salt 1\nc_2 0 notes/old#2 1\n")
    return str(folder / "turns.jsonl"), str(folder / "qrels.txt")
