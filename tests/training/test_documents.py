"""Stored document vectors: live encoding gives the same losses; vectors of another encoder are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import make_checkpoint

from disco_pyserini.encoding import document_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.exports.anserini_jsonl import export
from disco_pyserini.training.candidates import TeacherLists
from disco_pyserini.training.document_vectors import DocumentVectors, check_space, load_vectors
from disco_pyserini.training.live_documents import LiveDocuments
from disco_pyserini.training.losses import DiscoLoss, MarginMSELoss, SampledLoss
from disco_pyserini.training.sampling import Sampler, Sampling
from disco_pyserini.training.student import student
from disco_pyserini.training.tolerance import Tolerance
from disco_pyserini.vectors import encode_corpus, open_vectors
from training.conftest import passages, queries, teacher_scores

QRELS = {query.qid: {f"d{i}": 1} for i, query in enumerate(queries())}


def gradients(loss: SampledLoss, checkpoint: Path) -> tuple[dict[str, float], list[torch.Tensor]]:
    model = loss.model
    model.eval()  # dropout would differ between the two
    features = model.preprocess([query.text("conversation") for query in queries()[:8]], task="query")
    parts = loss([features], torch.arange(8))
    model.zero_grad()
    sum(parts.values()).backward()
    trained = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    return {name: float(value) for name, value in parts.items()}, trained


@pytest.mark.parametrize("kind", [DiscoLoss, MarginMSELoss])
@pytest.mark.parametrize("stored", ["weights", "impacts"])
def test_losses_and_gradients_equal_those_of_live_encoding(
    kind: type[SampledLoss], stored: str, checkpoint: Path, collection: Path
) -> None:
    encoder = document_encoder(str(checkpoint), device="cpu", max_length=64)
    if stored == "weights":
        vectors = encoder.weight_vectors([passage.contents for passage in passages()])
        documents = DocumentVectors.from_weights([p.id for p in passages()], vectors, len(encoder.vocabulary))
    else:
        documents = load_vectors(open_vectors(collection / "vectors"), encoder.vocabulary)
    candidates = TeacherLists(teacher_scores().items(), QRELS, QRELS, Tolerance(0)).candidates(
        documents.rows, Tolerance(0)
    )
    sampler = Sampler(candidates, len(documents), Sampling(candidates=8), seed=1)
    model = student(checkpoint, max_length=64, document_max_length=64).to("cpu")
    cached, cached_gradients = gradients(kind(model, documents, sampler), checkpoint)
    cached_gradients = [gradient.clone() for gradient in cached_gradients]
    contents = {passage.id: passage.contents for passage in passages()}
    live_documents = LiveDocuments(model, [contents[docid] for docid in documents.ids])
    live, live_gradients = gradients(kind(model, live_documents, sampler), checkpoint)
    # Impacts are rounded to 1/51 of a weight.
    tolerance = 1e-5 if stored == "weights" else 2e-2
    assert cached == pytest.approx(live, rel=tolerance, abs=tolerance)
    largest = max(float(gradient.abs().max()) for gradient in live_gradients)
    for one, other in zip(cached_gradients, live_gradients, strict=True):
        assert torch.allclose(one, other, rtol=tolerance, atol=tolerance * max(1, largest))


def test_stored_impacts_are_read_as_weights_and_only_those_needed(checkpoint: Path, collection: Path) -> None:
    encoder = document_encoder(str(checkpoint), device="cpu")
    source = open_vectors(collection / "vectors")
    documents = load_vectors(source, encoder.vocabulary, needed={"d7", "d3", "nowhere"})
    assert documents.ids == ["d3", "d7"]
    weights = encoder.weight_vectors([passages()[3].contents, passages()[7].contents])
    for row, (terms, expected) in enumerate(weights):
        assert torch.allclose(documents.matrix()[row].to_dense()[terms], torch.tensor(expected), atol=0.5 * 5 / 256)
    assert len(load_vectors(source, encoder.vocabulary, needed={"d7"}, others=10, seed=1)) in (10, 11)
    assert len(load_vectors(source, encoder.vocabulary, needed=set(), others=1000)) == 60


def test_anserinis_jsonl_gives_the_same_vectors(checkpoint: Path, collection: Path, tmp_path: Path) -> None:
    encoder = document_encoder(str(checkpoint), device="cpu")
    export(open_vectors(collection / "vectors"), tmp_path / "vectors.jsonl")
    ours = load_vectors(open_vectors(collection / "vectors"), encoder.vocabulary).matrix().to_dense()
    theirs = load_vectors(open_vectors(tmp_path / "vectors.jsonl"), encoder.vocabulary).matrix().to_dense()
    assert torch.allclose(ours, theirs)
    with pytest.raises(InputError, match="tokens of the document vectors are not in the encoder's vocabulary"):
        load_vectors(open_vectors(tmp_path / "vectors.jsonl"), encoder.vocabulary[:20])


def test_exhaustive_search_finds_the_best(checkpoint: Path, collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = document_encoder(str(checkpoint), device="cpu")
    documents = load_vectors(open_vectors(collection / "vectors"), encoder.vocabulary)
    queries = torch.rand(3, len(encoder.vocabulary))
    expected = (queries @ documents.matrix().to_dense().T).topk(5)
    monkeypatch.setattr("disco_pyserini.training.document_vectors._SCORES_AT_ONCE", 120)
    scores, rows = documents.best(queries, 5)
    assert torch.allclose(scores, expected.values, atol=1e-4)
    assert torch.equal(rows, expected.indices)


def test_vectors_of_another_encoder_are_refused(checkpoint: Path, collection: Path, tmp_path: Path) -> None:
    encoder = document_encoder(str(checkpoint), device="cpu")
    space = open_vectors(collection / "vectors").space
    assert space is not None
    check_space(space, encoder.revision, encoder.vocabulary, "vectors")
    with pytest.raises(InputError, match="the weights differ"):
        check_space(space.model_copy(update={"revision": "0" * 64}), encoder.revision, encoder.vocabulary, "vectors")
    other = document_encoder(str(make_checkpoint(tmp_path / "other", words=["some", "words"])), device="cpu")
    encode_corpus(passages()[:3], tmp_path / "vectors", other)
    with pytest.raises(InputError, match=r"expected vectors over the vocabulary .* found those of 'other'"):
        check_space(open_vectors(tmp_path / "vectors").space, encoder.revision, encoder.vocabulary, "vectors")


def test_document_frequencies() -> None:
    vectors = DocumentVectors(["a", "b"], np.array([0, 2, 3]), np.array([0, 2, 2], np.int32), np.ones(3, np.float32), 3)
    assert vectors.inverse_document_frequency().tolist() == pytest.approx([1 + np.log(1.5), 1 + np.log(3), 1])
