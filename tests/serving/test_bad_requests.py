"""Bad input and bad luck: each has its status and its name, and the server lives on."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from running import CONVERSATION, PASSAGES, Answer, Running, Slow, make_index, serve, wait_until

from disco_pyserini.serving.limits import Limits

IMAGE = {"type": "image_url", "image_url": {"url": "https://images.example/x.png"}}
PHOTO = [{"role": "user", "content": [{"type": "text", "text": "where is the choir?"}, IMAGE]}]


@pytest.fixture(autouse=True)
def lives_on(request: pytest.FixtureRequest) -> Any:
    yield
    if "running" in request.fixturenames:
        server = request.getfixturevalue("running")
        assert server.search(query="choir").json["hits"][0]["docid"] == "choir"


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        ({"messages": []}, 400, "invalid_messages"),
        ({"messages": [{"role": "system", "content": "be brief"}]}, 400, "invalid_messages"),
        ({"messages": [{"role": "pirate", "content": "arr"}]}, 400, "invalid_messages"),
        ({"messages": [{"role": "user", "content": " "}]}, 400, "invalid_messages"),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, 400, "invalid_messages"),
        ({"messages": [{"role": "user", "content": 5}]}, 400, "invalid_request"),
        ({"messages": "choir"}, 400, "invalid_request"),
        ({"messages": [{"content": "no role"}]}, 400, "invalid_request"),
        ({"messages": [{"role": "user", "content": "x"}] * 1001}, 413, "history_too_long"),
        ({"messages": CONVERSATION, "query": "both"}, 400, "invalid_request"),
        ({"messages": CONVERSATION, "query_form": "backwards"}, 400, "invalid_query_form"),
        ({"messages": CONVERSATION, "query_form": "last:0"}, 400, "invalid_query_form"),
        ({"messages": CONVERSATION, "query_form": "last:" + "9" * 5000}, 400, "invalid_query_form"),
        ({"query": ""}, 400, "invalid_query"),
        ({"query": "\t\n"}, 400, "invalid_query"),
        ({}, 400, "invalid_request"),
        ({"queries": []}, 400, "invalid_request"),
        ({"queries": [{"query": "x"}] * 65}, 400, "invalid_request"),
        ({"queries": [{}]}, 400, "invalid_request"),
        ({"query": "choir", "hits": 0}, 400, "invalid_hits"),
        ({"query": "choir", "hits": -1}, 400, "invalid_hits"),
        ({"query": "choir", "hits": 10**6}, 400, "invalid_hits"),
        ({"query": "choir", "hits": 10**30}, 400, "invalid_hits"),
        ({"query": "choir", "hits": "many"}, 400, "invalid_request"),
        ({"query": "choir", "encoder": "disco:/etc"}, 400, "unknown_encoder"),
        ({"query": "choir", "k": 5}, 400, "invalid_request"),
        (["choir"], 400, "invalid_request"),
        (b"", 400, "invalid_request"),
        (b'{"query": ', 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b"[" * 100_000, 400, "invalid_json"),
        (b'{"query": "\\ud800"}', 400, "invalid_request"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_malformed_search(running: Running, body: Any, status: int, name: str) -> None:
    assert running.post("/v1/docs/search", body).error == (status, name)


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/v1/nothing/search?query=choir", 404, "unknown_index"),
        ("/v1/nothing/doc/choir", 404, "unknown_index"),
        ("/v1/docs/doc/nothing", 404, "unknown_document"),
        ("/v1/docs/doc/%00%ff%0a", 404, "unknown_document"),
        ("/v1/docs/search", 400, "invalid_request"),
        ("/v1/docs/search?query=", 400, "invalid_query"),
        ("/v1/docs/search?query=choir&hits=0", 400, "invalid_hits"),
        ("/v1/docs/search?query=choir&hits=1000000", 400, "invalid_hits"),
        ("/v1/docs/search?query=choir&k1=0.9&b=0.4", 400, "invalid_request"),
        ("/v1/docs/search?query=choir&max_doc_length=5&parse=false", 400, "invalid_request"),
        ("/v1/../../etc/passwd", 404, "unknown_route"),
        ("/nothing", 404, "unknown_route"),
        ("/v1/docs/reload", 405, "method_not_allowed"),
    ],
)
def test_a_malformed_path(running: Running, path: str, status: int, name: str) -> None:
    assert running.get(path).error == (status, name)


def test_head_is_answered_as_get(running: Running) -> None:
    for path in ("/health", "/v1/docs/search?query=choir", "/v1/docs/doc/nothing", "/", "/nothing"):
        head, got = running.ask("HEAD", path), running.get(path)
        assert (head.status, head.body) == (got.status, b"")


def test_too_much_history(running: Running) -> None:
    history = [{"role": "user", "content": "x" * 10_000}] * 1000
    assert running.search(messages=history).error == (413, "request_too_large")
    # The same without saying beforehand how long it is.
    with socket.create_connection(("127.0.0.1", running.port)) as client:
        head = "POST /v1/docs/search HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head.encode())
        try:
            for _ in range(160):
                client.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        except OSError:
            pass  # the server answered, and closed the connection
        assert b"413" in client.recv(100)


def test_images_are_ignored_and_the_answer_says_so(running: Running) -> None:
    answer = running.search(messages=PHOTO).json
    assert answer["hits"][0]["docid"] == "choir"
    assert answer["ignored"] == ["message 1: a part of type 'image_url' was ignored: only text is searched with"]


def test_html_and_control_characters_stay_text(running: Running) -> None:
    query = "<script>alert(1)</script> \x00\x1b museum opens sunday"
    answer = running.search(query=query, hits=1)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["hits"][0]["text"] == PASSAGES["museum"]
    error = running.post("/v1/<script>/search", {"query": "x"})
    assert error.error == (404, "unknown_index") and error.headers["content-type"] == "application/json"


def test_clients_that_disconnect(running: Running) -> None:
    body = json.dumps({"messages": CONVERSATION}).encode()
    head = f"POST /v1/docs/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    for sent in (b"POST /v1", head.encode() + b"\r\n\r\n" + body[:10], head.encode() + b"\r\n\r\n" + body):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", running.port)) as client:
                client.sendall(sent)
    wait_until(lambda: running.metric("disco_queue_length") == 0)
    assert running.search(query="choir").status == 200


def test_more_requests_than_may_wait(docs: Path, slow: Slow) -> None:
    with serve({"docs": docs}, Limits(waiting=3), slow) as server:
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(server.search(query="choir").status)) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: server.metric("disco_queue_length") == 3)
        refused = server.search(query="choir")
        assert refused.error == (429, "overloaded") and int(refused.headers["retry-after"]) >= 1
        slow.may_go_on.set()
        for thread in threads:
            thread.join()
        assert answers == [200] * 3
        assert server.search(query="choir").status == 200


def test_an_answer_that_takes_too_long(docs: Path, slow: Slow) -> None:
    with serve({"docs": docs}, Limits(seconds=0.2), slow) as server:
        assert server.search(query="choir").error == (504, "timed_out")
        assert server.search(query="salt").error == (504, "timed_out")
        slow.may_go_on.set()
        wait_until(lambda: server.metric("disco_queue_length") == 0)
        assert slow.batches == [1]  # nobody waits for the second one any more
        assert server.search(query="choir").status == 200


def test_a_request_that_arrives_too_slowly(docs: Path) -> None:
    with (
        serve({"docs": docs}, Limits(seconds=0.2)) as server,
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        client.sendall(b"POST /v1/docs/search HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        assert b"408" in client.recv(100)
        assert server.search(query="choir").status == 200


class Failing:
    """An encoder that fails with one text."""

    def __init__(self, encoder: Slow) -> None:
        self.encoder = encoder
        self.failures: list[int] = []

    def encode_batch(self, texts: Any) -> list[dict[str, int]]:
        if "fail" in texts:
            self.failures.append(len(texts))
            raise ValueError("no reason")
        return self.encoder.encode_batch(texts)


def test_a_question_that_fails_leaves_the_others_alone(docs: Path, slow: Slow) -> None:
    answers: dict[str, Answer] = {}
    failing = Failing(slow)
    with serve({"docs": docs}, encoder=failing) as server:

        def ask(text: str) -> None:
            answers[text] = server.search(query=text)

        threads = [threading.Thread(target=ask, args=(text,)) for text in ("museum", "choir", "fail", "salt")]
        threads[0].start()
        wait_until(lambda: slow.batches)
        for thread in threads[1:]:
            thread.start()
        wait_until(lambda: server.metric("disco_queue_length") == len(threads))
        slow.may_go_on.set()
        for thread in threads:
            thread.join()
    assert failing.failures == [3, 1]
    assert all(answers[text].status == 200 for text in ("museum", "choir", "salt"))
    assert answers["fail"].error == (500, "internal_error") and "no reason" not in answers["fail"].json["error"]


def test_an_index_that_vanishes(tmp_path: Path) -> None:
    path = make_index(tmp_path / "docs")
    with serve({"docs": path}) as server:
        shutil.rmtree(path)
        assert server.get("/ready").error == (503, "index_unavailable")
        assert server.post("/v1/docs/reload", None).error == (503, "index_unavailable")
        assert server.get("/health").status == 200
        # What was opened stays open, texts included.
        assert server.search(query="choir").json["hits"][0]["text"] == PASSAGES["choir"]
        make_index(path)
        assert server.post("/v1/docs/reload", None).status == 200
        assert server.get("/ready").status == 200


@pytest.mark.slow
def test_a_thousand_clients_at_once(docs: Path) -> None:
    body = json.dumps({"messages": CONVERSATION, "hits": 1}).encode()
    head = f"POST /v1/docs/search HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    request = head.encode() + b"Content-Type: application/json\r\n\r\n" + body

    async def ask(port: int, all_connected: asyncio.Barrier) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await all_connected.wait()
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        head, _, content = answer.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        if status == 429:
            assert b"retry-after: 1" in head.lower() and json.loads(content)["name"] == "overloaded"
        else:
            assert json.loads(content)["hits"]
        return status

    async def ask_all(port: int) -> list[int]:
        all_connected = asyncio.Barrier(1000)
        return await asyncio.gather(*(ask(port, all_connected) for _ in range(1000)))

    with serve({"docs": docs}) as server:
        statuses = Counter(asyncio.run(ask_all(server.port)))
        assert statuses.keys() <= {200, 429} and statuses[200] >= 256
        assert server.search(query="choir").status == 200
