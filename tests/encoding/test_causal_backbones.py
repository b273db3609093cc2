"""Causal language models as SPLADE backbones, in the layouts of Mistral, Llama and Qwen2."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import WORDS, make_causal_checkpoint
from sentence_transformers import SparseEncoder
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.sparse_encoder.modules import SpladePooling
from transformers import AutoModelForCausalLM, AutoTokenizer

from disco_pyserini import Conversation, DiscoDocumentEncoder, DiscoQueryEncoder, InputError, flatten

CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "causal": ("mistral", {}),
    "sliding window": ("mistral", {"sliding_window": 8}),
    "bidirectional": ("llama", {"is_causal": False}),
    "tied, head padded": ("qwen2", {"vocab_size": 192, "tie_word_embeddings": True}),
    "echo": ("mistral", {"echo": True}),
    "echo without special tokens": ("qwen2", {"echo": True}),
}


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes the checkpoint of a configuration."""
    folder = tmp_path_factory.mktemp("causal")

    def made(name: str) -> Path:
        family, config = CONFIGURATIONS[name]
        return folder / name if (folder / name).is_dir() else make_causal_checkpoint(folder / name, family, **config)

    return made


def texts(count: int) -> list[str]:
    chooser = random.Random(0)
    lengths = [chooser.choice([1, 2, 5, 20, 90]) for _ in range(count)]
    return [" ".join(chooser.choice([*WORDS, "zyx1"]) for _ in range(length)) for length in lengths]


def sparse_encoder(folder: Path, all_tokens: bool = True) -> list[Any]:
    """The modules of a sentence-transformers encoder with a causal LM that pools the logits of all tokens."""
    logits: Any = {"text": {"method": "forward", "method_output_name": "logits"}}
    transformer = Transformer(
        str(folder),
        transformer_task="text-generation",
        modality_config=logits,
        module_output_name="token_embeddings",
        processing_kwargs={"text": {"logits_to_keep": 0}} if all_tokens else None,
    )
    transformer.max_seq_length = 256
    return [transformer, SpladePooling("max")]


def dense(encoder: DiscoQueryEncoder | DiscoDocumentEncoder, passages: list[str]) -> np.ndarray:
    rows = np.zeros((len(passages), len(encoder.vocabulary)), np.float32)
    for row, (terms, weights) in zip(rows, encoder.weight_vectors(passages), strict=True):
        row[terms] = weights
    return rows


def computed(folder: Path, text: str) -> np.ndarray:
    """The weights of a text, by transformers alone."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder).eval()
    ids = tokenizer(text, truncation=True, max_length=256)["input_ids"]
    content = [token for token in ids if token not in tokenizer.all_special_ids]
    if model.config.to_dict().get("echo"):
        ids = [*ids, *content]
    with torch.inference_mode():
        [logits] = model(torch.tensor([ids])).logits
    if model.config.to_dict().get("echo"):
        logits = logits[-len(content) :]
    return torch.log1p(torch.relu(logits)).amax(dim=0)[: len(tokenizer)].numpy()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_weights_equal_those_of_transformers(causal: Callable[[str], Path], name: str) -> None:
    folder, passages = causal(name), texts(12)
    expected = np.stack([computed(folder, passage) for passage in passages])
    assert (expected > 0).any() and (expected == 0).any()
    encoder = DiscoDocumentEncoder(str(folder))
    assert encoder.vocabulary == AutoTokenizer.from_pretrained(folder).convert_ids_to_tokens(range(expected.shape[1]))
    assert np.allclose(dense(encoder, passages), expected, atol=1e-5)
    assert np.allclose(dense(DiscoQueryEncoder(str(folder)), passages), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["causal", "bidirectional", "tied, head padded"])
def test_weights_equal_those_of_sentence_transformers(causal: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    query, document = causal(name), causal("causal")
    router = Router.for_query_document(sparse_encoder(query), sparse_encoder(document))
    SparseEncoder(modules=[router], device="cpu").save_pretrained(str(tmp_path / "router"))
    SparseEncoder(modules=sparse_encoder(query), device="cpu").save_pretrained(str(tmp_path / "plain"))
    theirs = SparseEncoder(str(tmp_path / "router"), device="cpu")
    passages = texts(8)
    expected = theirs.encode_query(passages, convert_to_sparse_tensor=False).numpy()
    for folder in ("router", "plain"):
        found = dense(DiscoQueryEncoder(str(tmp_path / folder)), passages)
        assert np.allclose(found, expected[:, : found.shape[1]], atol=1e-5)
    expected = theirs.encode_document(passages, convert_to_sparse_tensor=False).numpy()
    assert np.allclose(dense(DiscoDocumentEncoder(str(tmp_path / "router")), passages), expected, atol=1e-5)


def test_pooling_of_the_last_token_alone_is_refused(causal: Callable[[str], Path], tmp_path: Path) -> None:
    SparseEncoder(modules=sparse_encoder(causal("causal"), all_tokens=False), device="cpu").save_pretrained(
        str(tmp_path)
    )
    with pytest.raises(InputError, match=r'expected "logits_to_keep": 0 in processing_kwargs\.text'):
        DiscoDocumentEncoder(str(tmp_path))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_impacts_do_not_depend_on_the_batch(causal: Callable[[str], Path], name: str) -> None:
    encoder = DiscoQueryEncoder(str(causal(name)))
    queries = texts(40)
    assert encoder.encode_batch(queries) == [encoder.encode(query) for query in queries]


@pytest.mark.parametrize("name", ["causal", "bidirectional", "echo"])
def test_bfloat16_gives_nearly_the_same_weights(causal: Callable[[str], Path], name: str) -> None:
    exact, rough = (DiscoDocumentEncoder(str(causal(name)), backend=backend) for backend in ("torch", "torch-bf16"))
    passages = texts(12)
    expected, found = dense(exact, passages), dense(rough, passages)
    assert not np.array_equal(expected, found)
    similarity = (expected * found).sum(1) / np.linalg.norm(expected, axis=1) / np.linalg.norm(found, axis=1)
    assert (similarity > 0.99).all()


def test_with_echo_and_in_both_directions_the_first_word_sees_the_last(tmp_path: Path) -> None:
    """With the weights of one model, whose causal attention hides the last word from the first."""
    encoders = {}
    for name, config in {"causal": {}, "echo": {"echo": True}, "bidirectional": {"is_causal": False}}.items():
        encoders[name] = DiscoDocumentEncoder(str(make_causal_checkpoint(tmp_path / name, "mistral", **config)))
    first, second, third = (dense(encoder, ["the river"]) for encoder in encoders.values())
    assert not np.allclose(first, second) and not np.allclose(first, third) and not np.allclose(second, third)


def test_a_conversation_is_encoded_as_its_flattened_text(causal: Callable[[str], Path]) -> None:
    conversation = Conversation.from_history("when was he </s> born?", [("who wrote it?", "he did")])
    encoder = DiscoQueryEncoder(str(causal("echo")))
    assert encoder.encode(conversation) == encoder.encode(flatten(conversation, ["</s>"]))


def test_a_checkpoint_of_another_class_is_refused(causal: Callable[[str], Path], tmp_path: Path) -> None:
    """Saved from a bidirectional variant with code of its own, it would be read with causal attention."""
    folder = make_causal_checkpoint(tmp_path / "bi", "llama")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["LlamaBiForMNTP"]}))
    with pytest.raises(InputError, match="expected a checkpoint of LlamaForCausalLM, found one of LlamaBiForMNTP"):
        DiscoDocumentEncoder(str(folder))


def test_a_model_that_ignores_its_configuration_is_refused(tmp_path: Path) -> None:
    """In transformers, StableLM attends to the left whatever its configuration says."""
    folder = make_causal_checkpoint(tmp_path / "stablelm", "stablelm", is_causal=False)
    with pytest.raises(InputError, match="StableLmForCausalLM of the installed transformers ignores this"):
        DiscoDocumentEncoder(str(folder))


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_onnx_gives_torchs_weights(
    causal: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path))
    exact, onnx = (DiscoDocumentEncoder(str(causal(name)), backend=backend) for backend in ("torch", "onnx"))
    passages = texts(12)
    assert np.allclose(dense(exact, passages), dense(onnx, passages), atol=1e-4)


def test_a_model_too_large_for_onnx_is_refused(
    causal: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path))
    monkeypatch.setattr("disco_pyserini.encoding.onnx_export._BYTES", 10_000)
    with pytest.raises(InputError, match=r"an ONNX file holds at most 0\.0 GB: use the backend torch or torch-bf16"):
        DiscoDocumentEncoder(str(causal("causal")), backend="onnx")


def test_a_causal_model_without_its_head_is_refused(causal: Callable[[str], Path], tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(causal("causal"))
    model.model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(causal("causal")).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "architectures": ["MistralForCausalLM"]}))
    with pytest.raises(InputError, match=r"1 weights of a causal LM.*lm_head\.weight.*SPLADE needs the causal-LM head"):
        DiscoDocumentEncoder(str(tmp_path))


def test_code_in_a_checkpoint_is_not_executed(causal: Callable[[str], Path], tmp_path: Path) -> None:
    folder = make_causal_checkpoint(tmp_path / "code", "llama")
    config = json.loads((folder / "config.json").read_text())
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own"}}
    (folder / "config.json").write_text(json.dumps({**config, **own}))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    with pytest.raises(InputError, match="not a checkpoint of a masked or causal LM"):
        DiscoDocumentEncoder(str(folder))
    assert not (tmp_path / "executed").exists()


def test_an_adapter_without_its_base_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "mistralai/Mistral-7B-v0.1"}))
    with pytest.raises(InputError, match="found a PEFT adapter: merge it into its base model first"):
        DiscoDocumentEncoder(str(tmp_path))
