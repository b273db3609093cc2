"""How many texts the server encodes at once."""

from __future__ import annotations

import os


def one_thread_for_each_text() -> None:
    """Let libraries encode a text on one thread, unless ``OMP_NUM_THREADS`` is set. Call before they are imported.

    The server encodes several texts at once: threads that share a text wait for each other most of the time.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def encode_threads() -> int:
    """Return how many texts to encode at once."""
    from disco_pyserini.encoding.cores import cores, threads_given  # here: it imports numpy, which reads the variable

    return max(1, cores() // (threads_given() or cores()))
