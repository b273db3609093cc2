"""A real HTTP server on localhost that speaks the chat protocol, and misbehaves as it is told to."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Chat:
    """What a server saw.

    Attributes:
        misbehave: called with the handler, the question and how often it came before; True if it has dealt with it.
        times: when each question came.
    """

    misbehave: Callable[[Any, str, int], bool]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0


def question_of(prompt: str) -> str:
    """The last question in a prompt of the default template."""
    return re.findall(r"^Last question: (.*)$", prompt, flags=re.MULTILINE)[-1]


def answer(handler: Any, status: int, body: bytes, **headers: str) -> bool:
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)
    return True


def completion(text: str | None) -> bytes:
    message = {"role": "assistant", "content": text}
    return json.dumps({"object": "chat.completion", "choices": [{"index": 0, "message": message}]}).encode()


@contextmanager
def chat_server(misbehave: Callable[[Any, str, int], bool] = lambda handler, question, before: False) -> Iterator[Chat]:
    """Answer every question Q with ``Rewritten: Q``."""
    chat = Chat(misbehave)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            question = question_of(request["messages"][0]["content"])
            with lock:
                before = chat.seen[question]
                chat.seen[question] += 1
                chat.requests.append({"path": self.path, **request})
                chat.keys.add(self.headers.get("Authorization", ""))
                chat.times.setdefault(question, []).append(time.monotonic())
                chat.at_once += 1
                chat.most_at_once = max(chat.most_at_once, chat.at_once)
            try:
                if not chat.misbehave(self, question, before):
                    answer(self, 200, completion(f"Rewritten: {question}"))
            except (BrokenPipeError, ConnectionResetError):
                pass
            finally:
                with lock:
                    chat.at_once -= 1

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        chat.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield chat
        finally:
            server.shutdown()
