"""Rewrites by a server: a real one on localhost, with everything that goes wrong with servers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from chat import answer, chat_server, completion

from disco_pyserini.conversation import Conversation
from disco_pyserini.datasets.rewrites import read_rewrites
from disco_pyserini.datasets.turns import Query, read_turns, write_turns
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.rewriting import default_prompt, rewrite_turns
from disco_pyserini.rewriting.server import KEY_VARIABLE, ChatServer


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def queries(number: int) -> list[Query]:
    return [
        Query(f"c_{i}", "c", Conversation.from_history(f"and question {i}?", [("who?", "someone")]))
        for i in range(number)
    ]


def server(url: str, **options: Any) -> ChatServer:
    return ChatServer(url, "some-model", **{"first_pause": 0.01, "timeout": 5.0, **options})


def expected(number: int) -> dict[str, str]:
    return {f"c_{i}": f"Rewritten: and question {i}?" for i in range(number)}


def test_every_turn_is_asked_and_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(handler: Any, question: str, before: int) -> bool:
        time.sleep(0.05)
        return False

    monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
    done: list[int] = []
    with chat_server(slowly) as chat:
        rewriter = server(chat.url + "/v1/", concurrency=4)
        summary = rewrite_turns(queries(12), default_prompt(), rewriter, tmp_path / "r.jsonl", done.append)
    assert (summary.written, summary.earlier, summary.failed, sum(done)) == (12, 0, {}, 12)
    assert read_rewrites(tmp_path / "r.jsonl") == expected(12)
    records = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    for record in records:
        assert (record["model"], record["prompt"]) == ("some-model", default_prompt().sha256)
        assert abs(datetime.fromisoformat(record["time"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert chat.most_at_once == 4
    assert chat.keys == {"Bearer sk-secret"}
    assert {request["path"] for request in chat.requests} == {"/v1/chat/completions"}
    request = chat.requests[0]
    assert (request["model"], request["temperature"], request["messages"][0]["role"]) == ("some-model", 0, "user")
    assert "User: who?\nSystem: someone\nLast question: and question" in request["messages"][0]["content"]


def test_several_servers_share_the_work_and_a_dead_one_is_left_alone(tmp_path: Path) -> None:
    def slowly(handler: Any, question: str, before: int) -> bool:
        time.sleep(0.05)
        return False

    with chat_server(slowly) as slow, chat_server() as fast:
        rewriter = ChatServer(
            ["http://127.0.0.1:9", slow.url, fast.url], "some-model", concurrency=2, first_pause=0.01, timeout=5.0
        )
        summary = rewrite_turns(queries(40), default_prompt(), rewriter, tmp_path / "r.jsonl", lambda done: None)
    assert (summary.written, summary.failed) == (40, {})
    assert read_rewrites(tmp_path / "r.jsonl") == expected(40)
    assert len(fast.requests) > len(slow.requests) > 0
    assert len(fast.requests) + len(slow.requests) == 40


def test_no_server() -> None:
    with pytest.raises(InputError, match="expected --server with a URL"):
        ChatServer([], "some-model")


def fail(handler: Any, kind: str) -> bool:
    if kind == "status 500":
        return answer(handler, 500, b"{}")
    if kind == "status 429":
        return answer(handler, 429, b"slow down")
    if kind == "no json":
        return answer(handler, 200, b'{"choices": [{"mess')
    if kind == "other json":
        return answer(handler, 200, b'{"choices": []}')
    if kind == "dropped":
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True
    elif kind == "cut":
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"choices"')
        handler.close_connection = True
    elif kind == "slow":
        time.sleep(0.6)
        handler.close_connection = True
    return True


@pytest.mark.parametrize("kind", ["status 500", "status 429", "no json", "other json", "dropped", "cut", "slow"])
def test_what_passes_is_tried_again(tmp_path: Path, kind: str) -> None:
    with chat_server(lambda handler, question, before: before < 2 and fail(handler, kind)) as chat:
        rewrite_turns(queries(3), default_prompt(), server(chat.url, timeout=0.3), tmp_path / "r.jsonl")
    assert read_rewrites(tmp_path / "r.jsonl") == expected(3)
    assert set(chat.seen.values()) == {3}


def test_pauses_double(tmp_path: Path) -> None:
    with chat_server(lambda handler, question, before: before < 4 and fail(handler, "status 500")) as chat:
        rewrite_turns(queries(1), default_prompt(), server(chat.url, first_pause=0.08), tmp_path / "r.jsonl")
    [times] = chat.times.values()
    pauses = [later - earlier for earlier, later in pairwise(times)]
    for number, pause in enumerate(pauses):
        assert 0.75 * 0.08 * 2**number <= pause <= 1.25 * 0.08 * 2**number + 0.3


@pytest.mark.slow
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_server_may_name_the_pause(tmp_path: Path, form: str) -> None:
    def busy(handler: Any, question: str, before: int) -> bool:
        # A date has whole seconds, so it is between 1 and 2 of them away.
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        return before == 0 and answer(handler, 429, b"", Retry_After="1" if form == "seconds" else date)

    with chat_server(busy) as chat:
        rewrite_turns(queries(1), default_prompt(), server(chat.url), tmp_path / "r.jsonl")
    [[first, second]] = chat.times.values()
    assert 0.9 <= second - first < 3


def test_a_server_that_stays_down_stops_the_run_and_it_continues(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"

    def down(handler: Any, question: str, before: int) -> bool:
        return question in ("and question 5?", "and question 6?") and fail(handler, "status 500")

    with (
        chat_server(down) as chat,
        pytest.raises(DiscoError, match=r"did not answer 3 times.*status 500.*continues") as e,
    ):
        rewrite_turns(queries(9), default_prompt(), server(chat.url, attempts=3, concurrency=1), path)
    assert e.value.exit_code == 1
    assert read_rewrites(path) == expected(5)
    with chat_server() as chat:
        summary = rewrite_turns(queries(9), default_prompt(), server(chat.url), path)
    assert (summary.written, summary.earlier) == (4, 5)
    assert sorted(chat.seen) == [f"and question {i}?" for i in (5, 6, 7, 8)]
    assert read_rewrites(path) == expected(9)
    with pytest.raises(DiscoError, match=r"did not answer 2 times in a row, the last time: ConnectionError"):
        rewrite_turns(queries(10), default_prompt(), server("http://127.0.0.1:9", attempts=2), path)


def test_a_refused_prompt_or_an_empty_answer_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    def refuse(handler: Any, question: str, before: int) -> bool:
        bodies = {"and question 2?": (400, b"content filter"), "and question 4?": (200, completion(None))}
        return question in bodies and answer(handler, *bodies[question])

    with chat_server(refuse) as chat:
        summary = rewrite_turns(queries(6), default_prompt(), server(chat.url), tmp_path / "r.jsonl")
    assert summary.written == 4
    assert summary.failed["c_2"] == "the server refused: status 400 Bad Request: content filter"
    assert "no rewrite in the answer" in summary.failed["c_4"]
    assert chat.seen["and question 2?"] == 1


def test_an_answer_cut_at_the_limit_is_reported(tmp_path: Path) -> None:
    def cut(handler: Any, question: str, before: int) -> bool:
        choice = {"message": {"content": "And who was the ki"}, "finish_reason": "length"}
        return question == "and question 2?" and answer(handler, 200, json.dumps({"choices": [choice]}).encode())

    with chat_server(cut) as chat:
        summary = rewrite_turns(queries(3), default_prompt(), server(chat.url), tmp_path / "r.jsonl")
    assert summary.written == 2
    assert "cut at the token limit: 'And who was the ki'" in summary.failed["c_2"]


def test_a_wrong_key_stops_at_once_and_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
    with (
        chat_server(lambda handler, *_: answer(handler, 401, b"Incorrect API key provided: sk-secret")) as chat,
        pytest.raises(InputError, match=rf"refused: status 401.*provided: \*\*\*: check .*{KEY_VARIABLE}") as problem,
    ):
        rewrite_turns(queries(3), default_prompt(), server(chat.url, concurrency=1), tmp_path / "r.jsonl")
    assert "sk-secret" not in str(problem.value)
    assert chat.seen.total() <= 2


def test_redirects_are_not_followed_with_the_key(tmp_path: Path) -> None:
    with (
        chat_server(lambda handler, *_: answer(handler, 307, b"", Location="http://127.0.0.1:9/")) as chat,
        pytest.raises(InputError, match="refused: status 307"),
    ):
        rewrite_turns(queries(1), default_prompt(), server(chat.url), tmp_path / "r.jsonl")
    with pytest.raises(InputError, match="--server with a URL such as"):
        server("localhost:8000")


@pytest.mark.parametrize("header", ["", "soon", "-3", "nan"])
def test_a_pause_that_cannot_be_read_does_not_count(tmp_path: Path, header: str) -> None:
    with chat_server(lambda handler, _, before: before == 0 and answer(handler, 503, b"", Retry_After=header)) as chat:
        rewrite_turns(queries(1), default_prompt(), server(chat.url), tmp_path / "r.jsonl")
    assert read_rewrites(tmp_path / "r.jsonl") == expected(1)


def test_control_c_says_how_to_continue(tmp_path: Path) -> None:
    turns, output = tmp_path / "turns.jsonl", tmp_path / "r.jsonl"
    write_turns(queries(1000), turns)
    with chat_server(lambda *_: time.sleep(0.05) is not None) as chat:
        options = ["--server", chat.url, "--server-model", "m", "--batch-size", "2"]
        command = [*COMMAND, "rewrite", "--turns", str(turns), "--output", str(output), *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while not (output.exists() and output.stat().st_size) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped: the same command continues" in messages and "Traceback" not in messages
    assert 0 < len(read_rewrites(output)) < 1000


COMMAND = [sys.executable, "-m", "disco_pyserini"]


@pytest.mark.slow
def test_the_command_killed_continued_and_made_topics(tmp_path: Path) -> None:
    turns, output = tmp_path / "turns.jsonl", tmp_path / "r.jsonl"
    write_turns(queries(30), turns)

    def slowly(handler: Any, question: str, before: int) -> bool:
        time.sleep(0.1)
        return False

    with chat_server(slowly) as chat:
        options = ["--server", chat.url, "--server-model", "m", "--batch-size", "2"]
        command = [*COMMAND, "rewrite", "--turns", str(turns), "--output", str(output), *options]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while not (output.exists() and output.read_bytes().count(b"\n") >= 4) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = output.read_bytes().count(b"\n")
        assert 4 <= kept < 30
        with output.open("a") as lines:
            lines.write('{"qid": "c_29", "rewr')
        environment = {**os.environ, KEY_VARIABLE: "sk-secret"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        assert f"{30 - kept} rewrites added to {output}, {kept} existed already" in done.stdout
        assert "sk-secret" not in done.stdout + done.stderr + output.read_text()
    assert read_rewrites(output) == expected(30)

    topics = tmp_path / "topics.tsv"
    write_turns([*list(read_turns(turns))[:20], *[Query("new", "n", Conversation.from_history("hello?"))]], turns)
    command = [*COMMAND, "data", "topics", str(turns), "--query", f"llm:{output}", "--output", str(topics)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert f"20 topics in {topics}" in done.stdout
    assert f"left out, without a llm:{output} rewrite: 1 query: new" in done.stderr
    assert f"rewrites of no turn in {turns}: 10 queries: c_2" in done.stderr
    assert topics.read_text() == "".join(f"{qid}\t{text}\n" for qid, text in list(expected(20).items()))
