from __future__ import annotations

from collections.abc import Iterator

import pytest
from small_indexes import Vectors

from disco_pyserini.errors import InputError
from disco_pyserini.exports.survey import chunks, survey
from disco_pyserini.vectors import VectorBatch

DOCUMENTS = {f"d{number}": {f"t{term}": term + 1 for term in range(number % 4)} for number in range(50)}


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize(("read", "size"), [(7, 3), (7, 7), (3, 20), (50, 100), (5, 1)])
def test_chunks_have_one_size_and_lose_nothing(read: int, size: int, raw: bool) -> None:
    source = Vectors(DOCUMENTS, raw=raw, batch_size=read)
    found = list(chunks(source, size))
    assert all(len(batch) == size for batch in found[:-1]) and 0 < len(found[-1]) <= size
    rows = [(docid, terms.tolist(), impacts.tolist()) for batch in found for docid, terms, impacts in batch]
    everything = source.batch(list(DOCUMENTS.items()))
    assert rows == [(docid, terms.tolist(), impacts.tolist()) for docid, terms, impacts in everything if len(terms)]
    texts = [text for batch in found for text in batch.raw or []]
    assert texts == ([f"text of\n{docid}" for docid, vector in DOCUMENTS.items() if vector] if raw else [])


def test_counts() -> None:
    source = Vectors({**DOCUMENTS, "été": {"t0": 1}}, raw=True, batch_size=9)
    found = survey(source)
    assert (found.documents, found.empty) == (38, 13)
    assert found.postings == sum(map(len, source.documents.values())) == found.frequencies.sum()
    assert (found.longest_vector, found.longest_id, found.longest_text) == (3, 5, 13)
    assert found.ignored == [source.vocabulary.index("t0")]


def test_the_digest_covers_ids_terms_and_impacts() -> None:
    one = {"d1": {"a": 1, "b": 2}, "d2": {"a": 3}}
    others = [{"d1": {"a": 1, "b": 2}, "d3": {"a": 3}}, {"d1": {"a": 1, "b": 3}, "d2": {"a": 3}}]
    others += [{"d1": {"a": 1, "b": 2}, "d2": {"b": 3}}, {"d1": {"a": 1}, "d2": {"a": 2, "b": 3}}]
    digests = [survey(Vectors(documents)).digest for documents in (one, one, *others)]
    assert digests[0] == digests[1] and len(set(digests)) == 5


def test_unusable_vectors() -> None:
    class Twice(Vectors):
        def batches(self) -> Iterator[VectorBatch]:
            yield from super().batches()
            yield from super().batches()

    with pytest.raises(InputError, match="'d1' is used twice"):
        survey(Twice({"d1": {"a": 1}, "d2": {"a": 1}}))
    with pytest.raises(InputError, match="found 1 documents without: nothing to export"):
        survey(Vectors({"d1": {}}))
