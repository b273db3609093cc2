"""What the server accepts at most, so that no request can take it down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on requests.

    Attributes:
        hits: documents for one question.
        messages: messages in one conversation.
        queries: questions in one request.
        request_bytes: the size of a request's body.
        waiting: requests that are accepted and not answered yet; beyond it, the answer is 429.
        seconds: time to answer an accepted request, and to send a request.
        batch: questions that one thread encodes together; the first of them waits for the last.
    """

    hits: int = 1000
    messages: int = 1000
    queries: int = 64
    request_bytes: int = 1 << 20
    waiting: int = 256
    seconds: float = 30.0
    batch: int = 8
