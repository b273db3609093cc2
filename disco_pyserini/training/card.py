"""The model card: what sentence-transformers writes, and a section about the distillation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from disco_pyserini.training.config import TrainingConfig


def add_section(
    folder: Path, config: TrainingConfig, queries: int, scores: Mapping[str, float], notes: Sequence[str]
) -> None:
    """Append data, teachers, objective, scores and licence to the card of a saved model."""
    data, dev = config.data, config.dev
    lines = [
        "\n## Distillation\n",
        "A DiSCo query encoder: it reads a whole conversation, newest turn first; its vectors are searched in those "
        f"of the document encoder `{config.model.document_encoder}`, which was not changed.\n",
        "| | |",
        "| --- | --- |",
        f"| data | {data.name or _source(data)}, {queries:,} queries |",
        f"| teachers | {', '.join(config.teacher.files) or _rewrites(config)}{_fusion(config)} |",
        f"| objective | {_settings(asdict(config.loss))} |",
        f"| sampling | {_settings(asdict(config.sampling))} |",
        f"| regulariser | {_settings(asdict(config.regulariser))} |",
        f"| licence | {config.licence or 'not stated: that of the document encoder and of the data apply'} |",
    ]
    if scores:
        lines += [f"\nOn the dev queries ({dev.turns or dev.topics or f'demo world {dict(dev.demo_world or {})}'}):\n"]
        lines += ["| " + " | ".join(scores) + " |", "|" + " --- |" * len(scores)]
        lines += ["| " + " | ".join(f"{value:.4f}" for value in scores.values()) + " |"]
    lines += [f"\n- {note}" for note in notes]
    card = folder / "README.md"
    before = card.read_text(encoding="utf-8") if card.exists() else ""
    card.write_text(before + "\n".join(lines) + "\n", encoding="utf-8")


def _source(data: Any) -> str:
    return str(data.turns or data.topics or f"demo world {dict(data.demo_world)}")


def _rewrites(config: TrainingConfig) -> str:
    return ", ".join(f"{config.model.document_encoder} on {name} rewrites" for name in config.teacher.rewrites)


def _fusion(config: TrainingConfig) -> str:
    several = len(config.teacher.files) + len(config.teacher.rewrites) > 1
    return f", fused by {config.teacher.fusion}" if several else ""


def _settings(record: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in record.items())
