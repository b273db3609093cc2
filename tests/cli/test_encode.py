from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from disco_pyserini.cli.main import app
from disco_pyserini.encoding import document_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.logs import show_log
from disco_pyserini.vectors import open_vectors


def disco(*arguments: object) -> Result:
    show_log()
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    records = ({"id": i, "contents": f"the river of city {i} and the author of album {i * 7}"} for i in range(30))
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def impacts(folder: Path) -> dict[str, dict[str, int]]:
    source = open_vectors(folder)
    return {
        docid: {source.vocabulary[term]: int(impact) for term, impact in zip(terms, values, strict=True)}
        for batch in source.batches()
        for docid, terms, values in batch
    }


def test_encode_and_export(tmp_path: Path, corpus: Path, checkpoint: Path) -> None:
    command = ("encode", "--encoder", checkpoint, "--corpus", corpus, "--output", tmp_path / "vectors")
    result = disco(*command, "--device", "cpu", "--max-length", 8, "--store-raw")
    assert result.exit_code == 0
    assert f"30 passages in {tmp_path / 'vectors'}" in result.stdout
    source = open_vectors(tmp_path / "vectors")
    encoder = document_encoder(str(checkpoint), device="cpu", max_length=8)
    assert source.space is not None
    assert (source.space.max_length, source.space.revision) == (8, encoder.revision)
    assert source.vocabulary == encoder.vocabulary
    texts = [text for batch in source.batches() for text in batch.raw or []]
    assert impacts(tmp_path / "vectors") == {str(i): encoder.encode(text) for i, text in enumerate(texts)}
    assert len(texts) == 30

    again = disco(*command, "--device", "cpu", "--max-length", 8, "--store-raw")
    assert "30 passages are encoded already" in again.stderr and "already complete, nothing to do" in again.stderr
    with pytest.raises(InputError, match=r"max_length was 8 and is 256"):
        disco(*command, "--store-raw")
    with pytest.raises(InputError, match=r"store_raw was True and is False"):
        disco(*command, "--max-length", 8, "--no-store-raw")

    result = disco("vectors", "export", "--vectors", tmp_path / "vectors", "--output", tmp_path / "vectors.jsonl.gz")
    assert result.exit_code == 0 and "30 vectors in" in result.stdout
    assert impacts(tmp_path / "vectors.jsonl.gz") == impacts(tmp_path / "vectors")


def test_shards_have_what_one_run_has(tmp_path: Path, corpus: Path, checkpoint: Path) -> None:
    command = ("encode", "--encoder", checkpoint, "--corpus", corpus, "--device", "cpu")
    disco(*command, "--output", tmp_path / "one")
    for shard in range(2):
        result = disco(
            *command, "--output", tmp_path / "two", "--shard-id", shard, "--shard-num", 2, "--batch-tokens", 64
        )
        assert "15 passages in" in result.stdout
    assert impacts(tmp_path / "two") == impacts(tmp_path / "one")
    with pytest.raises(InputError, match="--shard-id from 0 to 1"):
        disco(*command, "--output", tmp_path / "two", "--shard-id", 2, "--shard-num", 2)


def test_bad_records_stop_or_are_listed(tmp_path: Path, corpus: Path, checkpoint: Path) -> None:
    with corpus.open("a") as lines:
        lines.write('{"id": "no text"}\n{"id": "x", "head": "city", "contents": ""}\n')
    command = ("encode", "--encoder", checkpoint, "--corpus", corpus, "--output", tmp_path / "vectors")
    with pytest.raises(InputError, match=r"corpus\.jsonl:31: expected an id without white space"):
        disco(*command)
    result = disco(*command, "--on-error", "skip")
    assert result.exit_code == 0 and "30 passages in" in result.stdout
    assert f"bad records left out: 2, listed in {tmp_path / 'vectors' / 'rejects.jsonl'}" in result.stderr
    assert len((tmp_path / "vectors" / "rejects.jsonl").read_text().splitlines()) == 2


def test_fields(tmp_path: Path, checkpoint: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"id": "x", "head": "river", "body": "city", "contents": "author"}\n')
    command = (
        "encode",
        "--encoder",
        checkpoint,
        "--corpus",
        tmp_path / "corpus.jsonl",
        "--output",
        tmp_path / "vectors",
    )
    disco(*command, "--fields", "head,body", "--store-raw")
    [batch] = open_vectors(tmp_path / "vectors").batches()
    assert batch.raw == ["river city"]


def test_other_settings_are_refused_before_the_encoder_is_opened(
    tmp_path: Path, corpus: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening it can take minutes: the ONNX backends first export the checkpoint."""
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))
    command = ("encode", "--encoder", checkpoint, "--corpus", corpus, "--output", tmp_path / "vectors")
    disco(*command)
    with pytest.raises(InputError, match="backend was 'torch' and is 'onnx'"):
        disco(*command, "--backend", "onnx")
    assert not (tmp_path / "cache").exists()
    with pytest.raises(InputError, match=r"encoder was '.*' and is 'gone'"):
        disco("encode", "--encoder", "gone", "--corpus", corpus, "--output", tmp_path / "vectors")


def test_a_device_that_is_not_here(tmp_path: Path, corpus: Path, checkpoint: Path) -> None:
    command = ("encode", "--encoder", checkpoint, "--corpus", corpus, "--output", tmp_path / "vectors")
    for device in ("cuda:99", "gpu"):
        with pytest.raises(InputError, match=f"cannot use the device '{device}': expected one of cpu.* on this mach"):
            disco(*command, "--device", device)
    assert not (tmp_path / "vectors").exists()


def test_passages_of_a_collection(tmp_path: Path, checkpoint: Path) -> None:
    corpus = tmp_path / "own" / "corpus.jsonl"
    turn = {"qid": "1_1", "conversation_id": "1", "history": [], "utterance": "river?", "manual_rewrite": None}
    corpus.parent.mkdir()
    corpus.write_text('{"id": "x", "contents": "the river"}\n')
    (tmp_path / "own" / "turns.test.jsonl").write_text(json.dumps(turn) + "\n")
    command = ("encode", "--encoder", checkpoint, "--output")
    disco(*command, tmp_path / "named", "--corpus", f"{tmp_path / 'own'}/test")
    disco(*command, tmp_path / "file", "--corpus", corpus)
    assert impacts(tmp_path / "named") == impacts(tmp_path / "file") != {}
    with pytest.raises(InputError, match="leave them out for passages"):
        disco(*command, tmp_path / "fields", "--corpus", f"{tmp_path / 'own'}/test", "--fields", "contents")


def test_a_missing_corpus_leaves_nothing_behind(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        disco("encode", "--encoder", checkpoint, "--corpus", tmp_path / "missing", "--output", tmp_path / "vectors")
    assert not (tmp_path / "vectors").exists()


@pytest.mark.slow
def test_control_c_says_how_to_continue(tmp_path: Path, corpus: Path, checkpoint: Path) -> None:
    corpus.write_text(
        "".join(json.dumps({"id": i, "contents": "the river of a city " * 9}) + "\n" for i in range(100_000))
    )
    program = "import typer; from disco_pyserini.cli.encode import encode; typer.run(encode)"
    command = [sys.executable, "-c", program, "--encoder", checkpoint, "--corpus", corpus, "--output", tmp_path / "out"]
    process = subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out" / "vocabulary.json").exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped: the same command continues" in messages and "Traceback" not in messages
