"""The distillation study on real English: its set-ups, its measures, and what its report says of numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.layout import write_collection
from disco_pyserini.datasets.turns import Query
from disco_pyserini.encoding import DiscoQueryEncoder, document_encoder
from disco_pyserini.passages import Passage
from disco_pyserini.training.config import TrainingConfig
from studies.distillation import english, english_page
from studies.distillation.english import (
    BASE,
    ORDER,
    TESTS,
    VARIANTS,
    EnglishStudy,
    JudgedCollection,
    Measured,
    RememberingEncoder,
    configuration,
)

PASSAGES = ("Olav was a king of Norway.", "A boat sails on the sea.", "The cat sleeps on a warm roof.")


@pytest.mark.parametrize("name", VARIANTS)
def test_every_student_has_a_configuration_that_the_trainer_accepts(name: str) -> None:
    config = TrainingConfig.check(configuration(name), name)
    assert config != TrainingConfig.check(configuration(BASE), BASE) or name == BASE


NOISY = (("1", 0.0), ("2", 0.6))
"""Two seeds, and what each adds to nDCG@3."""


def test_every_student_is_trained_once() -> None:
    assert len(set(ORDER)) == len(ORDER)
    assert {name for _, name in ORDER} == VARIANTS.keys()


def test_results_are_read_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(english, "FOLDER", tmp_path)
    monkeypatch.setattr(english, "RESULTS", tmp_path / "english.json")
    assert EnglishStudy.read() == EnglishStudy()
    one = {"iKAT 2023": Measured([0.5, None], [1.0, None], 12.5, 0.25)}
    study = EnglishStudy({"iKAT 2023": [1, 2]}, {"SPLADE, human": one}, {BASE: {"1": one}}, {BASE: {"1": 7.5}})
    study.write()
    assert EnglishStudy.read() == study
    assert (1, BASE) not in study.missing() and (2, BASE) in study.missing()


def test_a_query_without_the_rewrite_has_no_score(tmp_path: Path) -> None:
    asked = [Query(f"{number}_1", str(number), Conversation((Turn(text),))) for number, text in enumerate(PASSAGES)]
    qrels = {query.qid: {f"d{number}": 1} for number, query in enumerate(asked[:2])}
    passages = [Passage(f"d{number}", text) for number, text in enumerate(PASSAGES)]
    write_collection(passages, {"test": (asked, qrels)}, tmp_path)
    folder = document_encoder("english").folder.as_posix()
    (tmp_path / "turns.test.jsonl").rename(tmp_path / "turns.jsonl")
    (tmp_path / "qrels.test.txt").rename(tmp_path / "qrels.txt")
    test = JudgedCollection.read(tmp_path, RememberingEncoder(folder))
    measured = test.measured(*test.run(DiscoQueryEncoder(folder), {"1_1": PASSAGES[1]}))
    assert measured.ndcg == [None, 1.0]
    assert measured.dimensions > 0 and measured.flops > 0


def test_the_encoder_remembers_what_it_encoded() -> None:
    folder = document_encoder("english").folder.as_posix()
    encoder = RememberingEncoder(folder)
    first, second = encoder.weight_vectors([PASSAGES[0], PASSAGES[0]])
    assert first is second
    [again] = document_encoder("english").weight_vectors([PASSAGES[0]])
    assert again.terms.tolist() == first.terms.tolist()


def test_a_difference_shows_only_if_it_is_larger_than_the_noise() -> None:
    noise = [0.1 * (number % 3) for number in range(40)]
    scores = {
        BASE: [value + 0.3 for value in noise],
        "scores": [value + 0.01 * (-1) ** number for number, value in enumerate(noise)],
        "representation": noise,
    }
    students = {name: {"1": {place: Measured(values, values) for place in TESTS}} for name, values in scores.items()}
    verdicts = english_page._verdicts(english_page._compared(EnglishStudy(students=students)))
    assert verdicts("both > scores").count("**shows** on") == 2
    assert verdicts("scores > representation").count("does not show on") == 2
    students[BASE], students["scores"] = students["scores"], students[BASE]
    compared = english_page._compared(EnglishStudy(students=students))
    assert english_page._verdicts(compared)("both > scores").count("*contradicted* on") == 2
    assert "contradicted that both together are better than scores alone" in english_page._summary(compared)
    seeds = {seed: {place: Measured([value + by for value in noise], noise) for place in TESTS} for seed, by in NOISY}
    students = {BASE: seeds, "scores": students["representation"]}
    verdicts = english_page._verdicts(english_page._compared(EnglishStudy(students=students)))
    assert verdicts("both > scores").count("does not show on") == 2  # the seeds differ by more than the two systems
