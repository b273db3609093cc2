"""Files of an earlier version are read; those of a later one are refused by name, whatever else they hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_indexes import LookUp

from disco_pyserini.cards import read_card
from disco_pyserini.errors import InputError
from disco_pyserini.flat.flat_files import FlatManifest
from disco_pyserini.lucene.bm25 import Bm25Searcher
from disco_pyserini.passages import Passage
from disco_pyserini.records import Record
from disco_pyserini.search import DiscoSearcher, build_index
from disco_pyserini.search.corpus_index import _State
from disco_pyserini.search.index_manifest import IndexManifest, read_index_manifest
from disco_pyserini.search.shard_building import ShardRecord
from disco_pyserini.vectors import Manifest, encode_corpus, open_vectors

OLDER = Path(__file__).parent / "older"
QUERY = {"is": 40, "##m": 30, "s": 7, "3": 5, "o": 3}
TEXTS = {
    "curie": "Marie Curie was born in Warsaw in 1867. She studied physics in Paris.",
    "prizes": "Curie won the Nobel Prize in Physics in 1903 and in Chemistry in 1911.",
    "warsaw": "Warsaw is the capital of Poland. It stands on the Vistula.",
}
FOUND = [(docid, score, TEXTS[docid]) for docid, score in (("prizes", 3124.0), ("curie", 1011.0), ("warsaw", 91.0))]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A copy, since nothing may be written beside the files."""
    return Path(shutil.copytree(OLDER, tmp_path / "older"))


@pytest.mark.parametrize("engine", ["lucene", "flat"])
def test_older_vectors_are_read(older: Path, engine: str) -> None:
    build_index(older / "vectors", older / "new", engine=engine)
    with DiscoSearcher(older / "new", LookUp({"q": QUERY}), engine) as searcher:
        assert [(hit.docid, hit.score, hit.text) for hit in searcher.search("q", 10)] == FOUND


def test_older_indexes_are_read(older: Path) -> None:
    with DiscoSearcher(older / "lucene", LookUp({"q": QUERY})) as searcher:
        assert [(hit.docid, hit.score, hit.text) for hit in searcher.search("q", 10)] == FOUND
    with Bm25Searcher(older / "bm25") as texts:
        hits = texts.batch_search(["physics in warsaw"], ["q"], 10)["q"]
    assert [hit.docid for hit in hits] == ["curie", "warsaw", "prizes"]
    assert [hit.score for hit in hits] == pytest.approx([0.4743, 0.2632, 0.2432])
    with pytest.raises(InputError, match="expected an impact index, found a BM25 index"):
        DiscoSearcher(older / "bm25", LookUp({}))


def test_an_older_card_is_read(older: Path) -> None:
    assert read_card(older / "card.yaml").query.model == "slupart/splade-disco-human"


def test_older_vectors_are_not_mixed_with_those_of_another_encoder(older: Path) -> None:
    before = (older / "vectors" / "manifest.json").read_bytes()
    with pytest.raises(InputError, match=r"vectors: .*checkpoint"):
        encode_corpus([Passage(docid, text) for docid, text in TEXTS.items()], older / "vectors", "disco-tiny")
    assert (older / "vectors" / "manifest.json").read_bytes() == before


def test_files_of_a_later_version_are_refused(older: Path) -> None:
    for path, field in (("vectors/manifest.json", "version"), ("lucene/disco.json", "format")):
        text = (older / path).read_text()
        assert f'"{field}": 1' in text
        (older / path).write_text(text.replace(f'"{field}": 1', f'"{field}": 2, "new": 3'))
    with pytest.raises(InputError, match=r"manifest\.json: .*version: expected 1, found 2: update disco-pyserini"):
        open_vectors(older / "vectors")
    with pytest.raises(InputError, match=r"disco\.json: format: expected 1, found 2: update disco-pyserini"):
        read_index_manifest(older / "lucene")


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (Manifest, "version"),
        (FlatManifest, "version"),
        (IndexManifest, "format"),
        (_State, "format"),
        (ShardRecord, "version"),
    ],
)
def test_a_later_version_is_refused(record: type[Record], field: str) -> None:
    with pytest.raises(InputError, match=f"the file: {field}: expected 1, found 2: update disco-pyserini"):
        record.check({field: 2, "new": [3]}, "the file")
    with pytest.raises(InputError, match=f"the file: {field}: expected 1, found 0"):
        record.check({field: 0}, "the file")
