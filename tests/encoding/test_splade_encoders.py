"""The encoders against Pyserini's own SPLADE encoder and sentence-transformers, on checkpoints that all can load."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
import torch
from checkpoints import WORDS, make_checkpoint
from safetensors.torch import load_file, save_file
from sentence_transformers import SparseEncoder
from transformers import BertForMaskedLM, BertTokenizerFast

from disco_pyserini import Conversation, DiscoDocumentEncoder, DiscoQueryEncoder, InputError, flatten
from disco_pyserini.encoding import query_encoder
from disco_pyserini.impacts import Quantiser
from disco_pyserini.training.student import splade, student


def texts(count: int, seed: int = 0) -> list[str]:
    """Texts of very different lengths, some of them far beyond 256 tokens."""
    chooser = random.Random(seed)
    lengths = [chooser.choice([1, 3, 8, 20, 60, 400]) for _ in range(count)]
    return [" ".join(chooser.choice([*WORDS, "zyx1", "[SEP]"]) for _ in range(length)) for length in lengths]


def as_bin(checkpoint: Path, folder: Path) -> Path:
    """The same checkpoint with its weights as pytorch_model.bin, the only kind that Pyserini's encoder loads."""
    shutil.copytree(checkpoint, folder)
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder


def test_impacts_equal_those_of_pyserinis_encoder(checkpoint: Path, tmp_path: Path) -> None:
    from pyserini.encode import SpladeQueryEncoder

    folder = as_bin(checkpoint, tmp_path / "bin")
    queries = texts(120)
    theirs = SpladeQueryEncoder(str(folder))
    ours = DiscoQueryEncoder(str(folder))
    expected = [{token: impact for token, impact in theirs.encode(query).items() if impact} for query in queries]
    assert [ours.encode(query) for query in queries] == expected
    assert ours.encode_batch(queries) == expected


def test_batches_of_any_size_give_the_same_impacts(checkpoint: Path) -> None:
    queries = texts(200, seed=1)
    one_by_one = DiscoQueryEncoder(str(checkpoint), batch_tokens=1).encode_batch(queries)
    assert DiscoQueryEncoder(str(checkpoint), batch_tokens=700).encode_batch(queries) == one_by_one
    assert DiscoQueryEncoder(str(checkpoint), batch_tokens=100_000).encode_batch(queries) == one_by_one


def test_weights_equal_those_of_sentence_transformers(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    splade(checkpoint).save_pretrained(str(folder))
    theirs = SparseEncoder(str(folder), device="cpu")
    theirs.max_seq_length = 256
    passages = texts(20, seed=2)
    expected = theirs.encode_document(passages, convert_to_sparse_tensor=False)
    encoder = DiscoDocumentEncoder(str(folder), max_length=256)
    for row, weights in zip(expected, encoder.weights(passages), strict=True):
        found = torch.zeros(len(encoder.vocabulary))
        for token, weight in weights.items():
            found[encoder.vocabulary.index(token)] = weight
        assert torch.allclose(row, found, atol=1e-5)


def test_outputs_beyond_the_tokenizer_are_left_out(checkpoint: Path, tmp_path: Path) -> None:
    model, tokenizer = BertForMaskedLM.from_pretrained(checkpoint), BertTokenizerFast.from_pretrained(checkpoint)
    model.resize_token_embeddings(pad_to_multiple_of=64)
    assert model.config.vocab_size == 128 > len(tokenizer)
    with torch.no_grad():
        model.cls.predictions.bias[len(tokenizer) :] = 10
    model.save_pretrained(tmp_path / "padded")
    tokenizer.save_pretrained(tmp_path / "padded")
    splade(tmp_path / "padded").save_pretrained(str(tmp_path / "plain"))
    passages = texts(20, seed=3)
    padded, exact = (DiscoDocumentEncoder(str(folder)) for folder in (tmp_path / "padded", checkpoint))
    assert padded.vocabulary == exact.vocabulary == tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    assert padded.encode_batch(passages) == exact.encode_batch(passages)
    theirs = SparseEncoder(str(tmp_path / "plain"), device="cpu").encode_document("who wrote it").to_dense()
    assert (theirs[len(tokenizer) :] > 0).all()
    active = {token: float(weight) for token, weight in zip(exact.vocabulary, theirs, strict=False) if weight}
    assert DiscoQueryEncoder(str(tmp_path / "plain")).weights(["who wrote it"])[0] == pytest.approx(active, abs=1e-5)
    with pytest.raises(InputError, match="the tokenizer has 108 tokens, but the model's head 128"):
        DiscoDocumentEncoder(str(tmp_path / "padded"), tokenizer_name=str(checkpoint))


def test_a_router_gives_each_encoder_its_own_route(checkpoint: Path, tmp_path: Path) -> None:
    model = student(checkpoint)
    with torch.no_grad():
        for parameter in model[0].sub_modules["query"].parameters():
            parameter.mul_(1.1)
    folder = tmp_path / "router"
    model.save_pretrained(str(folder))
    text = "who wrote the album"
    query, document = DiscoQueryEncoder(str(folder)), DiscoDocumentEncoder(str(folder))
    assert document.encode(text) == DiscoDocumentEncoder(str(checkpoint)).encode(text)
    expected = SparseEncoder(str(folder), device="cpu").encode_query(text, convert_to_sparse_tensor=False)
    active = {query.vocabulary[term]: float(expected[term]) for term in expected.nonzero().ravel().tolist()}
    assert query.weights([text])[0] == pytest.approx(active, abs=1e-5)
    assert query.encode(text) != document.encode(text)


def test_a_conversation_is_encoded_as_its_flattened_text(checkpoint: Path) -> None:
    conversation = Conversation.from_history("when was he born?", [("who wrote it?", "he did"), ("what [SEP]?", None)])
    encoder = DiscoQueryEncoder(str(checkpoint))
    assert encoder.encode(conversation) == encoder.encode(flatten(conversation))


def test_the_oldest_part_of_a_long_conversation_falls_off(checkpoint: Path) -> None:
    encoder = DiscoQueryEncoder(str(checkpoint), max_length=32)
    history = [("who wrote the album", "the band wrote it in the city") for _ in range(20)]
    longer = [("what river was it", "born in the river"), *history]
    question = "when did she die"
    assert encoder.encode(Conversation.from_history(question, history)) == encoder.encode(
        Conversation.from_history(question, longer)
    )


@pytest.mark.parametrize("max_length", [2, 0, -1])
def test_a_length_without_room_for_a_word_is_refused(checkpoint: Path, max_length: int) -> None:
    with pytest.raises(InputError, match=rf"DiscoQueryEncoder: max_length: expected at least 3, found {max_length}"):
        DiscoQueryEncoder(str(checkpoint), max_length=max_length)


def test_raw_weights_quantise_to_the_impacts(checkpoint: Path) -> None:
    encoder = DiscoQueryEncoder(str(checkpoint))
    [weights] = encoder.weights(["who wrote the album"])
    impacts = {token: round(weight / 5 * 256) for token, weight in weights.items()}
    assert encoder.encode("who wrote the album") == {token: impact for token, impact in impacts.items() if impact}
    assert encoder.quantiser == Quantiser()


def test_a_hub_id_loads_offline_from_the_hubs_cache(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--slupart--splade-disco-human"
    shutil.copytree(checkpoint, repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    encoder = query_encoder("splade-disco-human")
    assert encoder.model_name == "slupart/splade-disco-human"
    assert encoder.encode("who wrote it") == DiscoQueryEncoder(str(checkpoint)).encode("who wrote it")


def test_an_encoder_that_is_not_here_is_named_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"no encoder 'slupart/splade-disco-human'.*usable here now: disco-tiny"):
        query_encoder("splade-disco-human")
    with pytest.raises(InputError, match="no encoder 'no such/path/at all'"):
        query_encoder("no such/path/at all")


def rewrite_weights(checkpoint: Path, folder: Path, change: str) -> Path:
    shutil.copytree(checkpoint, folder)
    weights = load_file(folder / "model.safetensors")
    if change == "nan":
        weights["bert.encoder.layer.0.output.dense.weight"][0, 0] = float("nan")
    elif change == "no head":
        weights = {name: tensor for name, tensor in weights.items() if not name.startswith("cls.")}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_broken_checkpoints_are_refused_with_the_reason(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"layer\.0\.output\.dense\.weight are not finite"):
        DiscoQueryEncoder(str(rewrite_weights(checkpoint, tmp_path / "nan", "nan")))
    with pytest.raises(InputError, match="SPLADE needs the masked-LM head"):
        DiscoQueryEncoder(str(rewrite_weights(checkpoint, tmp_path / "headless", "no head")))
    other = make_checkpoint(tmp_path / "other", words=["just", "these"])
    with pytest.raises(InputError, match="the tokenizer has 87 tokens, but the model's head"):
        DiscoQueryEncoder(str(checkpoint), tokenizer_name=str(other))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found no weights"):
        DiscoQueryEncoder(str(tmp_path / "empty"))


def test_a_pickle_with_code_in_it_is_not_executed(checkpoint: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (open, (str(tmp_path / "executed"), "w"))

    folder = as_bin(checkpoint, tmp_path / "evil")
    torch.save({"weights": Evil()}, folder / "pytorch_model.bin")
    with pytest.raises(InputError):
        DiscoQueryEncoder(str(folder))
    assert not (tmp_path / "executed").exists()


def test_other_poolings_than_splades_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sum"
    splade(checkpoint).save_pretrained(str(folder))
    config = folder / "1_SpladePooling" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "pooling_strategy": "sum"}))
    with pytest.raises(InputError, match="trained with 'sum' pooling"):
        DiscoQueryEncoder(str(folder))


def test_empty_text_is_refused(checkpoint: Path) -> None:
    with pytest.raises(InputError, match="the text to encode is empty"):
        DiscoQueryEncoder(str(checkpoint)).encode(" ")
