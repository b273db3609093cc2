from __future__ import annotations

from pathlib import Path

import pytest

from disco_pyserini.cards import DEFAULT_ENCODER, cards, read_card
from disco_pyserini.errors import InputError


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
    assert DEFAULT_ENCODER in published


def test_published_scores_carry_their_source() -> None:
    scores = cards()["splade-disco-human-mistral"].scores
    assert {score["collection"]: score["nDCG@3"] for score in scores} == {
        "qrecc": 0.487,
        "coral": 0.428,
        "cast2020": 0.353,
        "cast2022": 0.322,
        "ikat2023": 0.125,
    }
    assert all(score["source"] for score in scores)


@pytest.mark.parametrize("text", ["name: x", "name: [", "name: x\nquery: {model: m}\n", "- a list"])
def test_a_bad_card_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"bad\.yaml: not a valid encoder card"):
        read_card(path)
