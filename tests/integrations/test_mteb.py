"""mteb evaluates encoders on a collection, and agrees with our own evaluation."""

from __future__ import annotations

from pathlib import Path

import mteb
import pytest
from integration_data import SmallWorld

from disco_pyserini import ConversationalEvaluator, InputError, document_encoder, open_collection, query_encoder
from disco_pyserini.integrations.mteb import ConversationalRetrieval, DiscoModel
from disco_pyserini.training.student import student


def scores(model: object, task: ConversationalRetrieval) -> dict[str, float]:
    result = mteb.evaluate(model, task, cache=None, show_progress_bar=False).task_results[0]
    [found] = result.scores["test"]
    return found


def test_mteb_and_the_evaluator_agree(world: SmallWorld, tmp_path: Path) -> None:
    """The encoders of the card, and the same weights as a `SparseEncoder` with two routes, evaluated in two ways."""
    task = ConversationalRetrieval(str(world.folder), "test")
    assert task.metadata.name == "small-test-conversation"
    model = student(document_encoder("disco-tiny").folder, query_encoder("disco-tiny").folder)
    ours = ConversationalEvaluator(str(world.folder), "test")(model, str(tmp_path))
    assert '"nDCG@3"' in (tmp_path / "measures.jsonl").read_text()
    for one in (DiscoModel("disco-tiny"), model):
        found = scores(one, task)
        assert found["main_score"] == found["ndcg_at_3"] == pytest.approx(ours["nDCG@3"], abs=1e-4)
        assert found["recall_at_10"] == pytest.approx(ours["R@10"], abs=1e-4)
        assert found["mrr_at_100"] == pytest.approx(ours["MRR"], abs=1e-4)
    alone = scores(DiscoModel("disco-tiny"), ConversationalRetrieval(str(world.folder), "test", "utterance"))
    assert alone["main_score"] < ours["nDCG@3"] - 0.2


def test_the_revision_follows_the_data(world: SmallWorld) -> None:
    tasks = [
        ConversationalRetrieval(open_collection(str(world.folder)), "test", form)
        for form in ("conversation", "conversation", "human")
    ]
    revisions = [task.metadata.dataset["revision"] for task in tasks]
    assert revisions[0] == revisions[1] != revisions[2]


@pytest.mark.parametrize("kind", [ConversationalRetrieval, ConversationalEvaluator])
def test_bad_input(kind: type, world: SmallWorld) -> None:
    with pytest.raises(InputError, match="expected a split"):
        kind(str(world.folder), "dev")
    with pytest.raises(InputError, match="no query has a rewrite named 'gpt'"):
        kind(str(world.folder), "test", "gpt")
