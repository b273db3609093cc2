"""Which words give a query its weights: the maxima over tokens, computed here from all logits of transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import make_causal_checkpoint
from numpy.typing import NDArray
from sentence_transformers import SparseEncoder
from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding
from small_indexes import LookUp
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

from disco_pyserini import Conversation, DiscoQueryEncoder, DiscoSearcher, flatten
from disco_pyserini.encoding import Reading, gated_splade
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import DEFAULT_QUANTISER

CONVERSATION = Conversation.from_history(
    "when was\tit [SEP] born?", [("who wrote the album?", "the band did, in the city."), ("what river?", None)]
)
LONG = Conversation.from_history("what is it?", [("the river of the city " * 40, "she was born in it " * 40)])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))


@pytest.fixture(params=["plain", "gated"])
def folder(request: pytest.FixtureRequest, checkpoint: Path, tmp_path: Path) -> Path:
    if request.param == "plain":
        return checkpoint
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    document = AutoModelForMaskedLM.from_pretrained(checkpoint, dtype=torch.float32)
    model = gated_splade.gated_splade(document, tokenizer.sep_token_id)
    torch.manual_seed(1)
    with torch.no_grad():
        model.gate.weight.normal_(std=0.5)
        model.shift.weight.normal_(std=0.02)
    model.save_pretrained(tmp_path / "gated")
    tokenizer.save_pretrained(tmp_path / "gated")
    return tmp_path / "gated"


def impacts_by_token(folder: Path, text: str, causal: bool = False) -> tuple[list[int], NDArray[np.int64]]:
    """The ids of a text, and the impact that each token alone would give each term (tokens, vocabulary)."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = (AutoModelForCausalLM if causal else AutoModelForMaskedLM).from_pretrained(folder).eval()
    ids = tokenizer(text, truncation=True, max_length=256)["input_ids"]
    with torch.inference_mode():
        logits = model(torch.tensor([ids])).logits[0]
    return ids, DEFAULT_QUANTISER.quantise(torch.log(1 + torch.relu(logits)).numpy())


def of_words(reading: Reading) -> dict[str, int]:
    """The terms of all words, and of no word. No term may come from two words."""
    found = dict(reading.elsewhere)
    for utterance in reading.utterances:
        for word in utterance.words:
            assert not word.terms.keys() & found.keys()
            found |= word.terms
    return found


@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_the_words_maxima_are_the_query_that_is_searched_with(folder: Path, backend: str) -> None:
    encoder = DiscoQueryEncoder(str(folder), backend=backend)
    ids, impacts = impacts_by_token(folder, flatten(CONVERSATION))
    vocabulary = AutoTokenizer.from_pretrained(folder).convert_ids_to_tokens(range(impacts.shape[1]))
    for query in (CONVERSATION, LONG, flatten(CONVERSATION), CONVERSATION.utterance):
        reading = encoder.read(query)
        assert reading.terms == encoder.encode(query) == of_words(reading)
        assert {**reading.kept, **reading.added} == reading.terms
    reading = encoder.read(CONVERSATION)
    assert len(reading.terms) > 5
    # The word that is named is a word of a token that has the highest impact.
    says = {
        "".join(word.text for word in utterance.words): (utterance.turn, utterance.speaker)
        for utterance in reading.utterances
    }
    assert list(says.values()) == [(1, "user"), (1, "assistant"), (2, "user"), (3, "user")]
    tokens = [token.removeprefix("##") for token in AutoTokenizer.from_pretrained(folder).convert_ids_to_tokens(ids)]
    for utterance in reading.utterances:
        for word in utterance.words:
            for term, impact in word.terms.items():
                column = impacts[:, vocabulary.index(term)]
                assert impact == column.max()
                highest = {tokens[position] for position in np.flatnonzero(column == column.max())}
                assert any(token in word.text.lower() or token == "[UNK]" for token in highest), (term, word, highest)


def test_each_word_is_where_it_was_said_and_knows_whether_it_is_kept(folder: Path) -> None:
    reading = DiscoQueryEncoder(str(folder)).read(CONVERSATION)
    for utterance in reading.utterances:
        for word in utterance.words:
            assert utterance.text[word.start :].startswith(word.text)
            assert word.read
    assert [word.text for word in reading.utterances[-1].words] == ["when", "was", "it", "[", "SEP", "]", "born", "?"]
    known = set(AutoTokenizer.from_pretrained(folder).vocab)
    for utterance in reading.utterances:
        for word in utterance.words:
            if word.text in known:
                assert word.kept == (word.text in reading.kept)
    dropped = {word.text for _, word in reading.dropped()}
    assert dropped.isdisjoint(reading.kept) and dropped.isdisjoint({"?", ".", ",", "[", "]"})


def test_what_is_beyond_max_length_is_not_read(folder: Path) -> None:
    encoder = DiscoQueryEncoder(str(folder), max_length=32)
    oldest, answer, newest = encoder.read(LONG).utterances
    assert all(word.read for word in newest.words)
    [unread] = oldest.words
    assert unread.text == oldest.text and not unread.read and not unread.terms and not unread.kept
    # [CLS], four tokens of the question, [SEP], and the last [SEP].
    assert [word.read for word in answer.words] == [True] * (32 - 7) + [False]
    assert answer.text.endswith(answer.words[-1].text)
    assert " ".join(word.text for word in answer.words) == answer.text


@pytest.mark.parametrize(
    ("family", "echo", "backend"),
    [("mistral", False, "torch"), ("mistral", True, "torch"), ("qwen2", True, "torch"), ("mistral", True, "onnx")],
)
def test_causal_models_and_other_tokenizers(tmp_path: Path, family: str, echo: bool, backend: str) -> None:
    folder = make_causal_checkpoint(tmp_path / "causal", family, **({"echo": True} if echo else {}))
    encoder = DiscoQueryEncoder(str(folder), backend=backend)
    conversation = Conversation.from_history("when was he born", [("who wrote the album", "the band")])
    reading = encoder.read(conversation)
    assert reading.terms == encoder.encode(conversation) == of_words(reading)
    assert sum(utterance.weight for utterance in reading.utterances) > 0
    if not echo:
        # A token of a causal model sees what is before it: the first words are the same in a shorter text.
        ids, impacts = impacts_by_token(folder, f"when was he born {encoder.separator} the band", causal=True)
        assert len(ids) == len(impacts)
        for term, impact in reading.utterances[-1].words[0].terms.items():
            assert impact in impacts[:, encoder.vocabulary.index(term)]


def test_fixed_weights_come_from_the_words_of_the_last_utterance(checkpoint: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    weight = torch.linspace(0, 3, len(tokenizer))
    static = SparseStaticEmbedding(tokenizer, weight=weight)
    SparseEncoder(modules=[static], device="cpu").save_pretrained(str(tmp_path / "static"))
    encoder = DiscoQueryEncoder(str(tmp_path / "static"))
    reading = encoder.read(Conversation.from_history("was the river the city", [("who", "she")]))
    assert reading.terms == of_words(reading) == encoder.encode("was the river the city")
    [utterance] = reading.utterances
    assert utterance.turn == 2
    assert [list(word.terms) for word in utterance.words] == [["was"], ["the"], ["river"], [], ["city"]]
    assert not reading.added and not reading.elsewhere


def test_a_searcher_reads_with_its_encoder(tiny: Any, queries: Any, index: Path) -> None:
    with DiscoSearcher(tiny.index) as searcher:
        assert searcher.read(CONVERSATION).terms == searcher.query_terms(CONVERSATION)
        with pytest.raises(InputError, match="the utterance to answer is empty"):
            searcher.read(Conversation.from_history(" "))
    with (
        DiscoSearcher(index, LookUp(queries)) as searcher,
        pytest.raises(InputError, match="LookUp has no method read"),
    ):
        searcher.read("q1")
