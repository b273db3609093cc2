"""The hits of a query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import DiscoError
from disco_pyserini.html_tables import html_table

_SHOWN_CHARACTERS = 300


class Texts(Protocol):
    """Reads stored texts, as every `Searcher` does."""

    def text(self, docid: str) -> str | None:
        """See `disco_pyserini.search.engine.Searcher.text`."""


@dataclass(slots=True)
class Hit:
    """A document that a search returned.

    Attributes:
        docid: the document's id.
        score: its score. Each tied score is a millionth lower than the one before it, as in Anserini, so that a run
            file keeps their order.
        searcher: reads the stored text.
    """

    docid: str
    score: float
    searcher: Texts | None = field(default=None, repr=False, compare=False)

    @property
    def text(self) -> str | None:
        """The document's text, read from the index at each access; None if the index stores no texts.

        Raises:
            DiscoError: the searcher is closed.
        """
        return self.searcher.text(self.docid) if self.searcher else None


class Hits(Sequence[Hit]):
    """The hits of a query, best first. The objects are made when they are looked at, the ids when the first is.

    Args:
        read_ids: returns the documents' ids.
        scores: their scores.
        searcher: reads the stored texts.
        tied_scores: the scores before ties were lowered, which merging the hits of shards needs.
        missing_shards: the names of the shards that did not answer; empty for a complete answer.
    """

    def __init__(
        self,
        read_ids: Callable[[], Sequence[str]],
        scores: NDArray[np.floating[Any]],
        searcher: Texts | None = None,
        tied_scores: NDArray[np.float32] | None = None,
        missing_shards: Sequence[str] = (),
    ) -> None:
        self._read_ids = read_ids
        self.scores = scores
        self._searcher = searcher
        self.tied_scores = tied_scores
        self.missing_shards = missing_shards

    @cached_property
    def docids(self) -> Sequence[str]:
        """The documents' ids."""
        return self._read_ids()

    def __len__(self) -> int:
        return len(self.scores)

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> list[Hit]: ...
    def __getitem__(self, place: int | slice) -> Hit | list[Hit]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        return Hit(self.docids[place], float(self.scores[place]), self._searcher)

    def __iter__(self) -> Iterator[Hit]:
        for docid, score in zip(self.docids, self.scores.tolist(), strict=True):
            yield Hit(docid, score, self._searcher)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))

    @classmethod
    def of(cls, hits: Sequence[Hit]) -> Hits:
        """Return hits that another package made, with the abilities of this class."""
        if isinstance(hits, cls):
            return hits
        scores = np.array([hit.score for hit in hits], np.float64)
        return cls(lambda: [hit.docid for hit in hits], scores, hits[0].searcher if hits else None)

    def _repr_html_(self) -> str:
        """Return ranks, ids, scores and the beginnings of the texts, for Jupyter."""
        try:
            rows = [(rank, hit.docid, f"{hit.score:.0f}", _beginning(hit.text)) for rank, hit in enumerate(self, 1)]
            note = ""
        except DiscoError:  # the searcher is closed
            rows = [(rank, hit.docid, f"{hit.score:.0f}", None) for rank, hit in enumerate(self, 1)]
            note = " (no texts: the searcher is closed)"
        return html_table(f"{len(self)} hits{note}", ("rank", "document", "score", "text"), rows)


def _beginning(text: str | None) -> str | None:
    if text is None or len(text) <= _SHOWN_CHARACTERS:
        return text
    return text[:_SHOWN_CHARACTERS].rsplit(maxsplit=1)[0] + " …"
