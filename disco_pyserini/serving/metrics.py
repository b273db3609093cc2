"""What /metrics shows, in Prometheus' format."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_QUESTIONS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counts of requests and times of their parts.

    Args:
        waiting: returns how many requests are accepted and not answered yet.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("disco_requests", "Answered requests.", ["route", "status"], registry=self._registry)
        self._request_seconds = Histogram(
            "disco_request_seconds", "From request to answer.", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self._encode_seconds = Histogram(
            "disco_encode_seconds", "Encoding one batch.", buckets=_SECONDS, registry=self._registry
        )
        self._search_seconds = Histogram(
            "disco_search_seconds", "Searching for one request.", buckets=_SECONDS, registry=self._registry
        )
        self._batch_size = Histogram(
            "disco_batch_size", "Questions encoded together.", buckets=_QUESTIONS, registry=self._registry
        )
        Gauge("disco_queue_length", "Requests accepted and not answered yet.", registry=self._registry).set_function(
            waiting
        )

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request. ``route`` is the pattern of its path, so that there are few of them."""
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def encoded(self, questions: int, seconds: float) -> None:
        """Count a batch."""
        self._batch_size.observe(questions)
        self._encode_seconds.observe(seconds)

    def searched(self, seconds: float) -> None:
        """Count a search."""
        self._search_seconds.observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
