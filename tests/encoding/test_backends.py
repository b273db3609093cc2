"""The ONNX backends against torch's, on checkpoints made here; and what is said about those that cannot be used."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import WORDS, make_checkpoint
from transformers import AutoTokenizer, ModernBertConfig, ModernBertForMaskedLM

from disco_pyserini import Conversation, DiscoDocumentEncoder, DiscoError, DiscoQueryEncoder, InputError
from disco_pyserini.encoding import document_encoder
from disco_pyserini.encoding.onnx_export import export


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this module's own."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("PYSERINI_CACHE")
    os.environ["PYSERINI_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["PYSERINI_CACHE"]
    else:
        os.environ["PYSERINI_CACHE"] = before


def texts(count: int) -> list[str]:
    chooser = random.Random(5)
    lengths = [chooser.choice([1, 3, 20, 60, 300]) for _ in range(count)]
    return [" ".join(chooser.choice([*WORDS, "zyx1", "[SEP]"]) for _ in range(length)) for length in lengths]


def dense(encoder: DiscoQueryEncoder, queries: list[str]) -> np.ndarray:
    rows = np.zeros((len(queries), len(encoder.vocabulary)), np.float32)
    for row, (terms, weights) in zip(rows, encoder.weight_vectors(queries), strict=True):
        row[terms] = weights
    return rows


@pytest.mark.slow
def test_onnx_gives_torchs_weights(checkpoint: Path) -> None:
    exact, onnx = (DiscoQueryEncoder(str(checkpoint), backend=backend) for backend in ("torch", "onnx"))
    queries = texts(40)
    assert np.allclose(dense(exact, queries), dense(onnx, queries), atol=1e-4)
    assert (onnx.vocabulary, onnx.separator, onnx.revision) == (exact.vocabulary, exact.separator, exact.revision)
    conversation = Conversation.from_history("who [SEP] wrote?", [("the album", "by the band")])
    assert onnx.encode(conversation) == exact.encode(conversation)


@pytest.mark.slow
def test_onnx_keeps_the_windows_of_local_attention(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "modernbert"
    shutil.copytree(checkpoint, folder, ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    torch.manual_seed(1)
    special = {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}
    config = ModernBertConfig(
        vocab_size=len(AutoTokenizer.from_pretrained(folder)), local_attention=16, **shape, **special
    )
    ModernBertForMaskedLM(config).save_pretrained(folder)
    exact, onnx = (DiscoQueryEncoder(str(folder), backend=backend) for backend in ("torch", "onnx"))
    assert np.allclose(dense(exact, texts(12)), dense(onnx, texts(12)), atol=1e-4)


@pytest.mark.slow
def test_int8_gives_nearly_torchs_weights() -> None:
    exact, int8 = (document_encoder("disco-tiny", backend=backend) for backend in ("torch", "onnx-int8"))
    passages = ["The boss of the institute leads with a firm hand.", "Its economy depends on the salt trade."]
    expected, found = (dense(encoder, passages) for encoder in (exact, int8))
    assert not np.array_equal(expected, found)
    similarity = (expected * found).sum(1) / np.linalg.norm(expected, axis=1) / np.linalg.norm(found, axis=1)
    assert (similarity > 0.99).all()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["onnx", "onnx-int8", "torch-bf16"])
def test_backends_without_padding_do_not_depend_on_batches(checkpoint: Path, backend: str) -> None:
    encoder = DiscoQueryEncoder(str(checkpoint), backend=backend)
    queries = texts(20)
    together, alone = encoder.encode_batch(queries), [encoder.encode(query) for query in queries]
    if backend == "torch-bf16":
        shared = [len(a.keys() & b.keys()) / len(a.keys() | b.keys()) for a, b in zip(together, alone, strict=True)]
        assert min(shared) > 0.8
    else:
        assert together == alone


@pytest.mark.slow
def test_the_file_is_made_once_and_again_when_the_checkpoint_changed(
    cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="disco_pyserini")
    folder = make_checkpoint(tmp_path / "changing", seed=1)
    first = DiscoQueryEncoder(str(folder), backend="onnx").encode("who wrote the album")
    [made] = cache.glob("disco-onnx/changing-*.onnx")
    assert f"exporting {folder} to {made}" in caplog.text
    caplog.clear()
    before = made.stat().st_mtime_ns
    assert DiscoQueryEncoder(str(folder), backend="onnx").encode("who wrote the album") == first
    assert made.stat().st_mtime_ns == before
    assert [record for record in caplog.records if record.name.startswith("disco_pyserini")] == []
    make_checkpoint(folder, seed=2)
    changed = DiscoQueryEncoder(str(folder), backend="onnx")
    assert (
        changed.encode("who wrote the album") == DiscoQueryEncoder(str(folder)).encode("who wrote the album") != first
    )
    assert "checkpoint changed" in caplog.text
    assert [path for path in cache.glob("disco-onnx/changing-*") if path == made] == []
    assert len(list(cache.glob("disco-onnx/changing-*"))) == 1


@pytest.mark.slow
def test_every_export_has_the_same_bytes(checkpoint: Path, tmp_path: Path) -> None:
    """The exporter counts within a process, and writes paths of this machine."""
    for name in ("one.onnx", "two.onnx"):
        export(checkpoint, None, False, tmp_path / name)
    assert (made := (tmp_path / "one.onnx").read_bytes()) == (tmp_path / "two.onnx").read_bytes()
    assert b"onnx_export.py" not in made


def test_a_cache_that_cannot_be_written(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "file"))
    with pytest.raises(DiscoError, match=r"cannot write .*\.onnx: Not a directory: set PYSERINI_CACHE to a folder"):
        DiscoQueryEncoder(str(checkpoint), backend="onnx")


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file sizes")
def test_a_full_disk(checkpoint: Path, tmp_path: Path) -> None:
    """A limit for the size of files fails where a full disk does: in the exporter's own write."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(DiscoError, match=r"cannot write .*made\.onnx: File too large: make room"):
            export(checkpoint, None, False, tmp_path / "made.onnx")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not any(tmp_path.iterdir())


def test_a_made_file_needs_neither_torch_nor_transformers(checkpoint: Path) -> None:
    DiscoQueryEncoder(str(checkpoint), backend="onnx-int8")
    code = (
        "import sys, json; from disco_pyserini import DiscoQueryEncoder; "
        f"found = DiscoQueryEncoder({str(checkpoint)!r}, backend='onnx-int8').encode('who wrote it'); "
        "print(json.dumps([found, sorted({'torch', 'transformers', 'onnx', 'jnius'} & sys.modules.keys())]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = DiscoQueryEncoder(str(checkpoint), backend="onnx-int8").encode("who wrote it")
    assert json.loads(done.stdout) == [expected, []]


@pytest.mark.slow
def test_what_cannot_be_used_is_refused(checkpoint: Path, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown backend 'tensorflow': expected one of torch, torch-bf16, onnx, onnx"):
        DiscoQueryEncoder(str(checkpoint), backend="tensorflow")
    with pytest.raises(InputError, match="'cuda': the ONNX backends run on the CPU"):
        DiscoQueryEncoder(str(checkpoint), device="cuda", backend="onnx")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found no weights"):
        DiscoQueryEncoder(str(tmp_path / "empty"), backend="onnx")
    folder = tmp_path / "broken"
    shutil.copytree(checkpoint, folder)
    DiscoQueryEncoder(str(folder), backend="onnx")
    [made] = cache.glob("disco-onnx/broken-*.onnx")
    made.write_bytes(made.read_bytes()[:1000])
    with pytest.raises(DiscoError, match=r"ONNX Runtime cannot read it.*delete it, and it is made again"):
        DiscoQueryEncoder(str(folder), backend="onnx")


def test_a_model_that_changes_its_logits_is_refused(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import BertForMaskedLM

    forward = BertForMaskedLM.forward

    def scaled(self: BertForMaskedLM, *args: object, **kwargs: object) -> object:
        output = forward(self, *args, **kwargs)
        output.logits = output.logits.tanh()
        return output

    monkeypatch.setattr(BertForMaskedLM, "forward", scaled)
    with pytest.raises(InputError, match="BertForMaskedLM does more"):
        DiscoDocumentEncoder(str(checkpoint))
