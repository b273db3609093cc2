"""Rewrites by a server with the OpenAI chat API: vLLM, llama.cpp, Ollama, or a paid service."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any

import requests
from requests.auth import AuthBase

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.rewriting.rewrite_turns import Answer

KEY_VARIABLE = "DISCO_API_KEY"
"""Environment variable with the server's API key. Not OPENAI_API_KEY, which must not be sent to arbitrary servers."""

_PASSING = frozenset({408, 409, 425, 429})
_ONE_PROMPT_ONLY = frozenset({400, 413, 422})
_LONGEST_PAUSE = 60.0
_LONGEST_RETRY_AFTER = 600.0


class ChatServer:
    """A `Rewriter` with concurrent requests at temperature 0.

    Temporary errors (no connection, a time-out, statuses 408, 409, 425, 429 and 5xx, an answer that is not a chat
    completion) are retried with exponential backoff, or after the server's ``Retry-After``. Prompts that the server
    refuses (400, 413, 422) get no answer. Any other error stops the run.

    Args:
        url: the server; requests go to ``{url}/v1/chat/completions``.
        model: the model's name on the server.
        concurrency: the number of concurrent requests.
        max_new_tokens: the maximum answer length.
        attempts: the maximum number of attempts per prompt.
        first_pause: seconds before the second attempt.
        timeout: seconds to wait for the connection, and for each piece of an answer.

    Raises:
        InputError: the URL is not an HTTP URL.
    """

    def __init__(
        self,
        url: str,
        model: str,
        concurrency: int = 8,
        max_new_tokens: int = 128,
        attempts: int = 7,
        first_pause: float = 1.0,
        timeout: float = 120.0,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise InputError(f"expected --server with a URL such as http://localhost:8000, found {url!r}")
        self.url = f"{url.rstrip('/').removesuffix('/v1')}/v1/chat/completions"
        self._model = model
        self._concurrency = concurrency
        self._max_new_tokens = max_new_tokens
        self._attempts = attempts
        self._first_pause = first_pause
        self._timeout = timeout
        self._key = os.environ.get(KEY_VARIABLE, "").strip()
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
        with requests.Session() as session:
            session.auth = _Key(self._key)
            session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=self._concurrency))
            session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=self._concurrency))
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
            try:
                response = session.post(
                    self.url, json=self._request(prompt), timeout=self._timeout, allow_redirects=False
                )
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as failure:
                problem = self._shown(f"{type(failure).__name__}: {failure}")
                continue
            except requests.RequestException as failure:
                raise InputError(self._shown(f"{self.url}: cannot be asked: {failure}: check --server")) from None
            if response.ok and not response.is_redirect:
                text = _content(response)
                if text is not None:
                    return Answer(qid, text)
                problem = self._shown(f"expected a chat completion, found {response.text!r}")
                continue
            problem = self._shown(f"status {response.status_code} {response.reason}: {response.text}")
            if response.status_code in _ONE_PROMPT_ONLY:
                return Answer(qid, None, f"the server refused: {problem}")
            if response.status_code not in _PASSING and response.status_code < 500:
                raise InputError(
                    f"{self.url} refused: {problem}: check --server, --server-model and the key in {KEY_VARIABLE}"
                )
            retry_after = _seconds(response.headers.get("Retry-After", ""))
        raise DiscoError(
            f"{self.url} did not answer {self._attempts} times in a row, the last time: {problem}: every rewrite "
            "so far is kept, and the same command continues"
        )

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
        """Shorten a server's error message to one line, and remove the API key, which some servers repeat."""
        text = " ".join(text.split())
        return (text.replace(self._key, "***") if self._key else text)[:300]


class _Key(AuthBase):
    """Sends the API key, and keeps requests from sending a password from ~/.netrc instead."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def _content(response: requests.Response) -> str | None:
    try:
        content = response.json()["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    # The content is missing if the model was stopped before its first word.
    return "" if content is None else content if isinstance(content, str) else None


def _seconds(retry_after: str) -> float | None:
    """Return the seconds to wait for a ``Retry-After`` header, which is a number or a date."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            return max(parsedate_to_datetime(retry_after).timestamp() - time.time(), 0.0)
        except ValueError:
            return None
    return seconds if seconds >= 0 else None
