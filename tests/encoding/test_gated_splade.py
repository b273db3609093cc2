"""A gated encoder: what its gates do, how it is stored, and that every backend gives its weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SparseEncoder
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, BertModel, DistilBertConfig, DistilBertForMaskedLM

import disco_pyserini
from disco_pyserini import DiscoDocumentEncoder, DiscoQueryEncoder
from disco_pyserini.encoding.gated_splade import GatedSplade, gated_splade
from disco_pyserini.errors import InputError
from disco_pyserini.training.student import student
from studies.english.ship import write_document_encoder, write_query_encoder

CONVERSATION = "when was it? [SEP] the band wrote it in the city [SEP] who wrote the album"


@pytest.fixture
def document(checkpoint: Path) -> BertForMaskedLM:
    return BertForMaskedLM.from_pretrained(checkpoint, dtype=torch.float32)


def a_reader(document: BertForMaskedLM, **changes: int) -> BertModel:
    torch.manual_seed(3)
    sizes = {"hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 2, "intermediate_size": 64}
    return BertModel(BertConfig(vocab_size=document.config.vocab_size, **sizes | changes), add_pooling_layer=False)


def saved(model: GatedSplade, checkpoint: Path, folder: Path) -> Path:
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(checkpoint).save_pretrained(folder)
    return folder


def trained(model: GatedSplade) -> GatedSplade:
    """Make its gates and shifts differ between tokens, as training does."""
    torch.manual_seed(1)
    with torch.no_grad():
        model.gate.weight.normal_(std=0.5)
        model.shift.weight.normal_(std=0.02)
    return model.eval()


@pytest.mark.parametrize("own_reader", [False, True])
def test_an_open_gate_gives_the_document_encoders_vector_of_the_last_utterance(
    checkpoint: Path, document: BertForMaskedLM, tmp_path: Path, own_reader: bool
) -> None:
    model = gated_splade(
        document, AutoTokenizer.from_pretrained(checkpoint).sep_token_id, a_reader(document) if own_reader else None
    )
    with torch.no_grad():
        model.gate_bias.copy_(torch.tensor([9.0, -9.0]))  # gates of 1 and of 0
    encoder = DiscoQueryEncoder(str(saved(model, checkpoint, tmp_path)))
    expected = DiscoDocumentEncoder(str(checkpoint)).vectors(["when was it?"])[0]
    for text in ("when was it?", CONVERSATION):
        found = encoder.vectors([text])[0]
        assert found.terms.tolist() == expected.terms.tolist()
        assert found.impacts.tolist() == expected.impacts.tolist()


@pytest.mark.parametrize("margin", [0.1, 0.3])
def test_weights_are_those_of_the_formula(
    checkpoint: Path, document: BertForMaskedLM, tmp_path: Path, margin: float
) -> None:
    """Each utterance is given to the document encoder alone, and gated token by token."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = trained(gated_splade(document, tokenizer.sep_token_id, a_reader(document)))
    assert model.config.gate_margin == 0.1
    model.config.gate_margin = margin
    ids = tokenizer(CONVERSATION, return_tensors="pt")["input_ids"]
    head, highest, start = document.cls.predictions, torch.zeros(document.config.vocab_size), 0
    with torch.no_grad():
        context = model.reader(ids).last_hidden_state[0]
        document.eval()
        for end in [*(ids[0] == tokenizer.sep_token_id).nonzero().flatten().tolist()]:
            utterance = ids[:, start : end + 1]
            positions = torch.arange(utterance.shape[1]).unsqueeze(0) + (1 if start else 0)
            states = head.transform(document.bert(utterance, position_ids=positions).last_hidden_state)[0]
            read = context[start : end + 1]
            bias = model.gate_bias[1 if start else 0]
            open_share = torch.sigmoid(read @ model.gate.weight[0] + bias)
            gates = ((1 + 2 * margin) * open_share - margin).clamp(0, 1)
            logits = head.decoder(states + model.shift(read)) * gates.unsqueeze(1)
            highest = torch.maximum(highest, logits.amax(dim=0))
            start = end + 1
    [found] = DiscoQueryEncoder(str(saved(model, checkpoint, tmp_path))).weights([CONVERSATION])
    expected = torch.log(1 + highest)
    dense = {tokenizer.convert_ids_to_tokens(int(term)): float(expected[term]) for term in expected.nonzero()}
    assert found == pytest.approx(dense, abs=1e-4)


def test_a_wider_margin_closes_gates(checkpoint: Path, document: BertForMaskedLM, tmp_path: Path) -> None:
    """It takes terms of earlier utterances away, and none of the newest, whose gates are open."""
    model = gated_splade(document, AutoTokenizer.from_pretrained(checkpoint).sep_token_id)
    found = {}
    for margin in (0.0, 0.1, 0.3):
        model.config.gate_margin = margin
        folder = saved(model, checkpoint, tmp_path / str(margin))
        found[margin] = DiscoQueryEncoder(str(folder)).weights([CONVERSATION])[0]
    alone = DiscoDocumentEncoder(str(checkpoint)).weights(["when was it?"])[0]
    assert found[0.0].keys() >= found[0.1].keys() > found[0.3].keys()
    assert found[0.3] == pytest.approx(alone, abs=1e-5)


def test_every_backend_and_batch_gives_the_same(
    checkpoint: Path, document: BertForMaskedLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))
    model = trained(gated_splade(document, AutoTokenizer.from_pretrained(checkpoint).sep_token_id))
    folder = str(saved(model, checkpoint, tmp_path / "gated"))
    texts = [CONVERSATION, "the album", "who wrote the album in the city of the band"]
    together = DiscoQueryEncoder(folder).encode_batch(texts)
    assert together == [DiscoQueryEncoder(folder).encode(text) for text in texts]
    onnx = DiscoQueryEncoder(folder, backend="onnx").weights(texts)
    for expected, found in zip(DiscoQueryEncoder(folder).weights(texts), onnx, strict=True):
        assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_a_text_whose_gates_are_all_closed_has_no_terms(
    checkpoint: Path, document: BertForMaskedLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))
    model = gated_splade(document, AutoTokenizer.from_pretrained(checkpoint).sep_token_id)
    with torch.no_grad():
        model.gate_bias.fill_(-9.0)
    encoder = DiscoQueryEncoder(str(saved(model, checkpoint, tmp_path / "gated")), backend=backend)
    assert encoder.weights([CONVERSATION, "the album"]) == [{}, {}]


def test_a_student_keeps_its_document_encoder_and_trains_the_rest(
    checkpoint: Path, tmp_path: Path, document: BertForMaskedLM
) -> None:
    reader = tmp_path / "reader"
    a_reader(document).save_pretrained(reader)
    model = student(checkpoint, reader=reader)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    weights = model(model.preprocess([CONVERSATION, "the album"], task="query"), task="query")["sentence_embedding"]
    torch.manual_seed(0)
    (weights * torch.randn_like(weights)).sum().backward()
    torch.optim.SGD([parameter for parameter in model.parameters() if parameter.requires_grad], lr=1.0).step()
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert any(".gate" in name for name in changed)
    assert any(".shift" in name for name in changed)
    assert not any(".document." in name or ".head." in name or "sub_modules.document" in name for name in changed)
    model.save_pretrained(str(tmp_path / "student"))
    again = SparseEncoder(str(tmp_path / "student"), device="cpu").encode_query([CONVERSATION]).to_dense()
    assert torch.allclose(again, model.encode_query([CONVERSATION]).to_dense(), atol=1e-5)
    found = DiscoQueryEncoder(str(tmp_path / "student")).weight_vectors([CONVERSATION])[0]
    assert np.allclose(found.weights, again[0][found.terms].numpy(), atol=1e-5)


def test_shipped_weights_are_small_and_equal(checkpoint: Path, tmp_path: Path) -> None:
    write_document_encoder(checkpoint, tmp_path / "document")
    document = BertForMaskedLM.from_pretrained(tmp_path / "document", dtype=torch.float32)
    separator = AutoTokenizer.from_pretrained(checkpoint).sep_token_id
    model = gated_splade(document, separator)
    trained(model).half().float()  # as stored
    whole = saved(model, checkpoint, tmp_path / "whole")
    write_query_encoder([whole], tmp_path / "document", tmp_path / "query", gate_margin=0.1)
    shutil.move(tmp_path / "document", tmp_path / "moved")
    with pytest.raises(InputError, match="expected config"):
        DiscoQueryEncoder(str(tmp_path / "query"))
    shutil.move(tmp_path / "moved", tmp_path / "document")
    found, expected = (DiscoQueryEncoder(str(folder)).weights([CONVERSATION]) for folder in (tmp_path / "query", whole))
    assert found == [pytest.approx(expected[0], abs=2e-2)]
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (tmp_path / "query", whole)]
    assert sizes[0] < sizes[1] / 2

    other = tmp_path / "other"
    with torch.no_grad():
        document.cls.predictions.bias.add_(1)
    document.save_pretrained(other)
    AutoTokenizer.from_pretrained(checkpoint).save_pretrained(other)
    with pytest.raises(InputError, match="its document encoder is not the one in"):
        write_query_encoder([whole], other, tmp_path / "wrong")


def test_the_shipped_weights_are_the_mean_of_the_students(checkpoint: Path, tmp_path: Path) -> None:
    write_document_encoder(checkpoint, tmp_path / "document")
    document = BertForMaskedLM.from_pretrained(tmp_path / "document", dtype=torch.float32)
    separator = AutoTokenizer.from_pretrained(checkpoint).sep_token_id
    for number, name in enumerate(("one", "two", "deeper")):
        model = trained(gated_splade(document, separator, a_reader(document, num_hidden_layers=2 + (name == "deeper"))))
        model.gate_bias.data.fill_(number)
        saved(model, checkpoint, tmp_path / name)
    students = [tmp_path / "one", tmp_path / "two"]
    write_query_encoder(students, tmp_path / "document", tmp_path / "query")
    assert GatedSplade.from_pretrained(tmp_path / "query").gate_bias.tolist() == [0.5, 0.5]
    with pytest.raises(InputError, match=r"deeper: its reader is not that of .*one: expected students of one set-up"):
        write_query_encoder([tmp_path / "one", tmp_path / "deeper"], tmp_path / "document", tmp_path / "query")


def test_a_stored_encoder_names_no_path(document: BertForMaskedLM, checkpoint: Path, tmp_path: Path) -> None:
    """transformers adds the folder that a model was read from to its configuration."""
    folder = saved(gated_splade(document, 5), checkpoint, tmp_path / "gated")
    shipped = Path(disco_pyserini.__file__).parents[1] / "encoders"
    for path in (folder / "config.json", *shipped.glob("*/*/config.json")):
        assert "_name_or_path" not in path.read_text(encoding="utf-8"), path


def test_models_that_do_not_fit_are_refused(document: BertForMaskedLM) -> None:
    with pytest.raises(InputError, match="two models with one tokenizer"):
        gated_splade(document, 3, BertModel(BertConfig(vocab_size=99, hidden_size=24, num_attention_heads=2)))
    distil = DistilBertForMaskedLM(DistilBertConfig(vocab_size=50, dim=24, n_heads=2, n_layers=1, hidden_dim=32))
    with pytest.raises(InputError, match="must be a BERT model, found 'distilbert'"):
        gated_splade(distil, 3)
