"""The student trains its query route only, to the gradients that sentence-transformers' own modules have."""

from __future__ import annotations

from pathlib import Path

import torch
from sentence_transformers import SparseEncoder

from disco_pyserini import DiscoDocumentEncoder, DiscoQueryEncoder
from disco_pyserini.training.student import export_masked_lm, splade, student

TEXTS = ["who wrote the album", "when was it? [SEP] the band wrote it in the city [SEP] who wrote the album", "he died"]


def embed(model: SparseEncoder, **task: str) -> torch.Tensor:
    return model(model.preprocess(TEXTS, **task), **task)["sentence_embedding"]


def test_values_and_gradients_equal_those_of_the_stock_modules(checkpoint: Path, tmp_path: Path) -> None:
    ours = splade(checkpoint)
    ours.save_pretrained(str(tmp_path))
    stock = SparseEncoder(str(tmp_path), device="cpu")
    outputs = []
    for model in (ours, stock):
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0  # so that both see the same
        weights = embed(model)
        (weights**2).sum().backward()
        outputs.append((weights, {name: parameter.grad for name, parameter in model.named_parameters()}))
    (our_weights, our_gradients), (stock_weights, stock_gradients) = outputs
    assert torch.allclose(our_weights, stock_weights, atol=1e-5)
    assert our_gradients.keys() == stock_gradients.keys()
    for name, gradient in stock_gradients.items():
        assert (gradient is None) == (our_gradients[name] is None), name
        if gradient is not None:
            assert torch.allclose(our_gradients[name], gradient, atol=1e-4 * float(gradient.abs().max()) + 1e-5), name


def test_the_document_route_stays_frozen_and_in_eval_mode(checkpoint: Path) -> None:
    model = student(checkpoint)
    document = model[0].sub_modules["document"]
    before = {name: tensor.clone() for name, tensor in document.state_dict().items()}
    optimiser = torch.optim.AdamW([parameter for parameter in model.parameters() if parameter.requires_grad], lr=0.1)
    for _ in range(2):
        model.train()
        assert not any(module.training for route in document for module in route.modules())
        embed(model, task="query").sum().backward()
        optimiser.step()
    assert all(torch.equal(tensor, before[name]) for name, tensor in document.state_dict().items())
    query = model[0].sub_modules["query"].state_dict()
    assert any(not torch.equal(tensor, before[name]) for name, tensor in query.items())


def test_a_saved_student_loads_everywhere(checkpoint: Path, tmp_path: Path) -> None:
    model = student(checkpoint)
    with torch.no_grad():
        for parameter in model[0].sub_modules["query"].parameters():
            parameter.mul_(1.05)
    model.save_pretrained(str(tmp_path / "student"))
    export_masked_lm(model, tmp_path / "bare", route="query")
    stock = SparseEncoder(str(tmp_path / "student"), device="cpu")
    expected = stock.encode_query(TEXTS, convert_to_sparse_tensor=False)
    assert torch.allclose(embed(model.eval(), task="query"), expected, atol=1e-5)
    query = DiscoQueryEncoder(str(tmp_path / "student"))
    assert query.encode_batch(TEXTS) == DiscoQueryEncoder(str(tmp_path / "bare")).encode_batch(TEXTS)
    document = DiscoDocumentEncoder(str(tmp_path / "student"))
    assert document.encode_batch(TEXTS) == DiscoDocumentEncoder(str(checkpoint)).encode_batch(TEXTS)
    assert query.encode_batch(TEXTS) != document.encode_batch(TEXTS)
