"""Training data of several collections: one pool of documents, rewrites turn by turn, parts that are held out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import WORDS

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.canard import CANARD
from disco_pyserini.datasets.registry import COLLECTIONS
from disco_pyserini.datasets.turns import Query, write_turns
from disco_pyserini.encoding import document_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.training.config import Data
from disco_pyserini.training.distillation import train
from disco_pyserini.training.epochs import FollowEpochs
from disco_pyserini.training.material import Material, prepare
from disco_pyserini.training.queries import read_queries
from training.conftest import Configure, queries
from training.test_distillation import same
from training.test_distillation import weights as weights_of

KL = {"name": "disco", "contrastive_weight": 0, "positives": False, "representation_weight": 0.1}
SAMPLING = {"candidates": 6, "skip": 0, "depth": 30}


def chat(number: int, **rewrites: str) -> list[Query]:
    """A conversation of two answered turns; the rewrites belong to the second."""
    words = [" ".join(WORDS[(number * 7 + place * 3 + step) % len(WORDS)] for step in range(4)) for place in range(5)]
    answers = [f"{WORDS[number]} {WORDS[place]}" for place in (-1, -2)]
    turns = (Turn(words[0], answers[0]), Turn(words[2], answers[1]))
    name = f"chat{number}"
    return [
        Query(f"{name}_1", name, Conversation(turns[:1]), {"human": words[0]}),
        Query(f"{name}_2", name, Conversation(turns), rewrites or {"human": words[4]}),
    ]


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    """Twelve conversations; some of the second turns have another rewrite, or none that the teacher knows."""
    special = {0: {"model": WORDS[0]}, 1: {"human": WORDS[1], "model": WORDS[2]}, 2: {"other": WORDS[3]}}
    path = tmp_path / "chats.jsonl"
    write_turns([query for number in range(12) for query in chat(number, **special.get(number, {}))], path)
    return path


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.tsv"
    path.write_text("".join(f"{number}\t{WORDS[number]} {WORDS[number + 1]}\n" for number in range(8)))
    return path


def material(configure: Configure, checkpoint: Path, data: list[dict[str, Any]], **sections: Any) -> Material:
    encoder = document_encoder(str(checkpoint), max_length=64, device="cpu")
    sections = {"teacher": {"files": [], "rewrites": ["human"]}, "loss": KL, "sampling": SAMPLING, **sections}
    return prepare(configure(data=data, **sections), encoder, 123)


def given(collection: Path, **fields: Any) -> dict[str, Any]:
    files = {"turns": "turns.jsonl", "qrels": "qrels.txt", "vectors": "vectors"}
    return {name: str(collection / file) for name, file in files.items()} | {"name": "given"} | fields


def test_all_rewrites_search_the_documents_of_all_collections(
    configure: Configure, checkpoint: Path, collection: Path, chats: Path, questions: Path
) -> None:
    data = [
        given(collection),
        {"turns": str(chats), "corpus": "answers", "name": "chats", "weight": 2},
        {"questions": str(questions), "name": "asked", "weight": 0.5},
        {"turns": str(chats), "form": "utterance", "name": "again"},
    ]
    found = material(configure, checkpoint, data, teacher={"files": [], "rewrites": ["human"], "depth": 84})
    ids = found.documents.ids
    assert len(ids) == 60 + 24
    assert ids[0] == f"{collection / 'vectors'}#d0"
    assert ids[60] == f"answers of {chats}#0"
    qids = found.candidates.qids
    assert [sum(qid.startswith(f"{name}#") for qid in qids) for name in ("given", "chats", "asked", "again")] == [
        *(20, 22, 8, 22)  # two turns have no human rewrite
    ]
    for row in range(len(qids)):
        assert sorted(found.candidates.ranking(row).documents.tolist()) == list(range(84)), "judgments do not matter"
    assert len(found.epochs) == 20 + 2 * 22 + 4 + 22
    rewrite = queries()[3].rewrites["human"]
    encoder = document_encoder(str(checkpoint), max_length=64, device="cpu")
    [vector] = encoder.weight_vectors([rewrite])
    row = qids.index("given#c1_2")
    scores = found.documents.all_scores([vector])[0]
    ranking = found.candidates.ranking(row)
    assert ranking.scores == pytest.approx(scores[ranking.documents], rel=1e-4)
    assert found.rewrites is not None
    assert found.rewrites.dense(np.array([row]))[0, vector.terms].tolist() == pytest.approx(
        vector.weights.tolist(), rel=1e-3
    )
    texts = dict(zip(found.epochs.rows().tolist(), found.epochs.dataset()["query"][:], strict=True))
    assert texts[qids.index("chats#chat3_2")] == chat(3)[1].text("conversation")
    assert texts[qids.index("again#chat3_2")] == chat(3)[1].text("utterance")


def test_rewrites_are_mixed_turn_by_turn(configure: Configure, checkpoint: Path, chats: Path) -> None:
    data = [{"turns": str(chats), "corpus": "answers"}]
    teacher = {"files": [], "rewrites": ["human", "model"], "weights": [3, 1]}
    found = material(configure, checkpoint, data, teacher=teacher)
    assert found.notes == ["left out: queries without a rewrite named 'human' or 'model': 1 of 24 (chat2_2, …)"]
    encoder = document_encoder(str(checkpoint), max_length=64, device="cpu")
    human, model, only = encoder.weight_vectors([WORDS[1], WORDS[2], WORDS[0]])
    row = found.candidates.qids.index("chat1_2")
    scores = found.documents.all_scores([human, model])
    ranking = found.candidates.ranking(row)
    expected = 0.75 * scores[0] + 0.25 * scores[1]
    assert ranking.scores == pytest.approx(expected[ranking.documents], rel=1e-4)
    assert found.rewrites is not None
    target = found.rewrites.dense(np.array([row]))[0]
    assert float(target[human.terms].sum()) >= 0.75 * float(human.weights.sum()) - 1e-4
    alone = found.rewrites.dense(np.array([found.candidates.qids.index("chat0_2")]))[0]
    assert alone[only.terms].tolist() == pytest.approx(only.weights.tolist(), rel=1e-3), (
        "a missing rewrite takes no share"
    )


def test_a_collection_can_have_its_own_rewrites_from_a_file(
    configure: Configure, checkpoint: Path, chats: Path, tmp_path: Path
) -> None:
    rewrites = tmp_path / "rewrites.tsv"
    rewrites.write_text(f"chat2_2\t{WORDS[5]}\nchat3_2\t{WORDS[6]}\n")
    own = {"turns": str(chats), "corpus": "answers", "rewrites": [f"llm:{rewrites}"]}
    found = material(configure, checkpoint, [own])
    assert found.candidates.qids == ["chat2_2", "chat3_2"]


def test_answers_are_relevant_for_their_turns(configure: Configure, checkpoint: Path, chats: Path) -> None:
    data = [{"turns": str(chats), "corpus": "answers"}]
    found = material(configure, checkpoint, data, loss={"name": "disco"})
    for row, qid in enumerate(found.candidates.qids):
        number, turn = int(qid[4:-2]), int(qid[-1])
        [positive] = found.candidates.positives[row]
        assert found.documents.ids[positive] == str(2 * number + turn - 1)
        assert positive not in found.candidates.ranking(row).documents


def test_conversations_are_held_out_and_evaluated_on(configure: Configure, checkpoint: Path, chats: Path) -> None:
    data = [{"turns": str(chats), "corpus": "answers", "held_out": 0.4}]
    found = material(configure, checkpoint, data)
    [dev] = found.dev
    held_out, trained = ({qid[:-2] for qid in qids} for qids in (dev.texts, found.candidates.qids))
    assert 0 < len(held_out) < 10
    assert not held_out & trained
    assert held_out | trained == {f"chat{number}" for number in range(12)}
    assert dev.documents is found.documents
    assert len(dev.documents) == 24, "their answers stay in the pool"
    again = material(configure, checkpoint, [{**data[0], "held_out": 0.5}])
    assert held_out <= {qid[:-2] for qid in again.dev[0].texts}, "a larger share holds out the same ones, and more"
    whole = material(
        configure, checkpoint, [*data, {"turns": str(chats), "name": "test", "corpus": "answers", "held_out": 1.0}]
    )
    assert [len(one.texts) for one in whole.dev] == [len(dev.texts), 24]
    with pytest.raises(InputError, match=r"chats.jsonl: held_out 0.0001 is less than one conversation"):
        material(configure, checkpoint, [{**data[0], "held_out": 0.0001}])


def test_a_dev_collection_is_searched_in_the_pool_or_in_its_own_documents(
    configure: Configure, checkpoint: Path, collection: Path, chats: Path
) -> None:
    data = [{"turns": str(chats), "corpus": "answers"}]
    own = given(collection)
    shared = {"turns": str(chats), "corpus": "answers"}
    found = material(configure, checkpoint, data, dev=[own, shared])
    assert [len(dev.documents) for dev in found.dev] == [60, 24]
    assert "d0" in found.dev[0].documents.rows
    assert "d0" not in found.documents.rows, "its documents are no candidates"
    strange = collection / "qrels.txt"
    with pytest.raises(InputError, match="no dev query has a relevant document"):
        material(
            configure, checkpoint, data, dev=[{"turns": str(chats), "qrels": str(strange), "vectors": own["vectors"]}]
        )


@pytest.mark.parametrize("documents", ["cached", "live"])
def test_the_whole_recipe_trains_and_resumes_with_the_same_texts(
    documents: str,
    configure: Configure,
    collection: Path,
    chats: Path,
    questions: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    class Watched(FollowEpochs):
        def on_epoch_begin(self, *arguments: Any, **kwargs: Any) -> None:
            super().on_epoch_begin(*arguments, **kwargs)
            seen.append(self.epochs.epoch)

    monkeypatch.setattr("disco_pyserini.training.distillation.FollowEpochs", Watched)
    corpus = {"corpus": str(collection / "corpus.jsonl")}
    sections = {
        "data": [
            {"turns": str(chats), "corpus": "answers", "held_out": 0.3, "weight": 1.5},
            {"questions": str(questions)},
            corpus,
        ],
        "teacher": {"files": [], "rewrites": ["human", "model"], "distractors": "conversation", "fusion": "mean"},
        "loss": KL,
        "sampling": SAMPLING,
        "augment": {"standalone": 0.2, "foreign_history": 0.3, "suffix": 0.2, "without_answers": 0.3},
        "regulariser": {"name": "flops", "weight": 0.01},
        "dev": [given(collection)],
        "documents": documents,
        "batches": "similar-length",
    }
    steps = ["--max-steps", "13", "--save-strategy", "steps", "--save-steps", "7", "--load-best-model-at-end", "false"]
    whole = train(configure(*steps, "--eval-strategy", "epoch", **sections))
    before = weights_of(whole.folder, "query")
    assert not same(before, weights_of(whole.folder, "document"))
    assert {"nDCG@3", "given nDCG@3", f"{chats} MRR"} <= whole.scores.keys()
    assert whole.scores["nDCG@3"] == pytest.approx((whole.scores["given nDCG@3"] + whole.scores[f"{chats} nDCG@3"]) / 2)
    middle = str(whole.folder.with_name("checkpoint-7"))
    resumed = train(configure(*steps, "--eval-strategy", "epoch", "--resume-from-checkpoint", middle, **sections))
    assert same(weights_of(resumed.folder, "query"), before)
    assert seen == [0, 1, 2, 1, 2], "epochs have five steps: the second run continues in the middle of one"
    card = (whole.folder / "README.md").read_text(encoding="utf-8")
    for part in (
        f"{chats} (weight 1.5)",
        f"30% of {chats}, held out; given",
        f"| more documents | {corpus['corpus']} |",
    ):
        assert part in card
    assert "standalone 0.2" in card
    for query in (query for number in range(12) for query in chat(number)):
        assert query.conversation.utterance not in card


def test_without_judgments_a_relevant_document_is_a_candidate(
    configure: Configure, checkpoint: Path, collection: Path
) -> None:
    files = {"files": [str(collection / "teacher.json")]}
    data = [given(collection) | {"qrels": None}]
    found = material(configure, checkpoint, data, teacher=files, loss={"name": "kl", "positives": False})
    scores = json.loads((collection / "teacher.json").read_text())
    for row, qid in enumerate(found.candidates.qids):
        ranking = found.candidates.ranking(row)
        assert [found.documents.ids[document] for document in ranking.documents] == list(scores[qid])


def test_a_title_is_a_property_of_the_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = {
        "History": ["Title", "Section", "who?", "she"],
        "QuAC_dialog_id": "C_1",
        "Question": "where?",
        "Question_no": 2,
        "Rewrite": "where did she live?",
    }
    folder = tmp_path / "disco" / "canard" / "CANARD_Release"
    folder.mkdir(parents=True)
    (folder / "dev.json").write_text(json.dumps([record]))
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path))
    assert [name for name in COLLECTIONS if COLLECTIONS.get(name).first_turn_is_title] == [CANARD.name]
    found = read_queries(Data(turns="canard/dev", corpus="answers"))
    assert found.titled
    assert not found.qrels, "the last question has no answer"
    write_turns(found.turns.values(), tmp_path / "turns.jsonl")
    assert not read_queries(Data(turns=str(tmp_path / "turns.jsonl"))).titled
