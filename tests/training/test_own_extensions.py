"""A loss, a sampling strategy and a fusion rule that are not part of the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from torch import Tensor
from torch.nn import functional as F

from disco_pyserini.errors import InputError
from disco_pyserini.training.candidates import Ranking
from disco_pyserini.training.distillation import train
from disco_pyserini.training.fusion import RULES, Rule, fuse_scores
from disco_pyserini.training.losses import LOSSES, LossContext, SampledLoss, own
from disco_pyserini.training.sampling import STRATEGIES, Draw, Sampling, Strategy
from training.conftest import Configure, teacher_scores


class HuberLoss(SampledLoss):
    """Huber loss between the student's and the teacher's scores."""

    delta = 1.0

    @classmethod
    def from_context(cls, context: LossContext) -> Self:
        loss = super().from_context(context)
        loss.delta = float(context.settings.options.get("delta", 1.0))
        return loss

    def sampled_parts(self, queries: Tensor, scores: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        return {"huber": F.huber_loss(own(scores), teacher, delta=self.delta)}


def geometric(ranking: Ranking, corpus: int, sampling: Sampling, rng: np.random.Generator) -> Draw:
    """Without replacement; each rank is ``decay`` times as probable as the one before."""
    chances = sampling.options.get("decay", 0.9) ** np.arange(len(ranking.documents))
    size = min(sampling.candidates, len(chances))
    ranks = rng.choice(len(chances), size, replace=False, p=chances / chances.sum())
    return Draw(ranking.documents[ranks], ranking.scores[ranks])


def reciprocal_rank(scores: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Reciprocal rank fusion (k = 60); a document that a teacher does not score adds nothing."""
    ranks = 1 + np.argsort(np.argsort(-scores, axis=1), axis=1)  # NaN comes last
    return shares @ np.where(np.isnan(scores), 0.0, 1 / (60 + ranks))


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    LOSSES.register("huber", HuberLoss)
    STRATEGIES.register("geometric", Strategy(geometric))
    RULES.register("reciprocal-rank", Rule(reciprocal_rank))


def test_a_run_uses_all_three(configure: Configure, collection: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(teacher_scores(seed=4)))
    config = configure(
        loss={"name": "huber", "options": {"delta": 3}},
        sampling={"strategy": "geometric", "options": {"decay": 0.5}},
        teacher={"files": [str(collection / "teacher.json"), str(other)], "fusion": "reciprocal-rank"},
    )
    trained = train(config)
    card = (trained.folder / "README.md").read_text()
    assert "- loss:HuberLoss" in card
    for part in ("name huber", "options {'delta': 3}", "strategy geometric", "fused by reciprocal-rank"):
        assert part in card.split("## Distillation")[1]


def test_options_reach_the_strategy() -> None:
    ranking = Ranking(np.arange(50), np.arange(50, 0, -1).astype(np.float32), np.array([50]), np.arange(50))
    for decay, most in ((0.01, 5), (1.0, 50)):
        sampling = Sampling(strategy="geometric", candidates=2, options={"decay": decay})
        draw = STRATEGIES.get("geometric").draw
        drawn = {
            row for seed in range(50) for row in draw(ranking, 51, sampling, np.random.default_rng(seed)).documents
        }
        assert drawn <= set(range(most))
        assert len(drawn) > most // 3


def test_a_rule_sees_which_scores_are_missing() -> None:
    first, second = {"x": 3.0, "y": 1.0}, {"y": 9.0, "z": 8.0}
    expected = {"y": (1 / 62 + 1 / 61) / 2, "x": 1 / 122, "z": 1 / 124}
    assert fuse_scores([first, second], "reciprocal-rank") == pytest.approx(expected)
    weighted = fuse_scores([first, second], "reciprocal-rank", [3, 1])
    assert weighted["x"] == pytest.approx(0.75 / 61)


def test_names_near_theirs_are_suggested(configure: Configure) -> None:
    with pytest.raises(InputError, match="unknown loss 'hubber': did you mean 'huber'"):
        configure("--loss.name", "hubber")
