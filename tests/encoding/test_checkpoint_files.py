"""What a checkpoint says about itself is kept, what changes its vectors is noticed, and bad files get a named error."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SparseEncoder

from disco_pyserini import DiscoDocumentEncoder, DiscoQueryEncoder, InputError
from disco_pyserini.cards import ModelReference, read_card
from disco_pyserini.encoding.locate import check_unchanged, checksum, locate
from disco_pyserini.rewriting.local import LocalModel
from disco_pyserini.training.student import splade, student

SHIPPED = Path(__file__).parents[2] / "encoders"


@pytest.fixture(scope="session")
def asymmetric(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student with its own lengths and prompts."""
    folder = tmp_path_factory.mktemp("asymmetric") / "student"
    model = student(checkpoint, max_length=40, document_max_length=12)
    model.prompts = {"query": "who was it that ", "document": "the author "}
    model.save_pretrained(str(folder))
    return folder


def test_a_checkpoints_own_length_and_prompts_are_used(asymmetric: Path, checkpoint: Path) -> None:
    theirs = SparseEncoder(str(asymmetric), device="cpu")
    text = " ".join(["wrote", "river", "born", "city", "band"] * 20)
    for encoder, expected, length in (
        (DiscoQueryEncoder(str(asymmetric)), theirs.encode_query([text, "city"]), 40),
        (DiscoDocumentEncoder(str(asymmetric)), theirs.encode_document([text, "city"]), 12),
    ):
        assert encoder.max_length == length
        for row, weights in zip(expected.to_dense(), encoder.weight_vectors([text, "city"]), strict=True):
            found = torch.zeros(len(encoder.vocabulary))
            found[weights.terms] = torch.tensor(weights.weights)
            assert torch.allclose(row, found, atol=1e-5)
    assert DiscoQueryEncoder(str(asymmetric), max_length=7).max_length == 7
    assert DiscoQueryEncoder(str(checkpoint)).max_length == 256


def changed(folder: Path, copy: Path, name: str, change: Callable[[dict[str, Any]], object]) -> Path:
    shutil.copytree(folder, copy)
    record = json.loads((copy / name).read_text())
    change(record)
    (copy / name).write_text(json.dumps(record))
    return copy


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("document_0_Transformer/config.json", lambda config: config.update(hidden_act="relu")),
        ("document_0_Transformer/config.json", lambda config: config.update(num_hidden_layers=1)),
        ("document_0_Transformer/tokenizer_config.json", lambda config: config.update(do_lower_case=False)),
        ("document_0_Transformer/tokenizer.json", lambda config: config["normalizer"].update(lowercase=False)),
        ("config_sentence_transformers.json", lambda config: config["prompts"].update(document="")),
    ],
)
def test_whatever_changes_the_vectors_changes_the_revision(
    asymmetric: Path, tmp_path: Path, name: str, change: Callable[[dict[str, Any]], object]
) -> None:
    other = changed(asymmetric, tmp_path / "other", name, change)
    assert DiscoDocumentEncoder(str(other)).revision != DiscoDocumentEncoder(str(asymmetric)).revision
    same = Path(shutil.copytree(asymmetric, tmp_path / "same"))
    (same / "README.md").write_text("another text")
    assert DiscoDocumentEncoder(str(same)).revision == DiscoDocumentEncoder(str(asymmetric)).revision


def flip(path: Path, place: int = -100) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 64
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["disco-tiny", "english", "english-tiny"])
def test_shipped_encoders_have_the_checksums_of_their_cards(name: str) -> None:
    card = read_card(SHIPPED / f"{name}.yaml")
    for reference, route in ((card.query, "query"), (card.document, "document")):
        found = checksum(locate(reference, route))  # type: ignore[arg-type]
        assert reference.sha256 == found, f"after new weights, {name}.yaml needs {route}.sha256: {found}"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_one_flipped_byte_in_a_shipped_encoder_is_noticed(tmp_path: Path, name: str) -> None:
    for file in ("disco-tiny", "disco-tiny.yaml"):
        (shutil.copytree if (SHIPPED / file).is_dir() else shutil.copy)(SHIPPED / file, tmp_path / file)
    reference = read_card(tmp_path / "disco-tiny.yaml").query
    known = {"sha256": reference.sha256, "max_length": reference.max_length}
    assert DiscoQueryEncoder(reference.model, **known).encode("who wrote it")
    flip(tmp_path / "disco-tiny" / "query" / name)
    with pytest.raises(InputError, match=r"disco-tiny/query: expected files with checksum .*as their card says, found"):
        DiscoQueryEncoder(reference.model, **known)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_one_flipped_byte_in_the_hubs_cache_is_noticed(checkpoint: Path, tmp_path: Path, name: str) -> None:
    """The hub names large files by their SHA-256, and small ones by git's hash."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "1"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    for path in checkpoint.iterdir():
        content = path.read_bytes()
        large = path.suffix == ".safetensors"
        known = hashlib.sha256(content) if large else hashlib.sha1(b"blob %d\0" % len(content) + content)
        (blobs / known.hexdigest()).write_bytes(content)
        (snapshot / path.name).symlink_to(blobs / known.hexdigest())
    check_unchanged(ModelReference(model="hub/id"), snapshot)
    flip((snapshot / name).resolve())
    with pytest.raises(InputError, match=rf"{name}: expected a file with checksum .* it is damaged: delete .*blobs"):
        DiscoQueryEncoder(str(snapshot))


def test_code_of_a_checkpoint_is_never_run_and_never_asked_about(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "own-code"))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    config = json.loads((folder / "config.json").read_text())
    classes = ("AutoConfig", "AutoModel", "AutoModelForMaskedLM", "AutoModelForCausalLM", "AutoTokenizer")
    config |= {"model_type": "own", "auto_map": dict.fromkeys(classes, "own.Own")}
    (folder / "config.json").write_text(json.dumps(config))
    asked = []
    monkeypatch.setattr("builtins.input", lambda *prompt: asked.append(prompt) or "y")
    openers: list[Callable[[str], object]] = [DiscoQueryEncoder, DiscoDocumentEncoder, LocalModel]
    for opener in openers:
        with pytest.raises(InputError):
            opener(str(folder))
    with pytest.raises(ValueError, match="trust_remote_code"):
        splade(folder)
    assert not asked
    assert not (tmp_path / "ran").exists()


def header(record: object, length: int | None = None) -> bytes:
    text = json.dumps(record).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x10",
        header({}, 2**62),
        header([1, 2]),
        header({"weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}),
        header({"weight": {"dtype": "F99", "shape": [0], "data_offsets": [0, 0]}}),
        b"\x02\0\0\0\0\0\0\0\xff\xff",
    ],
)
def test_bad_weights_are_named(checkpoint: Path, tmp_path: Path, content: bytes) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "bad"))
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="bad: not a checkpoint of a masked or causal LM"):
        DiscoQueryEncoder(str(folder))
    static = tmp_path / "static"
    static.mkdir()
    (static / "config.json").write_text('{"frozen": true}')
    (static / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="expected the token weights of a SparseStaticEmbedding"):
        DiscoQueryEncoder(str(static))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(
            (name, content)
            for name in ("modules.json", "router_config.json", "config_sentence_transformers.json")
            for content in ("", "{", "[" * 200_000, "null", "1", '"text"', "[1]", "\ud800", "9" * 5000)
        ),
        ("modules.json", "[]"),
        ("modules.json", '[{"type": "a"}]'),
        ("modules.json", '[{"type": 1, "path": ""}]'),
        ("modules.json", '[{"type": "x.Router", "path": "../.."}]'),
        ("modules.json", '[{"type": "x.Router", "path": "/etc"}]'),
        ("router_config.json", '{"types": {}, "structure": {"query": ["query_0_Transformer"]}}'),
        ("router_config.json", '{"types": {"../x": "t"}, "structure": {"query": ["../x"]}}'),
        ("router_config.json", '{"types": {}, "structure": {"query": []}}'),
        ("router_config.json", '{"types": [], "structure": {"query": "x"}}'),
        ("config_sentence_transformers.json", '{"prompts": ["a"]}'),
        ("config_sentence_transformers.json", '{"prompts": {"query": 5}}'),
        ("query_0_Transformer/sentence_bert_config.json", "[]"),
        (
            "query_0_Transformer/sentence_bert_config.json",
            '{"transformer_task": "text-generation", "processing_kwargs": 1}',
        ),
        ("query_1_SpladePooling/config.json", "[]"),
        ("query_1_SpladePooling/config.json", '{"pooling_strategy": ["max"]}'),
        *(
            ("query_0_Transformer/config.json", content)
            for content in ("", "[]", "{}", '{"document_folder": 5}', '{"model_type": 5}')
        ),
        ("query_0_Transformer/tokenizer.json", ""),
        ("query_0_Transformer/tokenizer.json", "{}"),
        ("query_0_Transformer/tokenizer.json", '{"model": {"type": "WordPiece", "vocab": 5}}'),
        ("query_0_Transformer/tokenizer_config.json", "[]"),
    ],
)
def test_bad_configurations_are_named(asymmetric: Path, tmp_path: Path, name: str, content: str) -> None:
    folder = Path(shutil.copytree(asymmetric, tmp_path / "bad"))
    (folder / name).write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match="bad"):
        DiscoQueryEncoder(str(folder))


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": "float99"},
        {"dtype": ["float32"]},
        {"attn_implementation": "unheard-of"},
        {"_attn_implementation": 7},
        {"hidden_size": "large"},
        {"hidden_size": -1},
        {"num_attention_heads": 0},
        {"num_hidden_layers": None},
        {"hidden_act": "unheard-of"},
        {"vocab_size": 2.5},
        {"layer_norm_eps": "small"},
        {"model_type": "gated-splade", "document": {"model_type": "unheard-of"}, "reader": []},
        {"quantization_config": {"quant_method": "unheard-of"}},
        {"auto_map": 5},
    ],
)
def test_configurations_of_bad_values_are_named(checkpoint: Path, tmp_path: Path, fields: dict[str, object]) -> None:
    folder = changed(checkpoint, tmp_path / "bad", "config.json", lambda config: config.update(fields))
    try:
        encoder = DiscoQueryEncoder(str(folder))
    except InputError as problem:
        assert "bad" in str(problem)
    else:  # a value that transformers does not look at
        assert encoder.encode("who wrote it") == DiscoQueryEncoder(str(checkpoint)).encode("who wrote it")
