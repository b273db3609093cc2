from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from word_vectors import SPACE, VOCABULARY, documents, encode, write

from disco_pyserini.errors import InputError
from disco_pyserini.vectors import open_vectors
from disco_pyserini.vectors.parts import read_part_ids, read_parts, shard_folder


def write_shards(folder: Path, number: int, count: int = 20) -> None:
    for shard in range(number):
        write(shard_folder(folder, shard, number), documents(count)[shard::number], part_size=4)


def test_shards_are_read_as_one(tmp_path: Path) -> None:
    write_shards(tmp_path, 3)
    source = open_vectors(tmp_path)
    assert (source.total, source.space, source.vocabulary) == (20, SPACE, VOCABULARY)
    ids = [docid for batch in source.batches() for docid in batch.ids]
    assert ids == [f"doc{i}" for shard in range(3) for i in range(shard, 20, 3)]


def test_one_shard_is_no_shard(tmp_path: Path) -> None:
    assert shard_folder(tmp_path, 0, 1) == tmp_path


def test_more_shards_than_passages(tmp_path: Path) -> None:
    write_shards(tmp_path, 3, count=2)
    assert open_vectors(tmp_path).total == 2


@pytest.mark.parametrize(("shard", "number"), [(2, 2), (-1, 2), (1, 1)])
def test_a_shard_that_does_not_exist(tmp_path: Path, shard: int, number: int) -> None:
    with pytest.raises(InputError, match=f"expected --shard-id from 0 to {number - 1}"):
        shard_folder(tmp_path, shard, number)


def test_shards_are_not_mixed_with_other_things(tmp_path: Path) -> None:
    shard_folder(tmp_path, 0, 4).mkdir()
    with pytest.raises(InputError, match=r"expected only folders shard-I-of-2, found shard-0-of-4"):
        shard_folder(tmp_path, 0, 2)
    with pytest.raises(InputError, match=r"found shard-0-of-4"):
        write(tmp_path, documents(3))


def test_missing_shards_are_named(tmp_path: Path) -> None:
    write(shard_folder(tmp_path, 1, 3), documents(6)[1::3])
    with pytest.raises(InputError, match="expected 3 shards, missing are shard-0-of-3, shard-2-of-3"):
        open_vectors(tmp_path)


def test_shards_of_different_numbers(tmp_path: Path) -> None:
    write_shards(tmp_path / "a", 2)
    (tmp_path / "a" / "shard-0-of-3").mkdir()
    with pytest.raises(InputError, match=r"one --shard-num, found \[2, 3\]"):
        open_vectors(tmp_path / "a")


def test_shards_that_do_not_belong_together(tmp_path: Path) -> None:
    write(shard_folder(tmp_path, 0, 2), documents(4)[0::2])
    write(shard_folder(tmp_path, 1, 2), documents(4)[1::2], space=SPACE.model_copy(update={"max_length": 64}))
    with pytest.raises(InputError, match="shard-1-of-2: does not belong to shard-0-of-2: max_length was 256 and is 64"):
        open_vectors(tmp_path)


def test_shards_of_different_corpora(tmp_path: Path) -> None:
    write(shard_folder(tmp_path, 0, 2), documents(4)[0::2])
    write(shard_folder(tmp_path, 1, 2), documents(9)[1::2])
    with pytest.raises(InputError, match="expected shards of equal size, found 2 to 4 passages"):
        open_vectors(tmp_path)


def test_an_incomplete_folder_is_refused(tmp_path: Path) -> None:
    calls = [10]

    def encode_once(texts: list[str]) -> list[object]:
        calls.pop()
        return encode(texts)

    with pytest.raises(IndexError):
        write(tmp_path, documents(30), encode=encode_once)
    with pytest.raises(InputError, match=r"not complete \(10 passages so far\): run the same `disco encode` again"):
        open_vectors(tmp_path)


def test_a_changed_vocabulary_is_refused_and_repaired(tmp_path: Path) -> None:
    write(tmp_path, documents(3))
    (tmp_path / "vocabulary.json").write_text('["a"]')
    with pytest.raises(InputError, match=r"vocabulary\.json: not the vocabulary of these vectors: its hash"):
        open_vectors(tmp_path)
    write(tmp_path, documents(3))
    assert open_vectors(tmp_path).vocabulary == VOCABULARY


def test_vectors_can_be_read_twice(tmp_path: Path) -> None:
    write(tmp_path, documents(25))
    source = read_parts(tmp_path)
    assert [batch.ids for batch in source.batches()] == [batch.ids for batch in source.batches()]


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        open_vectors(tmp_path / "missing")
    with pytest.raises(InputError, match="empty folder"):
        open_vectors(tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"part-00000\.parquet: expected a file of JSONL vectors.* `disco encode`"):
        open_vectors(tmp_path)
    with pytest.raises(InputError, match=r"found no manifest\.json"):
        read_parts(tmp_path)


def hostile_parts() -> dict[str, bytes]:
    """Parts that `disco encode` never writes."""
    terms, impacts = pa.list_(pa.field("element", pa.int32(), False)), pa.list_(pa.field("element", pa.uint16(), False))

    def part(ids: pa.Array, first: pa.Array, second: pa.Array, nullable: bool = False) -> bytes:
        columns = {"id": ids, "terms": first, "impacts": second}
        schema = pa.schema([pa.field(name, column.type, nullable) for name, column in columns.items()])
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns, schema=schema), sink, store_schema=False)
        return bytes(sink.getvalue())

    one, impact, id_ = pa.array([[1]], terms), pa.array([[1]], impacts), pa.array(["a"])
    return {
        "empty": b"",
        "text": b"some text that is long enough",
        "a flipped byte": part(id_, one, impact).replace(b"\x15", b"\x7f"),
        "other types": part(pa.array([1]), one, impact),
        "other lists": part(id_, pa.array([["x"]]), impact),
        "nulls": part(pa.array([None], pa.string()), pa.array([None], terms), pa.array([None], impacts), nullable=True),
        "too high": part(id_, pa.array([[len(VOCABULARY)]], terms), impact),
        "negative": part(id_, pa.array([[-1]], terms), impact),
        "lists of different lengths": part(id_, pa.array([[1, 2]], terms), impact),
    }


@pytest.mark.parametrize("name", hostile_parts())
def test_a_part_that_no_run_writes_is_named(tmp_path: Path, name: str) -> None:
    """Its checksum is right: somebody else made both."""
    write(tmp_path, documents(3))
    [path] = tmp_path.glob("*.parquet")
    before, content = hashlib.sha256(path.read_bytes()).hexdigest(), hostile_parts()[name]
    path.write_bytes(content)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace(before, hashlib.sha256(content).hexdigest()))
    with pytest.raises(InputError, match=rf"{path.name}: expected vectors that `disco encode` wrote, found "):
        list(open_vectors(tmp_path).batches())
    if name in ("empty", "text", "a flipped byte"):
        with pytest.raises(InputError, match=rf"{path.name}: expected vectors that `disco encode` wrote, found "):
            read_part_ids(tmp_path, read_parts(tmp_path).parts[0][1])
