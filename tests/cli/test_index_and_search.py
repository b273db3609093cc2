"""`disco index` and `disco search` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from disco_pyserini.cli.main import app
from disco_pyserini.errors import InputError
from disco_pyserini.lucene import jvm
from disco_pyserini.search.searcher import DiscoSearcher


def disco(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    records = ({"id": f"d{i}", "contents": f"the river of city {i}"} for i in range(9))
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory, corpus: Path, checkpoint: Path) -> Path:
    folder = tmp_path_factory.mktemp("vectors") / "vectors"
    disco("encode", "--encoder", checkpoint, "--corpus", corpus, "--output", folder, "--device", "cpu")
    return folder


def stored(index: Path, docid: str) -> str | None:
    searcher = jvm.start().autoclass("io.anserini.search.SimpleSearcher")(str(index))
    raw = searcher.doc_raw(docid)
    searcher.close()
    return None if raw is None else json.loads(raw)["contents"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["--corpus", "--vectors"])
def test_texts_are_stored_unless_told_otherwise(tmp_path: Path, corpus: Path, vectors: Path, kind: str) -> None:
    source = (kind, corpus if kind == "--corpus" else vectors)
    disco("index", *source, "--index", tmp_path / "default")
    disco("index", *source, "--index", tmp_path / "with", "--store-raw")
    disco("index", *source, "--index", tmp_path / "without", "--no-store-raw")
    assert stored(tmp_path / "default", "d3") == stored(tmp_path / "with", "d3") == "the river of city 3"
    assert stored(tmp_path / "without", "d3") is None


def test_a_bm25_index_is_refused_and_explained(tmp_path: Path, corpus: Path) -> None:
    disco("index", "--corpus", corpus, "--index", tmp_path / "bm25")
    (tmp_path / "topics.tsv").write_text("1\triver\n")
    options = ("--index", tmp_path / "bm25", "--topics", tmp_path / "topics.tsv", "--output", tmp_path / "run.txt")
    message = "bm25: expected an impact index, found a BM25 index: search it with python -m pyserini.search.lucene"
    for encoder in ("disco", "disco-tiny"):
        with pytest.raises(InputError, match=message):
            disco("search", *options, "--encoder", encoder)
    with pytest.raises(InputError, match=message):
        DiscoSearcher(tmp_path / "bm25", object())  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        disco("teach", *options[:4], "--output", tmp_path / "teacher.json")


def test_a_device_that_is_not_here(tmp_path: Path, vectors: Path) -> None:
    disco("index", "--vectors", vectors, "--index", tmp_path / "index")
    (tmp_path / "topics.tsv").write_text("1\triver\n")
    options = ("--index", tmp_path / "index", "--topics", tmp_path / "topics.tsv", "--output", tmp_path / "run.txt")
    with pytest.raises(InputError, match="cannot use the device 'cuda:99': expected one of cpu"):
        disco("search", *options, "--device", "cuda:99")
    assert not (tmp_path / "run.txt").exists()
