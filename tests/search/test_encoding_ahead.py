"""The next batch of queries is encoded while one is searched."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from threading import Event
from time import sleep
from types import SimpleNamespace

import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.plugin import pyserini_hooks
from disco_pyserini.search.encoding_ahead import encoded_ahead


def test_the_next_batch_is_encoded_before_it_is_asked_for() -> None:
    done = {batch: Event() for batch in "abc"}

    def encode(batch: Sequence[str]) -> list[str]:
        done[batch[0]].set()
        return [text.upper() for text in batch]

    found = encoded_ahead(encode, iter("abc"))
    assert next(found) == ("a", ["A"])
    assert done["b"].wait(10)
    assert not done["c"].is_set()
    assert list(found) == [("b", ["B"]), ("c", ["C"])]
    assert list(encoded_ahead(encode, [])) == []
    numbers = list(range(40))
    assert list(encoded_ahead(list, [numbers])) == [(numbers, numbers)]


def test_an_error_comes_with_its_batch() -> None:
    def encode(batch: Sequence[str]) -> list[str]:
        if batch[0] == "b":
            raise InputError("empty")
        return list(batch)

    found = encoded_ahead(encode, "abc")
    assert next(found) == ("a", ["a"])
    with pytest.raises(InputError, match="empty"):
        next(found)


def test_an_interrupted_search_does_not_wait_for_a_whole_batch() -> None:
    started, encoded = Event(), []

    def encode(texts: Sequence[int]) -> list[int]:
        encoded.append(texts)
        if texts[0] >= 0:
            started.set()
            sleep(0.2)
        return list(texts)

    found = encoded_ahead(encode, [[-1], range(1000)])
    assert next(found) == ([-1], [-1])
    assert started.wait(10)
    assert isinstance(found, Generator)
    found.close()
    assert len(encoded) < 10


class Counting:
    """An encoder that counts its texts."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode_batch(self, texts: Sequence[str]) -> list[dict[str, int]]:
        self.texts += texts
        return [{text: 1} for text in texts]


@pytest.fixture(name="topics")
def topics_of_the_command() -> Iterator[list[str]]:
    pyserini_hooks._texts[:] = list("abcade")
    yield pyserini_hooks._texts
    pyserini_hooks._texts.clear()


def test_pyserinis_command_encodes_ahead(topics: list[str]) -> None:
    searcher = SimpleNamespace(query_encoder=Counting())
    for batch in (["a", "b", "c", "a"], ["d", "e"]):
        assert pyserini_hooks._encoded(searcher, batch) == {text: {text: 1} for text in batch}
    assert searcher.query_encoder.texts == list("abcde")  # each batch once


def test_queries_that_no_topics_announced(topics: list[str]) -> None:
    searcher = SimpleNamespace(query_encoder=Counting())
    for batch in (["a", "b"], ["x", "y"], ["a", "d"]):
        assert pyserini_hooks._encoded(searcher, batch) == {text: {text: 1} for text in batch}
    topics.clear()
    assert pyserini_hooks._encoded(SimpleNamespace(query_encoder=Counting()), ["z"]) == {"z": {"z": 1}}
