"""What the server answers, compared with `DiscoSearcher` and with Pyserini's description of its own server."""

from __future__ import annotations

import importlib.util
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from running import CONVERSATION, PASSAGES, Running, Slow, make_index, serve, wait_until

from disco_pyserini import Conversation, DiscoQueryEncoder, DiscoSearcher
from disco_pyserini.serving.limits import Limits


@pytest.fixture(scope="module")
def searcher(docs: Path, tiny_encoder: DiscoQueryEncoder) -> Iterator[DiscoSearcher]:
    with DiscoSearcher(docs, tiny_encoder) as opened:
        yield opened


def test_a_conversation_finds_what_the_searcher_finds(running: Running, searcher: DiscoSearcher) -> None:
    answer = running.search(messages=CONVERSATION, hits=3, explain=True).json
    expected = searcher.search(Conversation.from_messages(CONVERSATION), k=3)
    assert [(hit["docid"], hit["score"]) for hit in answer["hits"]] == [(hit.docid, hit.score) for hit in expected]
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    for hit in answer["hits"]:
        assert hit["text"] == PASSAGES[hit["docid"]]
        assert sum(term["score"] for term in hit["terms"]) == round(hit["score"])
        assert all(term["query_impact"] * term["document_impact"] == term["score"] for term in hit["terms"])
    assert answer["terms"] == dict(searcher.query_terms(Conversation.from_messages(CONVERSATION)))
    assert list(answer["terms"].values()) == sorted(answer["terms"].values(), reverse=True)
    assert answer["ignored"] == [] and answer["encoder"] == "disco" and answer["index"] == "docs"


@pytest.mark.parametrize("form", ["conversation", "user-turns", "last:2", "utterance"])
def test_query_forms(running: Running, searcher: DiscoSearcher, form: str) -> None:
    from disco_pyserini.conversation import in_form

    answer = running.search(messages=CONVERSATION, query_form=form, explain=True).json
    kept = in_form(Conversation.from_messages(CONVERSATION), form)
    assert answer["terms"] == dict(searcher.query_terms(kept))


def test_several_questions_are_answered_in_their_order(running: Running) -> None:
    questions: list[dict[str, Any]] = [{"query": "choir"}, {"messages": CONVERSATION}, {"query": "choir"}]
    answer = running.search(queries=questions, hits=2).json
    alone = [running.search(**question, hits=2).json for question in questions]
    assert [result["hits"] for result in answer["results"]] == [one["hits"] for one in alone]
    assert answer["results"][0] == answer["results"][2]


def test_questions_that_wait_together_are_encoded_together(docs: Path, slow: Slow, searcher: DiscoSearcher) -> None:
    texts = list(PASSAGES.values())
    found: dict[str, list[str]] = {}
    with serve({"docs": docs}, encoder=slow) as server:

        def ask(text: str) -> None:
            found[text] = [hit["docid"] for hit in server.search(query=text).json["hits"]]

        threads = [threading.Thread(target=ask, args=(text,)) for text in texts]
        threads[0].start()
        wait_until(lambda: slow.batches)
        for thread in threads[1:]:
            thread.start()
        wait_until(lambda: server.metric("disco_queue_length") == len(texts))
        slow.may_go_on.set()
        for thread in threads:
            thread.join()
        assert slow.batches[0] == 1 and sum(slow.batches) == len(texts)
        assert server.metric("disco_batch_size_count") == 2 and server.metric("disco_batch_size_sum") == len(texts)
    for text in texts:
        assert found[text] == [hit.docid for hit in searcher.search(text)]


def test_threads_share_the_questions_of_a_request(
    docs: Path, slow: Slow, searcher: DiscoSearcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("disco_pyserini.encoding.cores.cores", lambda: 2)
    texts = [f"choir {number}" for number in range(20)]
    with serve({"docs": docs}, encoder=slow) as server:
        answers: list[Any] = []
        asking = threading.Thread(
            target=lambda: answers.append(server.search(queries=[{"query": text} for text in texts], hits=2).json)
        )
        asking.start()
        wait_until(lambda: len(slow.batches) == 2)  # both threads encode
        slow.may_go_on.set()
        asking.join()
    assert sum(slow.batches) == len(texts) and max(slow.batches) <= Limits().batch
    found = [[hit["docid"] for hit in result["hits"]] for result in answers[0]["results"]]
    assert found == [[hit.docid for hit in searcher.search(text, 2)] for text in texts]


def pyserini_schema(name: str) -> Draft202012Validator:
    """Read the description of answers in Pyserini's package, without importing Pyserini."""
    spec = importlib.util.find_spec("pyserini")
    assert spec and spec.origin
    description = yaml.safe_load((Path(spec.origin).parent / "server" / "rest" / "openapi.yaml").read_text())
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": description["components"]})


def test_get_answers_as_pyserini_describes_it(running: Running) -> None:
    answer = running.get("/v1/docs/search?query=old%20harbour&hits=2").json
    pyserini_schema("SearchResponse").validate(answer)
    assert answer["query"] == {"text": "old harbour"} and answer["api"] == "v1"
    best = answer["candidates"][0]
    assert best["docid"] == "notes/old#2" and best["doc"] == PASSAGES["notes/old#2"]
    assert [hit["score"] for hit in answer["candidates"]] == [
        hit["score"] for hit in running.search(query="old harbour", hits=2).json["hits"]
    ]
    document = running.get("/v1/docs/doc/notes%2Fold%232").json
    pyserini_schema("DocumentResponse").validate(document)
    assert document == {"api": "v1", "index": "docs", "docid": "notes/old#2", "doc": PASSAGES["notes/old#2"]}
    assert running.get("/v1/docs/doc/notes/old%232").json == document
    raw = running.get("/v1/docs/doc/salt?parse=false").json["doc"]
    assert json.loads(raw) == {"id": "salt", "contents": PASSAGES["salt"]}
    assert running.get("/v1/docs/doc/salt?max_doc_length=11").json["doc"] == "the harbour"
    assert len(running.get("/v1/docs/search?query=harbour").json["candidates"]) == 2
    unknown = running.get("/v1/docs/doc/nothing")
    pyserini_schema("ErrorResponse").validate(unknown.json)


def test_health_and_metrics(running: Running) -> None:
    before = running.metric("disco_requests_total")
    assert running.get("/health").json == {"status": "alive"}
    ready = {"index": "docs", "documents": 4, "encoders": ["disco"], "engine": "lucene"}
    assert running.get("/ready").json == {"status": "ready", "indexes": [ready]}
    running.search(query="salt")
    running.get("/v1/docs/doc/nothing")
    page = running.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    text = page.body.decode()
    assert re.search(r'^disco_requests_total\{route="/v1/\{index\}/search",status="200"\} [1-9]', text, re.MULTILINE)
    assert 'disco_requests_total{route="/v1/{index}/doc/{docid:path}",status="404"}' in text
    for name in ("disco_encode_seconds", "disco_search_seconds", "disco_batch_size", "disco_request_seconds"):
        assert running.metric(f"{name}_count") > 0
    assert running.metric("disco_queue_length") == 0
    assert running.metric("disco_requests_total") > before + 4


def test_the_description_of_the_interface(running: Running) -> None:
    description = running.get("/openapi.json").json
    answers = {
        status for path in description["paths"].values() for each in path.values() for status in each["responses"]
    }
    assert "400" in answers and "422" not in answers and "ValidationError" not in str(description)
    post = description["paths"]["/v1/{index}/search"]["post"]
    examples = post["requestBody"]["content"]["application/json"]["examples"]
    assert len(examples) == 5
    for example in examples.values():
        assert running.post("/v1/docs/search", example["value"]).status == 200
    page = running.get("/docs").body.decode()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) == 3
    for address in addresses:
        assert running.get(address).status == 200  # so it is here, not on another host
    assert "://" not in page


def test_api_keys(docs: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with serve({"docs": docs}, keys=["first-key", "second-key"]) as server:
        for headers in ({}, {"X_API_Key": "first"}, {"Authorization": "Bearer second-keys"}, {"X_API_Key": "é"}):
            answer = server.get("/v1/docs/search?query=salt", **headers)
            assert answer.error == (401, "unauthorized")
        assert server.get("/metrics").status == 401
        for headers in ({"X_API_Key": "first-key"}, {"Authorization": "Bearer second-key"}):
            assert server.get("/v1/docs/search?query=salt", **headers).status == 200
        assert server.get("/health").status == 200 and server.get("/ready").status == 200
    written = capfd.readouterr()
    assert "-key" not in caplog.text + written.out + written.err


def test_cors_is_off_unless_an_origin_is_named(docs: Path, running: Running) -> None:
    origin = {"Origin": "https://app.example"}
    assert "access-control-allow-origin" not in running.get("/health", **origin).headers
    with serve({"docs": docs}, cors_origins=["https://app.example"]) as server:
        assert server.get("/health", **origin).headers["access-control-allow-origin"] == "https://app.example"
        other = server.get("/health", Origin="https://other.example")
        assert "access-control-allow-origin" not in other.headers


def test_two_indexes_share_an_encoder(docs: Path, tmp_path: Path) -> None:
    other = make_index(tmp_path / "other", {"lamp": "a lamp has a warranty", "fish": "the fish swims"})
    with serve({"docs": docs, "other": other}) as server:
        assert server.post("/v1/other/search", {"query": "lamp"}).json["hits"][0]["docid"] == "lamp"
        assert server.search(query="choir").json["hits"][0]["docid"] == "choir"
        encoders = {id(index.encoders["disco"]) for index in server.app.state.service.indexes}
        assert len(encoders) == 1
