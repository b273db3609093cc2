"""Encoding questions together that wait together, and searching with them; the event loop stays free."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic, perf_counter
from typing import Any

from disco_pyserini.search.searcher import BatchEncoder, Query

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Job:
    """Questions to encode, at least one, and what to do with their vectors.

    Attributes:
        encoder: encodes the questions.
        queries: the questions.
        finish: called in a search thread with this job, after encoding; what it returns is the result.
        result: where the result goes.
        deadline: the time (monotonic) after which nobody waits for the result.
        encoded: the vectors of encoded questions, by the place of the question.
        encode_seconds: how long the encoding of the slowest of its batches took.
    """

    encoder: BatchEncoder
    queries: Sequence[Query]
    finish: Callable[[Job], Any]
    result: asyncio.Future[Any]
    deadline: float
    encoded: dict[int, dict[str, int]] = field(default_factory=dict)
    encode_seconds: float = 0.0

    @property
    def vectors(self) -> list[dict[str, int]]:
        """The vectors in the order of the questions, once all are encoded."""
        return [self.encoded[place] for place in range(len(self.queries))]


type _Question = tuple[Job, int]
"""A job, and the place of one of its questions."""


class Batcher:
    """Threads that encode questions, and threads that search.

    A question never waits for others to come. What arrives while all threads encode is encoded together next. On a CPU,
    texts that are encoded at the same time, on one thread each, take less time than one text on all threads.

    Args:
        batch: questions that a thread encodes together at most.
        encode_threads: how many threads encode.
        search_threads: how many threads search.
        encoded: called after each batch with its number of questions and its seconds.
    """

    def __init__(
        self, batch: int, encode_threads: int, search_threads: int, encoded: Callable[[int, float], None]
    ) -> None:
        self._batch = batch
        self._encoded = encoded
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._finishing = threading.Lock()
        self._pool = ThreadPoolExecutor(search_threads, thread_name_prefix="search")
        self._encoders = [
            threading.Thread(target=self._encode_questions, name=f"encode-{number}", daemon=True)
            for number in range(encode_threads)
        ]
        for encoder in self._encoders:
            encoder.start()

    def submit(self, job: Job) -> None:
        """Encode and search; the outcome goes to ``job.result``."""
        for place in range(len(job.queries)):
            self._questions.put((job, place))

    def call(self, function: Callable[[], Any], result: asyncio.Future[Any]) -> None:
        """Call a function in a search thread; the outcome goes to ``result``."""
        self._pool.submit(_settle, result, function)

    def close(self) -> None:
        """Finish all jobs, and end the threads."""
        self._questions.put(None)
        for encoder in self._encoders:
            encoder.join()
        self._pool.shutdown()

    def _encode_questions(self) -> None:
        while (question := self._questions.get()) is not None:
            questions = [question]
            while len(questions) < self._batch and not self._questions.empty():
                try:
                    further = self._questions.get_nowait()
                except Empty:  # another thread was faster
                    break
                if further is None:
                    self._questions.put(None)
                    break
                questions.append(further)
            now = monotonic()
            for job, _ in questions:
                if job.deadline < now:
                    _settle(job.result, _raising(TimeoutError()))
            self._encode([(job, place) for job, place in questions if job.deadline >= now])
        self._questions.put(None)  # for the next thread

    def _encode(self, questions: list[_Question]) -> None:
        for encoder in {id(job.encoder): job.encoder for job, _ in questions}.values():
            together = [(job, place) for job, place in questions if job.encoder is encoder]
            different = list(dict.fromkeys(job.queries[place] for job, place in together))
            began = perf_counter()
            try:
                vectors = dict(zip(different, encoder.encode_batch(different), strict=True))
            except Exception as problem:
                if len(together) > 1:
                    for question in together:  # one of them is to blame
                        self._encode([question])
                else:
                    _settle(together[0][0].result, _raising(problem))
                continue
            seconds = perf_counter() - began
            self._encoded(len(different), seconds)
            for job, place in together:
                with self._finishing:
                    job.encode_seconds = max(job.encode_seconds, seconds)
                    job.encoded[place] = vectors[job.queries[place]]
                    complete = len(job.encoded) == len(job.queries)
                if complete:
                    self._pool.submit(_settle, job.result, lambda job=job: job.finish(job))  # type: ignore[misc]


def _raising(problem: Exception) -> Callable[[], Any]:
    def function() -> Any:
        raise problem

    return function


def _settle(result: asyncio.Future[Any], function: Callable[[], Any]) -> None:
    """Call a function, and put its outcome into a future of the event loop."""
    outcome: Any = None
    problem: Exception | None = None
    try:
        outcome = function()
    except Exception as found:
        problem = found

    def settle() -> None:
        if result.done():
            return
        if problem is not None:
            result.set_exception(problem)
        else:
            result.set_result(outcome)

    result.get_loop().call_soon_threadsafe(settle)
