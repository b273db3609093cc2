"""Corpora and vectors in an object store, against a real S3 server and an emulator of Google's on localhost."""

from __future__ import annotations

import gzip
import json
import shutil
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from s3_server import credentials_checked

from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.passages import read_passages
from disco_pyserini.storage import ObjectPath, _store, open_path
from disco_pyserini.vectors import encode_corpus, open_vectors
from disco_pyserini.vectors.part_writer import write_parts
from disco_pyserini.vectors.pipeline import space_of

PASSAGES = [{"id": f"d{i}", "contents": f"the river of city {i}"} for i in range(30)]
LINES = "".join(json.dumps(passage) + "\n" for passage in PASSAGES).encode()


@pytest.fixture(autouse=True)
def _no_store_of_another_test() -> None:
    _store.cache_clear()


@pytest.fixture(scope="module")
def encoder(checkpoint: Path) -> DiscoDocumentEncoder:
    return document_encoder(str(checkpoint), device="cpu")


def object_at(url: str) -> ObjectPath:
    path = open_path(url)
    assert isinstance(path, ObjectPath)
    return path


def content(folder: Path | str) -> dict[str, bytes]:
    paths = folder.iterdir() if isinstance(folder, Path) else object_at(folder).iterdir()
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture(params=["s3", "gs"])
def store(request: pytest.FixtureRequest) -> str:
    """An empty bucket of one of the two kinds."""
    url: str = request.getfixturevalue("bucket" if request.param == "s3" else "gcs_bucket")
    return url


def test_a_corpus_and_its_vectors(store: str, tmp_path: Path, encoder: DiscoDocumentEncoder) -> None:
    for name, lines in (("a.jsonl", LINES[:500]), ("b.jsonl.gz", gzip.compress(LINES[500:])), (".hidden", b"x")):
        object_at(f"{store}/corpus/{name}").write_bytes(lines)
    (tmp_path / "corpus.jsonl").write_bytes(LINES)
    object_at(f"{store}/corpus/a.jsonl").write_bytes(LINES[: LINES.index(b"\n", 500) + 1])
    object_at(f"{store}/corpus/b.jsonl.gz").write_bytes(gzip.compress(LINES[LINES.index(b"\n", 500) + 1 :]))
    assert [passage.id for passage in read_passages(f"{store}/corpus")] == [passage["id"] for passage in PASSAGES]
    encode_corpus(str(tmp_path / "corpus.jsonl"), tmp_path / "vectors", encoder)
    encode_corpus(f"{store}/corpus", f"{store}/vectors", encoder)
    assert content(f"{store}/vectors") == content(tmp_path / "vectors")
    [remote], [local] = open_vectors(f"{store}/vectors").batches(), open_vectors(tmp_path / "vectors").batches()
    assert remote.ids == local.ids and (remote.terms == local.terms).all()


def test_a_stopped_run_continues_and_a_damaged_part_is_encoded_again(
    store: str, tmp_path: Path, encoder: DiscoDocumentEncoder
) -> None:
    passages = list(read_passages(write(tmp_path / "corpus.jsonl")))
    space, vocabulary = space_of(encoder), encoder.vocabulary
    write_parts(tmp_path / "vectors", space, vocabulary, passages, encoder.vectors, part_size=7)
    calls = 0

    def broken(texts: list[str]) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return encoder.vectors(texts)

    folder = object_at(f"{store}/vectors")
    with pytest.raises(KeyboardInterrupt):
        write_parts(folder, space, vocabulary, passages, broken, part_size=7)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="not complete"):
        open_vectors(folder)
    (folder / "part-00000.parquet").write_bytes(b"damaged")
    write_parts(folder, space, vocabulary, passages, encoder.vectors, part_size=7)
    assert content(f"{store}/vectors") == content(tmp_path / "vectors")


def write(path: Path) -> Path:
    path.write_bytes(LINES)
    return path


def test_bad_records_are_listed_beside_the_vectors(bucket: str, encoder: DiscoDocumentEncoder) -> None:
    object_at(f"{bucket}/corpus.jsonl").write_bytes(LINES + b'{"id": "x"}\n')
    with pytest.raises(InputError, match=rf"{bucket}/corpus\.jsonl:31: expected contents or text"):
        encode_corpus(f"{bucket}/corpus.jsonl", f"{bucket}/stop", encoder)
    encode_corpus(f"{bucket}/corpus.jsonl", f"{bucket}/skip", encoder, on_error="skip")
    assert json.loads(content(f"{bucket}/skip")["rejects.jsonl"])["where"] == f"{bucket}/corpus.jsonl:31"


def test_what_is_not_there_is_said(bucket: str, tmp_path: Path, encoder: DiscoDocumentEncoder) -> None:
    with pytest.raises(InputError, match="no such file or folder: check the path of the corpus"):
        list(read_passages(f"{bucket}/nothing.jsonl"))
    with pytest.raises(InputError, match="no such file or folder"):
        open_vectors(f"{bucket}/nothing")
    with pytest.raises(InputError, match="expected a bucket after s3://"):
        list(read_passages("s3://"))
    with pytest.raises(DiscoError, match=r"s3://no-such-bucket/.*the object store failed.*check the bucket, AWS_ACC"):
        encode_corpus(write(tmp_path / "corpus.jsonl"), "s3://no-such-bucket/vectors", encoder)
    shutil.rmtree(tmp_path)


def test_a_bucket_that_is_not_there(store: str) -> None:
    missing = object_at(f"{store[:5]}no-such-bucket/file")
    with pytest.raises(DiscoError, match=f"{missing}: the object store failed: .*: check the bucket"):
        missing.write_bytes(b"content")


def test_wrong_credentials(bucket: str, s3_server: str, tmp_path: Path, encoder: DiscoDocumentEncoder) -> None:
    """They end a run in its middle, which continues with the right ones; later they are wrong from the start."""
    passages = list(read_passages(corpus := write(tmp_path / "corpus.jsonl")))
    object_at(f"{bucket}/corpus.jsonl").write_bytes(LINES)
    folder = object_at(f"{bucket}/vectors")
    parts = partial(
        write_parts, space=space_of(encoder), vocabulary=encoder.vocabulary, passages=passages, part_size=20
    )
    calls = 0

    def expiring(texts: list[str]) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            refused.enter_context(credentials_checked(s3_server))
        return encoder.vectors(texts)

    refusal = "the object store failed: .*AWS Error {}.*: check the bucket, AWS_ACCESS_KEY_ID and AWS_SECRET"
    with ExitStack() as refused:
        stopped = rf"{folder}/part-00001\.parquet: {refusal.format('INVALID_ACCESS_KEY_ID')}.*1 parts are whole"
        with pytest.raises(DiscoError, match=stopped):
            parts(folder, encode=expiring)
        refusal = refusal.format("ACCESS_DENIED")
        with pytest.raises(DiscoError, match=rf"^{folder}/manifest\.json: {refusal}"):
            encode_corpus(str(corpus), f"{bucket}/vectors", encoder)
        with pytest.raises(DiscoError, match=rf"^{bucket}/corpus\.jsonl: {refusal}"):
            encode_corpus(f"{bucket}/corpus.jsonl", tmp_path / "elsewhere", encoder)
    parts(folder, encode=encoder.vectors)
    parts(tmp_path / "vectors", encode=encoder.vectors)
    assert content(f"{bucket}/vectors") == content(tmp_path / "vectors")


def test_a_store_that_does_not_answer(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("disco_pyserini.storage._ATTEMPTS", 1)
    with pytest.raises(DiscoError, match=r"the object store failed: .*AWS_ENDPOINT_URL"):
        list(read_passages(f"{bucket}/corpus.jsonl"))
