"""A collection of random words that trains in seconds, and configurations for it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkpoints import WORDS

from disco_pyserini.conversation import Conversation
from disco_pyserini.datasets.turns import Query, write_turns
from disco_pyserini.passages import Passage
from disco_pyserini.training.config import TrainingConfig, read_config
from disco_pyserini.trec import write_qrels
from disco_pyserini.vectors import encode_corpus

DOCUMENTS = 60
QUERIES = 20
FILES = {"turns": "turns.jsonl", "qrels": "qrels.txt", "vectors": "vectors"}

Configure = Callable[..., TrainingConfig]


def sentence(chooser: random.Random, length: int) -> str:
    return " ".join(chooser.choice(WORDS) for _ in range(length))


def passages() -> list[Passage]:
    chooser = random.Random(1)
    return [Passage(f"d{i}", sentence(chooser, 12)) for i in range(DOCUMENTS)]


def queries() -> list[Query]:
    chooser = random.Random(2)
    return [
        Query(
            f"c{i // 2}_{i % 2 + 1}",
            f"c{i // 2}",
            Conversation.from_history(sentence(chooser, 4), [(sentence(chooser, 5), sentence(chooser, 8))] * (i % 2)),
            {"human": sentence(chooser, 6), "model": sentence(chooser, 6)},
        )
        for i in range(QUERIES)
    ]


def teacher_scores(seed: int = 3, depth: int = 40) -> dict[str, dict[str, float]]:
    """A teacher: ``depth`` documents of each query, best first."""
    chooser = random.Random(seed)
    lists = {}
    for query in queries():
        documents = chooser.sample([f"d{i}" for i in range(DOCUMENTS)], depth)
        values = sorted((chooser.uniform(0, 20) for _ in documents), reverse=True)
        lists[query.qid] = dict(zip(documents, values, strict=True))
    return lists


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    """The files of a collection, a teacher, and the vectors of the session's checkpoint."""
    folder = tmp_path_factory.mktemp("collection")
    corpus = passages()
    with (folder / "corpus.jsonl").open("w") as lines:
        lines.writelines(json.dumps({"id": passage.id, "contents": passage.contents}) + "\n" for passage in corpus)
    write_turns(queries(), folder / "turns.jsonl")
    write_qrels({query.qid: {f"d{i}": 2, f"d{i + 20}": 1} for i, query in enumerate(queries())}, folder / "qrels.txt")
    (folder / "teacher.json").write_text(json.dumps(teacher_scores()))
    encode_corpus(corpus, folder / "vectors", str(checkpoint))
    return folder


@pytest.fixture
def configure(collection: Path, checkpoint: Path, tmp_path: Path) -> Configure:
    """Make a configuration, with ``overrides`` as on the command line and ``sections`` as in the file."""

    def make(*overrides: str, output: str = "out", **sections: Any) -> TrainingConfig:
        record: dict[str, Any] = {
            "model": {"document_encoder": str(checkpoint), "max_length": 64, "document_max_length": 64},
            "data": {name: str(collection / file) for name, file in FILES.items()},
            "teacher": {"files": [str(collection / "teacher.json")]},
            "sampling": {"candidates": 6, "skip": 2, "depth": 30},
            "arguments": {
                "output_dir": str(tmp_path / output),
                "max_steps": 4,
                "per_device_train_batch_size": 4,
                "learning_rate": 1e-3,
                "logging_steps": 1,
                "save_strategy": "no",
                "disable_tqdm": True,
                "use_cpu": True,
            },
        }
        for name, fields in sections.items():
            record[name] = {**record.get(name, {}), **fields} if isinstance(fields, dict) else fields
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(record))
        return read_config(path, overrides)

    return make
