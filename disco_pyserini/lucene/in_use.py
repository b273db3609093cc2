"""Closing a reader that other threads may be using."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.index_reading import reading_failures
from disco_pyserini.search.engine import closed_error


class InUse:
    """Counts the calls that use a Lucene reader, so that it is closed after the last of them.

    Lucene unmaps the files of a closed reader, also under a search on another thread: that gets one of Java's
    exceptions then, or crashes.

    Args:
        index: the folder of the index, which errors name.
    """

    def __init__(self, index: Path) -> None:
        self._index = index
        self._changed = threading.Condition()
        self._calls = 0
        self._closed = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Hold the reader open for the time of a ``with`` block.

        Raises:
            InputError: the files of the index are damaged.
            DiscoError: it is closed, or this process was forked from one in which Java runs.
        """
        jvm.check_thread()
        with self._changed:
            if self._closed:
                raise closed_error(self._index)
            self._calls += 1
        try:
            with reading_failures(self._index):
                yield
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()

    def end(self) -> bool:
        """Refuse further calls and wait for the current ones; return whether this was the first time."""
        with self._changed:
            first, self._closed = not self._closed, True
            self._changed.wait_for(lambda: not self._calls)
        return first
