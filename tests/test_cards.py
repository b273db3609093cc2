from __future__ import annotations

from pathlib import Path

import pytest

from disco_pyserini.cards import PUBLISHED_ENCODER, ModelReference, cards, read_card
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import Quantiser


def test_published_cards() -> None:
    published = {name: card for name, card in cards().items() if name.startswith("splade-disco-")}
    assert set(published) == {
        "splade-disco-human",
        "splade-disco-human-mistral",
        "splade-disco-topiocqa-llama-mistral",
        "splade-disco-topiocqa-mistral",
    }
    for name, card in published.items():
        assert card.query.model == f"slupart/{name}"
        assert card.document.model == "naver/splade-cocondenser-ensembledistil"
        assert card.query.max_length == 256
        assert card.licence == "CC BY-NC-SA 4.0"
    assert PUBLISHED_ENCODER in published


def test_published_scores_carry_their_source() -> None:
    scores = cards()["splade-disco-human-mistral"].scores
    assert {score.collection: score.measures["nDCG@3"] for score in scores} == {
        "qrecc": 0.487,
        "coral": 0.428,
        "cast2020": 0.353,
        "cast2022": 0.322,
        "ikat2023": 0.125,
    }
    assert all(score.source for score in scores)


CARD = """
name: mine
description: My encoder.
query: {model: ./query, max_length: 32, revision: abc}
document: {model: hub/id, max_length: 3}
quantiser: {weight_range: 5, quant_range: 65535}
licence: MIT
training_data: my logs
scores:
  - {collection: mine, nDCG@3: .5, R@100: 1, source: my paper}
"""


def write_card(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_a_card_is_read(tmp_path: Path) -> None:
    card = read_card(write_card(tmp_path, CARD))
    assert card.query == ModelReference(model=str(tmp_path / "query"), max_length=32, revision="abc")
    assert card.document == ModelReference(model="hub/id", max_length=3)
    assert card.quantiser == Quantiser(5, 65_535)
    assert card.scores[0].measures == {"nDCG@3": 0.5, "R@100": 1}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("max_length: 32", "max_length: long", "query.max_length: expected an integer, found 'long'"),
        ("max_length: 32", "max_length: 2", "query.max_length: expected at least 3, found 2"),
        ("max_length: 32", "max_length: .inf", "query.max_length: expected an integer, found inf"),
        ("max_length: 32", "max_lenth: 32", "query.max_lenth: unknown field: did you mean 'max_length'?"),
        ("max_length: 3}", "max_length: true}", "document.max_length: expected an integer, found True"),
        ("model: hub/id", "model: ''", "document.model: expected text that is not empty, found ''"),
        ("revision: abc", "revision: 1234567", "query.revision: expected text, found 1234567"),
        (
            "quant_range: 65535",
            "quant_range: 0",
            "quantiser: expected quant_range to be an integer from 1 to 65,535",
        ),
        ("quant_range: 65535", "quant_range: 65536", "quantiser: expected quant_range to be an integer from 1 to 65,"),
        ("weight_range: 5", "weight_range: 0", "quantiser: expected weight_range to be a number above 0, found 0"),
        ("weight_range: 5", "weight_rage: 5", "quantiser: unknown field 'weight_rage': did you mean 'weight_range'?"),
        (
            "quantiser: {weight_range: 5, quant_range: 65535}",
            "quantiser: 5",
            "quantiser: expected fields such as weigh",
        ),
        ("licence: MIT", "licence:", "licence: expected text, found None"),
        ("licence: MIT", "licence: ''", "licence: expected text that is not empty, found ''"),
        ("licence: MIT", "license: MIT", "license: unknown field: did you mean 'licence'?"),
        ("licence: MIT\n", "", "licence: missing"),
        ("licence: MIT", "licence: MIT\nversion: 2", "version: unknown field"),
        ("name: mine", "name: ../mine", "name: expected a name of letters, digits and "),
        (", source: my paper", "", "scores[mine].source: missing"),
        ("nDCG@3: .5", "nDCG@3: high", "scores[mine].nDCG@3: expected a number, found 'high'"),
        ("scores:\n  -", "scores:", "scores: expected a list, found {"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in CARD
    path = write_card(tmp_path, CARD.replace(before, after, 1))
    with pytest.raises(InputError) as caught:
        read_card(path)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("text", ["", "- a list", "name: [", "a: &a [*a]", "[" * 2_000, "\0"])
def test_what_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"mine\.yaml: "):
        read_card(write_card(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read: No such file or directory"):
        read_card(tmp_path / "none.yaml")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory"):
        read_card(tmp_path)
