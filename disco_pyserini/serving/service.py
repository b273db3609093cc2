"""Searching served indexes from an event loop: what REST and MCP share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any

from disco_pyserini.conversation import Conversation, in_form
from disco_pyserini.encoding.cores import cores
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.search.explanation import Explanation
from disco_pyserini.search.hits import Hit, Hits
from disco_pyserini.search.searcher import Query
from disco_pyserini.serving.batching import Batcher, Job
from disco_pyserini.serving.indexes import (
    IndexSettings,
    ServedIndex,
    ServedIndexes,
    check_there,
    open_index,
    release,
    use,
)
from disco_pyserini.serving.limits import Limits
from disco_pyserini.serving.metrics import Metrics
from disco_pyserini.serving.problems import Problem
from disco_pyserini.serving.threads import encode_threads

logger = logging.getLogger(__name__)

_RETRY_AFTER = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True)
class Found:
    """A hit with its text, and, where it was asked for, the terms of its score."""

    hit: Hit
    text: str | None
    explanation: Explanation | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits of each question, their vectors by the named encoder, and how long it took, in seconds.

    Attributes:
        missing_shards: the names of the shards that did not answer each question.
    """

    encoder: str
    hits: list[list[Found]]
    missing_shards: list[Sequence[str]]
    vectors: list[dict[str, int]]
    encode_seconds: float
    search_seconds: float


class Service:
    """Answers questions about the served indexes. Make and use it in a running event loop.

    Args:
        indexes: the open indexes.
        settings: how they are opened, for `reload`.
        limits: bounds on requests.
    """

    def __init__(self, indexes: Sequence[ServedIndex], settings: IndexSettings, limits: Limits) -> None:
        self.indexes = ServedIndexes(indexes)
        self.limits = limits
        self.metrics = Metrics(lambda: self._waiting)
        self._settings = settings
        self._waiting = 0
        self._batcher = Batcher(limits.batch, encode_threads(), max(2, cores()), self.metrics.encoded)

    async def search(
        self,
        index: str,
        queries: Sequence[Query],
        hits: int,
        encoder: str | None = None,
        explain: bool = False,
        engine: str | None = None,
        query_terms: int | None = None,
    ) -> Answer:
        """Search an index.

        Args:
            index: its name.
            queries: conversations or texts, none of them empty.
            hits: documents for each of them.
            encoder: the name of a served encoder; by default the index's first.
            explain: also explain each score.
            engine: the name of a served engine; by default the index's first.
            query_terms: see `disco_pyserini.DiscoSearcher.batch_search`.

        Raises:
            Problem: the index, the encoder or the engine is unknown, hits or queries are too many, the server has too
                much to do, or it takes too long.
        """
        if not 1 <= hits <= self.limits.hits:
            raise Problem(400, "invalid_hits", f"expected hits from 1 to {self.limits.hits:,}, found {hits}")
        served = self.indexes.get(index)
        name = encoder if encoder is not None else next(iter(served.encoders))
        model = served.encoder(name)
        searcher = served.engine(engine)

        def finish(job: Job) -> Answer:
            began = perf_counter()
            with reading_index(served):
                ranked = searcher.search(job.vectors, hits, query_terms=query_terms)
                found = [
                    [
                        Found(hit, hit.text, _explained(searcher, vector, hit) if explain else None)
                        for hit in hits_of_one
                    ]
                    for vector, hits_of_one in zip(job.vectors, ranked, strict=True)
                ]
            seconds = perf_counter() - began
            self.metrics.searched(seconds)
            missing = [Hits.of(hits_of_one).missing_shards for hits_of_one in ranked]
            return Answer(name, found, missing, job.vectors, job.encode_seconds, seconds)

        def start(result: asyncio.Future[Answer]) -> None:
            self._batcher.submit(Job(model, queries, finish, result, monotonic() + self.limits.seconds))

        return await self._run(served, start)

    async def call[T](self, index: str, function: Callable[[ServedIndex], T]) -> T:
        """Call a function with an open index, in a search thread. It counts as a request that waits.

        Raises:
            Problem: as `search`, and what the function raises.
        """
        served = self.indexes.get(index)

        def start(result: asyncio.Future[T]) -> None:
            self._batcher.call(lambda: function(served), result)

        return await self._run(served, start)

    async def document(self, index: str, docid: str) -> str | None:
        """Return the text of a document; None if the index stores no texts.

        Raises:
            Problem: as `search`, or there is no such document.
        """

        def look_up(served: ServedIndex) -> str | None:
            with reading_index(served):
                text = served.searcher.doc(docid)
                known = text is not None or served.searcher.searcher.explain({}, docid) is not None
            if not known:
                raise Problem(404, "unknown_document", f"index {index}: has no document {docid!r:.200}: check the id")
            return text

        return await self.call(index, look_up)

    async def reload(self, name: str) -> ServedIndex:
        """Open the folder of an index again, and answer from it. What was accepted before is answered from the old one.

        Raises:
            Problem: the index is unknown, or cannot be opened: then the old one stays.
        """
        old = self.indexes.get(name)
        try:
            new = await asyncio.to_thread(open_index, name, old.path, self._settings)
        except DiscoError as problem:
            raise Problem(
                503, "index_unavailable", f"index {name}: {problem}: the index as it was before is still served"
            ) from problem
        self.indexes.replace(new)
        return new

    def check_ready(self) -> None:
        """Check that the folder of every index is there.

        Raises:
            Problem: one is not.
        """
        for index in self.indexes:
            check_there(index)

    async def close(self) -> None:
        """Finish what was accepted, and close the indexes."""
        await asyncio.to_thread(self._batcher.close)
        self.indexes.close()

    async def _run[T](self, served: ServedIndex, start: Callable[[asyncio.Future[T]], None]) -> T:
        if self._waiting >= self.limits.waiting:
            raise Problem(
                429,
                "overloaded",
                f"{self._waiting} requests are waiting already: send this one again after a second",
                _RETRY_AFTER,
            )
        self._waiting += 1
        use(served)
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        # Also when nobody waits for the result any more: until then, a thread uses the index.
        result.add_done_callback(lambda _: self._done(served))
        start(result)
        try:
            return await asyncio.wait_for(asyncio.shield(result), self.limits.seconds)
        except TimeoutError as problem:
            raise Problem(
                504, "timed_out", f"found no answer within {self.limits.seconds:g} s: send the request again later"
            ) from problem
        except InputError as problem:
            raise Problem(400, "invalid_query", str(problem)) from problem

    def _done(self, served: ServedIndex) -> None:
        self._waiting -= 1
        release(served)


def conversation_of(messages: Sequence[Any], form: str, limits: Limits) -> tuple[Conversation, list[str]]:
    """Return the conversation of chat messages in a query form, and what was ignored in them.

    Raises:
        Problem: the messages or the form are malformed, or there are too many messages.
    """
    if len(messages) > limits.messages:
        raise Problem(
            413,
            "history_too_long",
            f"expected at most {limits.messages:,} messages, found {len(messages):,}: leave out the oldest ones",
        )
    ignored: list[str] = []
    try:
        conversation = Conversation.from_messages(messages, ignored.append)
    except InputError as problem:
        raise Problem(400, "invalid_messages", str(problem)) from problem
    try:
        return in_form(conversation, form), ignored
    except InputError as problem:
        raise Problem(400, "invalid_query_form", str(problem)) from problem


@contextmanager
def reading_index(served: ServedIndex) -> Iterator[None]:
    """Turn an engine's exceptions, of whatever kind, into a problem with a name."""
    try:
        yield
    except Exception as problem:
        logger.exception("index %s: cannot be read", served.name)
        raise Problem(503, "index_unavailable", f"index {served.name}: cannot be read: {problem}") from problem


def _explained(searcher: Any, vector: Mapping[str, int], hit: Hit) -> Explanation:
    return Explanation.of(hit.docid, searcher.explain(vector, hit.docid) or {})
