"""From a corpus to vector parts, as Python users call it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from disco_pyserini.encoding import document_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.passages import Passage
from disco_pyserini.vectors import Manifest, encode_corpus, open_vectors


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps({"id": f"d{i}", "contents": f"the river {i}"}) + "\n" for i in range(5)))
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_names_and_open_things_give_the_same(tmp_path: Path, corpus: Path, checkpoint: Path) -> None:
    passages = [Passage(f"d{i}", f"the river {i}") for i in range(5)]
    done: list[int] = []
    manifest = encode_corpus(str(corpus), str(tmp_path / "names"), str(checkpoint), device="cpu", progress=done.append)
    assert (manifest.passages, sum(done), manifest.space.encoder) == (5, 5, str(checkpoint))
    assert manifest == Manifest.read(tmp_path / "names")
    encode_corpus(iter(passages), tmp_path / "open", document_encoder(str(checkpoint), device="cpu"))
    encode_corpus(corpus, tmp_path / "mixed", document_encoder(str(checkpoint), device="cpu"))
    assert content(tmp_path / "names") == content(tmp_path / "open") == content(tmp_path / "mixed")


def test_shards(tmp_path: Path, corpus: Path, checkpoint: Path) -> None:
    for shard in (0, 1):
        encode_corpus(corpus, tmp_path / "shards", str(checkpoint), shard_id=shard, shard_num=2)
    ids = [docid for batch in open_vectors(tmp_path / "shards").batches() for docid in batch.ids]
    assert ids == ["d0", "d2", "d4", "d1", "d3"]


def test_bad_records(tmp_path: Path, corpus: Path, checkpoint: Path, caplog: pytest.LogCaptureFixture) -> None:
    with corpus.open("a") as lines:
        lines.write('{"id": "x"}\n')
    with pytest.raises(InputError, match=r"corpus\.jsonl:6: expected contents or text"):
        encode_corpus(corpus, tmp_path / "stop", str(checkpoint))
    with caplog.at_level(logging.INFO, "disco_pyserini"):
        manifest = encode_corpus(corpus, tmp_path / "skip", str(checkpoint), on_error="skip")
    assert manifest.passages == 5
    assert f"bad records left out: 1, listed in {tmp_path / 'skip' / 'rejects.jsonl'}" in caplog.text


def test_misuse_is_refused_before_anything_is_opened(tmp_path: Path, corpus: Path, checkpoint: Path) -> None:
    output = tmp_path / "vectors"
    with pytest.raises(InputError, match="no such file or folder: check the path"):
        encode_corpus(tmp_path / "gone", output, "no-encoder")
    with pytest.raises(InputError, match="expected on_error to be stop or skip, found 'ignore'"):
        encode_corpus(corpus, output, "no-encoder", on_error="ignore")
    with pytest.raises(InputError, match="leave them out for passages"):
        encode_corpus([Passage("a", "b")], output, "no-encoder", fields=["title"])
    with pytest.raises(InputError, match="are for an encoder given by its name"):
        encode_corpus(corpus, output, document_encoder(str(checkpoint), device="cpu"), max_length=9)
    assert not output.exists()
