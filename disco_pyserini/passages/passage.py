"""A passage, and the error of a record that does not make one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from disco_pyserini.errors import InputError


@dataclass(frozen=True, slots=True)
class Passage:
    """A unit of retrieval.

    Attributes:
        id: a unique id without white space.
        contents: the text.
    """

    id: str
    contents: str


class BadRecordError(InputError):
    """One record of a corpus is unusable; reading can continue after it."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


type OnError = Callable[[BadRecordError], None]


def stop(problem: BadRecordError) -> NoReturn:
    """Raise the error: the default of every reader."""
    raise problem
