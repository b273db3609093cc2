"""A server that means harm: rewriting ends in time, in bounded memory, with one message and without the key."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from chat import answer, chat_server, completion

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.rewriting.rewrite_turns import Answer
from disco_pyserini.rewriting.server import KEY_VARIABLE, ChatServer

KEY = "sk-a-secret-key"
BOMB = gzip.compress(bytes(2**26), 1)
PROMPT = ("q", "Last question: and then?")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv(KEY_VARIABLE, KEY)


def ask(behave: Callable[[Any], object], **options: Any) -> Answer:
    """Ask a server that behaves so."""
    with chat_server(lambda handler, question, before: bool(behave(handler)) or True) as chat:
        rewriter = ChatServer(chat.url, "m", **{"attempts": 1, "timeout": 5.0, **options})
        [found] = list(rewriter.answers([PROMPT]))
        return found


def start(handler: Any, *headers: tuple[str, str]) -> None:
    handler.close_connection = True
    handler.send_response(200)
    for name, value in headers:
        handler.send_header(name, value)
    handler.end_headers()


def endless(handler: Any) -> None:
    start(handler)
    while True:
        handler.wfile.write(b"x" * 2**16)


def endless_redirect(handler: Any) -> None:
    handler.close_connection = True
    handler.send_response(302)
    handler.send_header("Location", "/")
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 2**16)


def bomb(handler: Any) -> None:
    start(handler, ("Content-Encoding", "gzip"), ("Content-Length", str(len(BOMB))))
    handler.wfile.write(BOMB)


def drip(handler: Any) -> None:
    start(handler, ("Content-Length", "100000"))
    for _ in range(200):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def dripping_headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    drip_on(handler)


def dripping_chunk(handler: Any) -> None:
    start(handler, ("Transfer-Encoding", "chunked"))
    drip_on(handler)


def drip_on(handler: Any) -> None:
    for _ in range(200):
        handler.wfile.write(b"0")
        time.sleep(0.05)


def megabytes_of_headers(handler: Any) -> None:
    start(handler, *((f"X-{number}", "x" * 60_000) for number in range(200)))


def too_short(handler: Any) -> None:
    start(handler, ("Content-Length", "100000"))
    handler.wfile.write(completion("half an answ"))


@pytest.mark.parametrize("behave", [endless, bomb, megabytes_of_headers, too_short])
def test_an_answer_without_end(behave: Callable[[Any], None]) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DiscoError, match="did not answer 1 times in a row"):
            ask(behave, timeout=1.0)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("drip", [drip, dripping_headers, dripping_chunk])
def test_an_answer_that_drips(drip: Callable[[Any], None]) -> None:
    began = time.monotonic()
    with pytest.raises(DiscoError, match=r"the answer was not complete within 0\.5 s"):
        ask(drip, timeout=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("charset", ["idna", "zlib", "utf-16", "nothing"])
def test_an_answer_that_is_not_text(charset: str) -> None:
    with pytest.raises(DiscoError, match="expected a chat completion, found") as caught:
        ask(lambda handler: answer(handler, 200, b"\xff\x1b[2J\xff", Content_Type=f"text/plain; charset={charset}"))
    assert str(caught.value).isprintable()


def test_an_error_page_with_terminal_codes() -> None:
    with pytest.raises(InputError) as caught:
        ask(lambda handler: answer(handler, 403, "\x1b]0;title\x07 \u202e no".encode()))
    assert str(caught.value).isprintable()


def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(DiscoError):
        ask(endless_redirect, timeout=1.0)
    with pytest.raises(InputError, match="refused: status 307"):
        ask(lambda handler: answer(handler, 307, b"", Location="http://127.0.0.1:1/"))


def test_a_pause_of_impossible_length() -> None:
    for given in ("Mon, 01 Jan 99999999999 00:00:00 GMT", "nan", "inf", "1e999", "-1", "x" * 1000):
        with pytest.raises(DiscoError, match="did not answer"):
            ask(lambda handler, given=given: answer(handler, 429, b"", Retry_After=given))


def test_the_key_comes_back_in_no_answer() -> None:
    assert ask(lambda handler: answer(handler, 200, completion(f"the key is {KEY}"))).text == "the key is ***"
    assert KEY not in ask(lambda handler: answer(handler, 422, f"bad {KEY}".encode())).reason
    for status in (200, 401, 500):
        with pytest.raises(DiscoError) as caught:
            ask(lambda handler, status=status: answer(handler, status, f"{'x' * 250}{KEY}".encode()))
        assert KEY not in str(caught.value) and "***" in str(caught.value)


@pytest.mark.parametrize("wrong", ["sk-two\nlines", "sk-schlüssel", "sk-\0"])
def test_a_key_that_cannot_be_sent_is_not_shown(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setattr("os.environ", {KEY_VARIABLE: wrong})
    with pytest.raises(InputError, match=r"expected a key of printable ASCII characters in DISCO_API_KEY") as caught:
        ChatServer("http://127.0.0.1:1", "m")
    assert "sk-" not in str(caught.value)
