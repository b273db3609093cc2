"""From passages or vectors to an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from small_indexes import Tiny, Vectors

from disco_pyserini import Conversation, DiscoSearcher, build_index, document_encoder, encode_corpus, open_vectors
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.passages import Passage
from disco_pyserini.search.engine import ENGINES, Engine
from disco_pyserini.search.index_manifest import read_index_manifest

PASSAGES = [
    {"id": "herbert", "contents": "Frank Herbert was born in Tacoma in 1920."},
    {"id": "dune", "contents": "Dune was written by Frank Herbert."},
    {"id": "1920", "contents": "The year 1920 began on a Thursday."},
]


@dataclass
class Document:
    id: str
    contents: str


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_from_passages_to_hits_with_texts(tmp_path: Path) -> None:
    counts: list[int] = []
    summary = build_index(PASSAGES, tmp_path / "new" / "index", encoder="disco-tiny", progress=counts.append)
    assert (summary.directory, summary.documents, summary.empty) == (tmp_path / "new" / "index", 3, 0)
    assert sum(counts) == 3
    assert files(tmp_path / "new") == ["index"]
    messages = [
        {"role": "user", "content": "Who wrote Dune?"},
        {"role": "assistant", "content": "Frank Herbert."},
        {"role": "user", "content": "In which year was Herbert born?"},
    ]
    with DiscoSearcher(tmp_path / "new" / "index") as searcher:
        hits = searcher.search(Conversation.from_messages(messages), k=5)
        assert {hit.docid: hit.text for hit in hits} == {one["id"]: one["contents"] for one in PASSAGES}


def test_vectors_and_every_kind_of_passage_give_the_same_index(tmp_path: Path) -> None:
    encoder = document_encoder("disco-tiny")
    encode_corpus((Passage(**one) for one in PASSAGES), tmp_path / "vectors", encoder)
    sources: list[Any] = [
        str(tmp_path / "vectors"),
        tmp_path / "vectors",
        open_vectors(tmp_path / "vectors"),
        [Document(**one) for one in PASSAGES],
        (one for one in PASSAGES),
    ]
    for number, source in enumerate(sources):
        build_index(source, str(tmp_path / str(number)), encoder=encoder, threads=2)
        manifest = read_index_manifest(tmp_path / str(number))
        assert manifest and manifest.documents == 3 and manifest.raw
        assert manifest == read_index_manifest(tmp_path / "0")


def test_texts_can_be_left_out(tmp_path: Path) -> None:
    build_index(PASSAGES, tmp_path / "index", encoder="disco-tiny", store_raw=False)
    with DiscoSearcher(tmp_path / "index") as searcher:
        assert [hit.text for hit in searcher.search("Dune", k=1)] == [None]


def test_the_engine_is_that_of_the_registry(vectors: Vectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[tuple[object, Path]] = []
    lucene = ENGINES.get("lucene")

    def build(source: Any, directory: Path, **options: Any) -> Any:
        built.append((source, directory))
        return lucene.build(source, directory, **options)

    monkeypatch.setitem(ENGINES._known, "lucene", Engine(build, lucene.open))
    counts: list[int] = []
    build_index(vectors, tmp_path / "index", progress=counts.append)
    assert built == [(vectors, tmp_path / "index")]
    assert sum(counts) == vectors.total and len(counts) > 1


def test_refusals(tiny: Tiny, tmp_path: Path) -> None:
    index = tmp_path / "index"

    def never() -> Iterator[Passage]:
        raise AssertionError("read before the arguments were checked")
        yield

    with pytest.raises(InputError, match=f"{tiny.index}: already there"):
        build_index(never(), tiny.index)
    with pytest.raises(InputError, match="unknown engine 'lucen': did you mean 'lucene'"):
        build_index(never(), index, engine="lucen")
    with pytest.raises(InputError, match="no encoder 'disco-tini'"):
        build_index(never(), index, encoder="disco-tini")
    with pytest.raises(InputError, match="no such file or folder: expected what `disco encode` wrote"):
        build_index(tmp_path / "missing", index)
    for passages, problem in (
        ([], "expected at least one passage to index, found none"),
        ([*PASSAGES, {"id": "x"}], r"passage 4 \(x\): expected contents with text, found None"),
        ([Document("x", " ")], r"passage 1 \(x\): expected contents with text, found ' '"),
        ([{"contents": "x"}], "passage 1: expected an id without white space, as text, found None"),
        ([{"id": 7, "contents": "x"}], "passage 1: expected an id without white space, as text, found 7"),
        ([{"id": "a b", "contents": "x"}], "passage 1: expected an id without white space, as text, found 'a b'"),
        (["x"], "passage 1: expected an id without white space, as text, found None"),
        ([PASSAGES[0], PASSAGES[0]], "'herbert'"),
    ):
        with pytest.raises(InputError, match=problem):
            build_index(passages, index, encoder="disco-tiny")  # type: ignore[arg-type]
    assert files(tmp_path) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(DiscoError, match="cannot write"):
        build_index(PASSAGES, tmp_path / "file" / "index", encoder="disco-tiny")
