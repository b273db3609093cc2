"""Small invented collections in the published layouts; the original files are not stored here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TOPICS = ("who was king?", "Olav, [SEP] they say", "when did he die?", "UNANSWERABLE", "where is he buried?", "Nidaros")
"""A conversation of three turns, with a separator inside an answer."""


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_lines(path: Path, records: Sequence[Mapping[str, Any] | str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def topiocqa_original(conversations: int = 2) -> list[dict[str, Any]]:
    return [
        {
            "Conversation_no": number,
            "Turn_no": turn + 1,
            "Question": TOPICS[2 * turn],
            "Answer": TOPICS[2 * turn + 1],
            "Topic": "Norway",
            "Topic_section": "Kings",
            "Rationale": "…",
            "is_nq": False,
            "Context": list(TOPICS[: 2 * turn]),
            "Additional_answers": [],
            "Gold_passage": {"id": f"wiki:{10 * number + turn}", "title": "Norway [SEP] Kings", "text": "…"},
        }
        for number in range(1, conversations + 1)
        for turn in range(3)
    ]


def topiocqa_retriever(as_text: bool, rewrites: bool = False, conversations: int = 2) -> list[dict[str, Any]]:
    spell = str if as_text else int
    return [
        {
            "conv_id": spell(number),
            "turn_id": spell(turn + 1),
            "question": f"rewrite {turn + 1}" if rewrites else "  [SEP]  ".join(TOPICS[: 2 * turn + 1]),
            "answers": [TOPICS[2 * turn + 1], "another answer"],
            "positive_ctxs": [{"title": "Norway [SEP] Kings", "text": "…", "passage_id": spell(10 * number + turn)}],
            "negative_ctxs": [],
            "hard_negative_ctxs": [{"title": "t", "text": "…", "passage_id": spell(7), "score": 1.5}],
        }
        for number in range(1, conversations + 1)
        for turn in range(3)
    ]


def make_topiocqa(folder: Path) -> Path:
    """Return a folder with all published files of the dev split."""
    write_json(folder / "topiocqa_dev.json", topiocqa_original())
    for variant in ("all_history", "rewrites_t5_qrecc"):
        records = topiocqa_retriever(True, variant != "all_history")
        write_json(folder / "data" / "retriever" / variant / "dev.json", records)
    rows = ["id\ttext\ttitle", *(f'{n}\t"King ""{n}"" of\tNorway"\tNorway [SEP] Kings' for n in range(1, 31))]
    write_lines(folder / "data" / "wikipedia_split" / "full_wiki_segments.tsv", rows)
    return folder
