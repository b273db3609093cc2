from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from word_vectors import SPACE, documents, write

from disco_pyserini.errors import InputError
from disco_pyserini.exports.anserini_jsonl import export
from disco_pyserini.vectors import VectorSource, open_vectors, vocabulary_hash
from disco_pyserini.vectors.jsonl import read_jsonl


def as_tokens(source: VectorSource) -> list[tuple[str, dict[str, int]]]:
    return [
        (docid, {source.vocabulary[term]: int(impact) for term, impact in zip(terms, impacts, strict=True)})
        for batch in source.batches()
        for docid, terms, impacts in batch
    ]


def one(folder: Path, text: str) -> Path:
    path = folder / "vectors.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["vectors.jsonl", "vectors.jsonl.gz"])
@pytest.mark.parametrize("store_raw", [False, True])
def test_parts_to_jsonl_and_back(tmp_path: Path, name: str, store_raw: bool) -> None:
    write(tmp_path / "parts", documents(4500), store_raw=store_raw, part_size=4000)
    parts = open_vectors(tmp_path / "parts")
    counts: list[int] = []
    assert export(parts, tmp_path / name, counts.append) == sum(counts) == 4500
    again = open_vectors(tmp_path / name)
    assert (again.space, again.total) == (None, None)
    assert as_tokens(again) == as_tokens(parts)
    texts = [text for batch in again.batches() for text in batch.raw or []]
    assert texts == ([document.contents for document in documents(4500)] if store_raw else [])


def test_what_anserini_reads_is_written(tmp_path: Path) -> None:
    write(tmp_path / "parts", documents(1), store_raw=True)
    export(open_vectors(tmp_path / "parts"), tmp_path / "vectors.jsonl")
    record = json.loads((tmp_path / "vectors.jsonl").read_text())
    assert record["id"] == "doc0" and record["contents"] == documents(1)[0].contents
    assert sum(record["vector"].values()) == len(documents(1)[0].contents.split())
    assert all(type(impact) is int for impact in record["vector"].values())


def test_equal_vectors_give_equal_gzip_bytes(tmp_path: Path) -> None:
    write(tmp_path / "parts", documents(10))
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        export(open_vectors(tmp_path / "parts"), tmp_path / name)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_tokens_get_ids_as_they_are_seen_and_keep_them(tmp_path: Path) -> None:
    source = read_jsonl(
        one(tmp_path, '{"id": "a", "vector": {"y": 2, "x": 1}}\n\n{"id": 7, "vector": {"z": 3, "y": 9}}\n')
    )
    for _ in range(2):
        [batch] = source.batches()
        assert source.vocabulary == ["y", "x", "z"]
        assert [(d, t.tolist(), i.tolist()) for d, t, i in batch] == [("a", [0, 1], [2, 1]), ("7", [0, 2], [9, 3])]


def test_zeros_are_dropped_and_empty_vectors_kept(tmp_path: Path) -> None:
    path = one(tmp_path, '{"id": "a", "vector": {"x": 0, "y": 65535}}\n{"id": "b", "vector": {}}\n')
    assert as_tokens(open_vectors(path)) == [("a", {"y": 65535}), ("b", {})]


def test_a_folder_of_files_is_read_in_order(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "1.jsonl.gz", "wt") as file:
        file.write('{"id": "first", "vector": {"x": 1}}')
    (tmp_path / "2.json").write_text('{"id": "second", "vector": {"x": 1}}')
    assert [docid for docid, _ in as_tokens(open_vectors(tmp_path))] == ["first", "second"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"id": "a", "vector": {"x": 0.73}}',
            r":2: expected the impact of 'x' .* integer from 0 to 65535, found 0\.73",
        ),
        ('{"id": "a", "vector": {"x": -1}}', "found -1"),
        ('{"id": "a", "vector": {"x": 65536}}', "found 65536"),
        ('{"id": "a", "vector": {"x": true}}', "found True"),
        ('{"id": "a", "vector": {"x": "3"}}', "found '3'"),
        ('{"id": "a", "vector": {"two words": 3}}', r":2: expected tokens without white space, found 'two words'"),
        ('{"id": "a", "vector": {"": 3}}', "without white space, found ''"),
        ('{"id": "a b", "vector": {}}', "the id 'a b' is empty or has white space"),
        ('{"id": "", "vector": {}}', "the id '' is empty"),
        ('{"id": null, "vector": {}}', "the id None is empty"),
        ('{"vector": {}}', r":2: expected .*KeyError\('id'\)"),
        ('{"id": "a"}', r"KeyError\('vector'\)"),
        ('{"id": "a", "vector": ["x"]}', "vector is not an object"),
        ('{"id": "a", "contents": 3, "vector": {}}', "contents is not a string"),
        ('["a"]', ":2: expected"),
        ('{"id": "a", "vector"', ":2: expected .*JSONDecodeError"),
    ],
)
def test_bad_lines_are_refused(tmp_path: Path, line: str, message: str) -> None:
    source = open_vectors(one(tmp_path, '{"id": "good", "vector": {"x": 1}}\n' + line + "\n"))
    with pytest.raises(InputError, match=message):
        list(source.batches())


def test_bad_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"id": "\xff", "vector": {}}')
    with pytest.raises(InputError, match=r"a\.jsonl:1: .*UnicodeDecodeError"):
        list(open_vectors(tmp_path).batches())
    packed = gzip.compress(b'{"id": "a", "vector": {}}\n' * 1000)
    (tmp_path / "a.jsonl").unlink()
    (tmp_path / "b.jsonl.gz").write_bytes(packed[:-10])
    with pytest.raises(InputError, match=r"b\.jsonl\.gz: expected a whole gzip file"):
        list(open_vectors(tmp_path).batches())


def test_an_export_needs_a_name_that_anserini_knows(tmp_path: Path) -> None:
    write(tmp_path / "parts", documents(1))
    with pytest.raises(InputError, match=r"ends with \.jsonl or \.jsonl\.gz"):
        export(open_vectors(tmp_path / "parts"), tmp_path / "vectors.txt")
    assert not (tmp_path / "vectors.txt").exists()


def test_a_token_that_anserini_would_split_is_not_exported(tmp_path: Path) -> None:
    vocabulary = [f"two words {i}" for i in range(5000)]
    space = SPACE.model_copy(update={"vocabulary": vocabulary_hash(vocabulary)})
    write(tmp_path / "parts", documents(1), space=space, vocabulary=vocabulary)
    with pytest.raises(InputError, match=r"the token 'two words \d+' contains white space"):
        export(open_vectors(tmp_path / "parts"), tmp_path / "vectors.jsonl")
    assert not (tmp_path / "vectors.jsonl").exists()
