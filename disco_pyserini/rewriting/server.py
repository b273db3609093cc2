"""Rewrites by servers with the OpenAI chat API: vLLM, llama.cpp, Ollama, or a paid service."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any

import requests
from requests.auth import AuthBase

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.rewriting.rewrite_turns import Answer
from disco_pyserini.web import TimeLimit, open_session

KEY_VARIABLE = "DISCO_API_KEY"
"""Environment variable with the server's API key. Not OPENAI_API_KEY, which must not be sent to arbitrary servers."""

_PASSING = frozenset({408, 409, 425, 429})
_ONE_PROMPT_ONLY = frozenset({400, 413, 422})
_LONGEST_PAUSE = 60.0
_LONGEST_RETRY_AFTER = 600.0
_LARGEST_ANSWER = 2**18  # bytes
_BLOCK = 2**12


class ChatServer:
    """A `Rewriter` with concurrent requests at temperature 0, to one server or to several with the same model.

    Each request goes to the server that has the fewest, so that a slow one gets less to do. One that did not answer is
    asked only while all others have not answered either.

    Temporary errors (no connection, a time-out, statuses 408, 409, 425, 429 and 5xx, an answer that is not a chat
    completion) are retried with exponential backoff, or after the server's ``Retry-After``. Prompts that the server
    refuses (400, 413, 422) get no answer. Any other error stops the run.

    Args:
        urls: the server, or several; requests go to ``{url}/v1/chat/completions``.
        model: the model's name on the server.
        concurrency: the number of concurrent requests for each server.
        max_new_tokens: the maximum answer length.
        attempts: the maximum number of attempts per prompt.
        first_pause: seconds before the second attempt.
        timeout: seconds to wait for the connection, and for a whole answer. An answer has at most 256 KiB.

    Raises:
        InputError: a URL is not an HTTP URL, there is none, or the API key is not printable ASCII.
    """

    def __init__(
        self,
        urls: str | Sequence[str],
        model: str,
        concurrency: int = 8,
        max_new_tokens: int = 128,
        attempts: int = 7,
        first_pause: float = 1.0,
        timeout: float = 120.0,
    ) -> None:
        urls = [urls] if isinstance(urls, str) else list(dict.fromkeys(urls))
        for url in urls or [""]:
            if not url.startswith(("http://", "https://")):
                raise InputError(f"expected --server with a URL such as http://localhost:8000, found {url!r}")
        self._servers = [_Server(f"{url.rstrip('/').removesuffix('/v1')}/v1/chat/completions") for url in urls]
        self._lock = threading.Lock()
        self._model = model
        self._concurrency = concurrency * len(urls)
        self._max_new_tokens = max_new_tokens
        self._attempts = attempts
        self._first_pause = first_pause
        self._timeout = timeout
        self._key = os.environ.get(KEY_VARIABLE, "").strip()
        if not self._key.isascii() or not self._key.isprintable():
            raise InputError(f"expected a key of printable ASCII characters in {KEY_VARIABLE}, found others in it")
        self._stop = threading.Event()

    @property
    def name(self) -> str:
        return self._model

    def answers(self, prompts: Iterable[tuple[str, str]]) -> Iterator[Answer]:
        """See `Rewriter.answers`."""
        remaining = iter(prompts)
        self._stop.clear()
        pool = ThreadPoolExecutor(self._concurrency)
        waiting: set[Future[Answer]] = set()
        with open_session(self._concurrency) as session:
            session.auth = _Key(self._key)
            try:
                while True:
                    for qid, prompt in islice(remaining, self._concurrency - len(waiting)):
                        waiting.add(pool.submit(self._ask, session, qid, prompt))
                    if not waiting:
                        return
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    # Keep the answers that arrived before a failure stops the run.
                    for future in sorted(done, key=lambda future: future.exception() is not None):
                        yield future.result()
            finally:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, session: requests.Session, qid: str, prompt: str) -> Answer:
        problem, retry_after = "", None
        for attempt in range(self._attempts):
            if attempt and self._stop.wait(self._pause(attempt, retry_after)):
                break
            retry_after = None
            server = self._idlest()
            try:
                with server.asked(self._lock):
                    response, body = self._post(session, server.url, prompt)
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as failure:
                problem = self._shown(f"{type(failure).__name__}: {failure}")
                continue
            except requests.RequestException as failure:
                raise InputError(self._shown(f"{server.url}: cannot be asked: {failure}: check --server")) from None
            if response.ok and not response.is_redirect:
                text, cut = _content(body)
                if text is not None:
                    return Answer(qid, self._without_key(text), cut=cut)
                problem = self._shown(f"expected a chat completion, found {_decoded(body)!r}")
                continue
            problem = self._shown(f"status {response.status_code} {response.reason}: {_decoded(body)}")
            if response.status_code in _ONE_PROMPT_ONLY:
                return Answer(qid, None, f"the server refused: {problem}")
            if response.status_code not in _PASSING and response.status_code < 500:
                raise InputError(
                    f"{server.url} refused: {problem}: check --server, --server-model and the key in {KEY_VARIABLE}"
                )
            retry_after = _seconds(response.headers.get("Retry-After", ""))
        raise DiscoError(
            f"{server.url} did not answer {self._attempts} times in a row, the last time: {problem}: every rewrite "
            "so far is kept, and the same command continues"
        )

    def _idlest(self) -> _Server:
        with self._lock:
            return min(self._servers, key=lambda server: (server.silent, server.requests))

    def _post(self, session: requests.Session, url: str, prompt: str) -> tuple[requests.Response, bytes]:
        """Ask once. Return the response, and its body up to the largest answer.

        Raises:
            requests.RequestException: the server did not answer in time, or not with HTTP.
        """
        body = bytearray()
        slow = f"{url}: the answer was not complete within {self._timeout:g} s"
        # Not packed: a small answer could unpack to gigabytes.
        with (
            TimeLimit(self._timeout, slow),
            session.post(
                url,
                json=self._request(prompt),
                headers={"Accept-Encoding": "identity"},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            for piece in response.iter_content(_BLOCK) if _is_plain(response) else ():
                body += piece
                if len(body) > _LARGEST_ANSWER:
                    break
        return response, bytes(body)

    def _request(self, prompt: str) -> dict[str, Any]:
        return {
            "model": self._model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0,
            "max_tokens": self._max_new_tokens,
        }

    def _pause(self, attempt: int, retry_after: float | None) -> float:
        if retry_after is not None:
            return min(retry_after, _LONGEST_RETRY_AFTER)
        # Add jitter, so that requests that failed together are not all retried at once.
        pause: float = min(self._first_pause * 2 ** (attempt - 1), _LONGEST_PAUSE)
        return pause * random.uniform(0.75, 1.25)

    def _shown(self, text: str) -> str:
        """Shorten a server's error message to one printable line without the API key, which some servers repeat."""
        text = " ".join(self._without_key(text).split())[:300]
        return "".join(character if character.isprintable() else "?" for character in text)

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


class _Server:
    """One server: how many requests it has, and whether its last one got no answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests = 0
        self.silent = False

    @contextmanager
    def asked(self, lock: threading.Lock) -> Iterator[None]:
        """Count a request."""
        with lock:
            self.requests += 1
        silent = True
        try:
            yield
            silent = False
        finally:
            with lock:
                self.requests -= 1
                self.silent = silent


class _Key(AuthBase):
    """Sends the API key, and keeps requests from sending a password from ~/.netrc instead."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def _is_plain(response: requests.Response) -> bool:
    return response.headers.get("Content-Encoding", "identity") == "identity"


def _decoded(body: bytes) -> str:
    return body[:1000].decode(errors="replace")


def _content(body: bytes) -> tuple[str | None, bool]:
    """Return the text of a chat completion, None without one, and whether it was cut at the token limit."""
    try:
        choice = json.loads(body)["choices"][0]
        content, cut = choice["message"]["content"], choice.get("finish_reason") == "length"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return None, False
    # The content is missing if the model was stopped before its first word.
    return "" if content is None else content if isinstance(content, str) else None, cut


def _seconds(retry_after: str) -> float | None:
    """Return the seconds to wait for a ``Retry-After`` header, which is a number or a date."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            return max(parsedate_to_datetime(retry_after).timestamp() - time.time(), 0.0)
        except (ValueError, OverflowError):
            return None
    return seconds if seconds >= 0 else None
