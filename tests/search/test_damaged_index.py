"""Flipped bytes and missing files of an index: a named error, and a check that finds every one of them."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from small_indexes import Vectors, random_vectors

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.lucene.retrieval import _ids
from disco_pyserini.search.engine import ENGINES
from disco_pyserini.search.index_manifest import IndexManifest, write_index_manifest
from disco_pyserini.search.verification import verify_index

DOCUMENTS = {f"d{number}": vector for number, vector in enumerate(random_vectors(60, 20, seed=5))}
QUERIES = random_vectors(5, 12, seed=6)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("built")
    for engine in ("lucene", "flat"):
        ENGINES.get(engine).build(Vectors(DOCUMENTS, raw=True), folder / engine)
    return {engine: folder / engine for engine in ("lucene", "flat")}


def use(engine: str, index: Path) -> None:
    """Search, and read all that a search finds."""
    searcher = ENGINES.get(engine).open(index)
    try:
        for hits in searcher.search(QUERIES, 10):
            for hit in hits:
                searcher.text(hit.docid)
                searcher.explain(QUERIES[0], hit.docid)
    finally:
        searcher.close()


def files_of(index: Path) -> list[Path]:
    return sorted(path for path in index.rglob("*") if path.is_file() and path.stat().st_size)


@pytest.mark.parametrize("engine", ["lucene", "flat"])
def test_flipped_bytes(built: dict[str, Path], tmp_path: Path, engine: str) -> None:
    use(engine, built[engine])
    assert verify_index(built[engine]) == [engine]
    draw = random.Random(7)
    copy = Path(shutil.copytree(built[engine], tmp_path / "copy"))
    for path in files_of(copy):
        content = path.read_bytes()
        for place in (draw.randrange(len(content)) for _ in range(8)):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1 :])
            try:
                use(engine, copy)
            except DiscoError as problem:
                assert str(copy) in str(problem), path
            if path.name not in ("disco.json", "flat.json"):  # they have no checksum: what they say is checked
                with pytest.raises(InputError, match=r"damaged"):
                    verify_index(copy)
        path.write_bytes(content)
    use(engine, copy)


@pytest.mark.parametrize("engine", ["lucene", "flat"])
@pytest.mark.parametrize("cut", [True, False])
def test_half_copied(built: dict[str, Path], tmp_path: Path, engine: str, cut: bool) -> None:
    copy = Path(shutil.copytree(built[engine], tmp_path / "copy"))
    for path in files_of(copy):
        if path.name == "disco.json":
            continue
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2]) if cut else path.unlink()
        for open_it in (lambda: use(engine, copy), lambda: verify_index(copy)):
            with pytest.raises(InputError, match=r"damaged|cannot be read|expected") as caught:
                open_it()
            assert str(copy) in str(caught.value) and "\n" not in str(caught.value)
        path.write_bytes(content)


def test_shards_are_verified_each(built: dict[str, Path], tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    for number in range(2):
        shutil.copytree(built["lucene"], whole / f"shard-0000{number}")
    names = ("shard-00000", "shard-00001")
    write_index_manifest(IndexManifest(space=None, documents=120, postings=None, raw=True, shards=names), whole)
    assert verify_index(whole) == ["lucene"]
    postings = next((whole / "shard-00001").glob("*.doc"))
    content = postings.read_bytes()
    postings.write_bytes(content[:90] + bytes([content[90] ^ 1]) + content[91:])
    with pytest.raises(InputError, match=r"shard-00001: .*damaged"):
        verify_index(whole)


def test_an_id_that_is_not_utf_8() -> None:
    with pytest.raises(InputError, match=r"the id b'\\xff', which is not UTF-8: the files are damaged"):
        _ids([[0, [1.0, ["/w==", 0, 1]]]])


def test_what_is_no_index_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the folder of an index"):
        verify_index(tmp_path)
