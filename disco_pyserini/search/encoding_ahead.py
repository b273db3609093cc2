"""Encoding the next batch of queries while one is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from threading import Event

_BEFORE_A_LOOK = 16
"""Texts that are encoded before looking whether they are still wanted: an interrupted search need not wait for more."""


def encoded_ahead[Text, Vector](
    encode: Callable[[Sequence[Text]], list[Vector]], batches: Iterable[Sequence[Text]]
) -> Iterator[tuple[Sequence[Text], list[Vector]]]:
    """Yield each batch with its vectors; the next one is being encoded by then, on a thread of its own.

    The searches stay on the caller's thread, since Java knows it already.
    """
    unwanted = Event()

    def encode_all(batch: Sequence[Text]) -> list[Vector]:
        found: list[Vector] = []
        for some in batched(batch, _BEFORE_A_LOOK):
            if unwanted.is_set():
                break
            found += encode(some)
        return found

    pool = ThreadPoolExecutor(1)
    try:
        coming = None
        for batch in batches:
            following = batch, pool.submit(encode_all, batch)
            if coming:
                yield coming[0], coming[1].result()
            coming = following
        if coming:
            yield coming[0], coming[1].result()
    finally:
        unwanted.set()
        pool.shutdown(cancel_futures=True)
