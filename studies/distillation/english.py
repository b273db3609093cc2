"""The students of the second part of the study: real English, with the shipped document encoder ``english``."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from disco_pyserini.datasets.registry import open_split
from disco_pyserini.datasets.rewrites import read_rewrites
from disco_pyserini.datasets.turns import Query
from disco_pyserini.encoding import DiscoDocumentEncoder, DiscoQueryEncoder, document_encoder, query_encoder
from disco_pyserini.evaluation import evaluate
from disco_pyserini.evaluation.expected_flops import Activations, count_activations, expected_flops
from disco_pyserini.files import write_aside
from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.answers import read_answers
from disco_pyserini.training.config import read_config
from disco_pyserini.training.distillation import train
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.fusion import fuse_scores
from studies.distillation.students import FOLDER, SEEDS, stored

RESULTS = FOLDER / "english.json"
DOCUMENT_ENCODER = "english"
STEPS, TEACHER_STEPS, PLAIN_STEPS, BATCH = 200, 100, 400, 16
TESTS = {"iKAT 2023": "minicoll", "CAsT 2022": "minicoll-cast2022-responses"}
ANSWERED = ("canard/dev", "cast2021/test", "ikat2024/test", "ikat2025/test")
MODELS = {"GPT-4o": "gpt4o", "LLM4CS": "llm4cs", "CHIQ": "chiq"}
"""Language models' rewrites of iKAT: their names here, and in the names of their files."""

_POOL = "answers.jsonl"


def _weighted(turns: str) -> dict[str, Any]:
    return {"turns": turns} if turns == "canard/dev" else {"turns": turns, "weight": 3}


_JUDGED = [{**_weighted(turns), "corpus": "answers"} for turns in ANSWERED]

CONFIG: Mapping[str, Any] = {
    "model": {"document_encoder": DOCUMENT_ENCODER, "reader": "document", "max_length": 256},
    "data": [*_JUDGED, _weighted("cast2019/test"), _weighted("cast2020/test")],
    "teacher": {"rewrites": ["human"], "distractors": "conversation", "depth": 200},
    "augment": {"standalone": 0.1, "foreign_history": 0.15, "suffix": 0.15, "without_title": 0.3},
    "loss": {
        "name": "disco",
        "kl_weight": 1,
        "contrastive_weight": 0,
        "anti_zero_weight": 0,
        "representation_weight": 0.1,
        "positives": False,
    },
    "sampling": {"strategy": "band", "candidates": 64, "skip": 0, "depth": 200},
    "regulariser": {"name": "flops", "weight": 0.1},
    "batches": "similar-length",
    "arguments": {
        "output_dir": "student",
        "max_steps": STEPS,
        "per_device_train_batch_size": BATCH,
        "learning_rate": 3e-4,
        "learning_rate_mapping": {r"\.gate|\.shift": 1e-3},
        "lr_scheduler_type": "linear",
        "warmup_steps": 0.05,
        "save_strategy": "no",
        "logging_steps": 50,
        "disable_tqdm": True,
        "bf16": True,
    },
}
"""`runs/training/english-tiny.yaml`, on less data (none of it made) and for fewer steps."""


def _teacher(names: Sequence[str]) -> dict[str, Any]:
    rewrites = ["human" if name == "human" else f"llm:ikat2024.{MODELS[name]}.tsv" for name in names]
    return {
        "data": [{"corpus": _POOL}, {"turns": "ikat2024/test", "rewrites": rewrites}],
        "arguments": {"max_steps": TEACHER_STEPS},
    }


def _judged(contrastive: float) -> dict[str, Any]:
    loss = {"kl_weight": 1 - contrastive, "contrastive_weight": contrastive, "positives": True}
    return {"data": _JUDGED, "loss": loss}


BASE = "scores and representation"
TEACHERS: Mapping[str, Sequence[str]] = {
    **{f"teacher {name}": [name] for name in ("human", *MODELS)},
    "teachers GPT-4o, LLM4CS and CHIQ": [*MODELS],
    "all four teachers": ["human", *MODELS],
}
OBJECTIVES: Mapping[str, Mapping[str, Any]] = {
    BASE: {},
    "scores": {"loss": {"representation_weight": 0}},
    "representation": {"loss": {"kl_weight": 0}},
}
PLAIN: Mapping[str, Mapping[str, Any]] = {
    f"plain, {name}": {
        **changes,
        "model": {"reader": None},
        "arguments": {"max_steps": PLAIN_STEPS, "learning_rate": 5e-4, "learning_rate_mapping": {}},
    }
    for name, changes in OBJECTIVES.items()
}
"""Students that are copies of the document encoder and are trained as a whole, as in the papers."""
OTHERS: Mapping[str, Mapping[str, Any]] = {
    **{f"contrastive {weight:g}": _judged(weight) for weight in (0, 0.01, 0.1)},
    **{strategy: {"sampling": {"strategy": strategy}} for strategy in ("top", "random")},
    **{f"{number} candidates": {"sampling": {"candidates": number}} for number in (4, 16)},
    # At 100, the vectors become empty, and training stops.
    **{f"FLOPS {weight:g}": {"regulariser": {"weight": weight}} for weight in (1, 3, 10)},
}
VARIANTS = {
    **OBJECTIVES,
    **{name: _teacher(names) for name, names in TEACHERS.items()},
    **PLAIN,
    **OTHERS,
}
ORDER = [
    *((seed, name) for group in (OBJECTIVES, TEACHERS) for seed in SEEDS for name in group),
    *((seed, name) for seed in SEEDS[:1] for name in (*OTHERS, *PLAIN)),
    *((seed, name) for seed in SEEDS[1:] for name in OTHERS),
    *((seed, name) for seed in SEEDS[1:] for name in PLAIN),
]
"""All students; those that answer the first questions come first."""


@dataclass(frozen=True)
class Measured:
    """What a query encoder reaches on a test collection.

    Attributes:
        ndcg: nDCG@3 of each query, in the order of the collection; None if it has no such rewrite.
        recall: R@100 likewise.
        dimensions: active dimensions of a query, on average.
        flops: expected products for one query and one passage.
    """

    ndcg: Sequence[float | None]
    recall: Sequence[float | None]
    dimensions: float = 0.0
    flops: float = 0.0


type Result = Mapping[str, Measured]
"""By test collection."""


@dataclass
class EnglishStudy:
    """All results: of the references once, of the students by seed.

    Attributes:
        depths: the turn of each query of each test collection.
        references: encoders without training of this study, and teachers.
        students: by variant and seed.
        seconds: how long each student was trained, by variant and seed.
    """

    depths: dict[str, list[int]] = field(default_factory=dict)
    references: dict[str, Result] = field(default_factory=dict)
    students: dict[str, dict[str, Result]] = field(default_factory=dict)
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def read(cls) -> EnglishStudy:
        """What is known so far."""
        try:
            record = json.loads(RESULTS.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        return cls(
            record["depths"],
            {name: _result(one) for name, one in record["references"].items()},
            {name: {seed: _result(one) for seed, one in runs.items()} for name, runs in record["students"].items()},
            record["seconds"],
        )

    def write(self) -> None:
        """Keep what is known, a line for each list."""
        FOLDER.mkdir(exist_ok=True)
        with write_aside(RESULTS) as file:
            file.write(_lines(json.loads(json.dumps(vars(self), default=vars))) + "\n")

    def missing(self) -> list[tuple[int, str]]:
        """The students that are not trained yet, in the order of training."""
        return [(seed, name) for seed, name in ORDER if str(seed) not in self.students.get(name, {})]


class RememberingEncoder(DiscoDocumentEncoder):
    """A document encoder that encodes each text once, for all students."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._known: dict[str, WeightVector] = {}

    def weight_vectors(self, texts: Sequence[str]) -> list[WeightVector]:
        """Return the vectors of texts, most of which are known."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= zip(new, super().weight_vectors(new), strict=True)
        return [self._known[text] for text in texts]


@dataclass(frozen=True)
class JudgedCollection:
    """The judged turns of a collection, its passages as impacts, and what measures a run on it."""

    queries: Sequence[Query]
    documents: DocumentVectors
    activations: Activations
    qrels: Mapping[str, Mapping[str, int]]

    @classmethod
    def read(cls, folder: Path, encoder: DiscoDocumentEncoder) -> JudgedCollection:
        """Encode the passages."""
        collection, split = open_split(str(folder))
        qrels = collection.qrels(split)
        passages = list(collection.passages(split))
        vectors = encoder.vectors([passage.contents for passage in passages])
        size = len(encoder.vocabulary)
        return cls(
            [query for query in collection.queries(split) if query.qid in qrels],
            stored([passage.id for passage in passages], vectors, size),
            count_activations(((vector.terms, 1) for vector in vectors), size),
            qrels,
        )

    def run(
        self, encoder: DiscoQueryEncoder, texts: Mapping[str, str]
    ) -> tuple[dict[str, dict[str, float]], Activations]:
        """Search all passages with the impacts of some queries."""
        vectors = encoder.vectors(list(texts.values()))
        queries = stored(list(texts), vectors, len(encoder.vocabulary))
        scores, rows = self.documents.best(queries.matrix().to_dense(), len(self.documents))
        run = {
            qid: {self.documents.ids[row]: score for row, score in zip(places, values, strict=True)}
            for qid, values, places in zip(texts, scores.tolist(), rows.tolist(), strict=True)
        }
        return run, count_activations(((vector.terms, 1) for vector in vectors), len(encoder.vocabulary))

    def measured(self, run: Mapping[str, Mapping[str, float]], queries: Activations | None) -> Measured:
        """Measure a run."""
        found = evaluate(run, self.qrels, ("nDCG@3", "R@100")).by_query
        ndcg, recall = (
            [round(values[query.qid], 4) if query.qid in run else None for query in self.queries]
            for values in found.values()
        )
        if queries is None:
            return Measured(ndcg, recall)
        flops = expected_flops(queries, self.activations)
        return Measured(ndcg, recall, round(queries.mean_dimensions, 2), round(flops, 4))

    def conversations(self, encoder: DiscoQueryEncoder) -> Measured:
        """Measure an encoder that reads the conversations."""
        return self.measured(*self.run(encoder, {query.qid: query.text("conversation") for query in self.queries}))


def run_english(study: EnglishStudy, data: Path) -> None:
    """Train and measure what is missing.

    Args:
        study: receives the results, which are written after each student.
        data: a folder with a folder of each collection: ``canard``, ``cast2019`` to ``cast2021``, ``ikat2024`` and
            ``ikat2025`` with the published files, the two test collections in the common layout, and ``llm-rewrites``.
    """
    data = data.resolve()
    encoder = RememberingEncoder(document_encoder(DOCUMENT_ENCODER).folder.as_posix())
    tests = {name: JudgedCollection.read(data / folder, encoder) for name, folder in TESTS.items()}
    missing = study.missing()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        _lay_out(data)
        if not study.references:
            study.depths = {name: [query.depth for query in test.queries] for name, test in tests.items()}
            study.references |= references(tests, data / "llm-rewrites")
            study.write()
        for number, (seed, name) in enumerate(missing, 1):
            Path("train.yaml").write_text(yaml.safe_dump(configuration(name)), encoding="utf-8")
            started = time.process_time()
            trained = train(read_config(Path("train.yaml"), ["--seed", str(seed)]), encoder)
            seconds = round(time.process_time() - started, 1)
            student = DiscoQueryEncoder(str(trained.folder))
            result = {name: test.conversations(student) for name, test in tests.items()}
            study.students.setdefault(name, {})[str(seed)] = result
            study.seconds.setdefault(name, {})[str(seed)] = seconds
            study.write()
            scores = ", ".join(f"{np.mean([x or 0 for x in one.ndcg]):.3f}" for one in result.values())
            print(f"{number} of {len(missing)}: {name}, seed {seed}: nDCG@3 {scores} ({seconds:.0f} s)", flush=True)


def configuration(name: str) -> dict[str, Any]:
    """Return the configuration of a variant: that of the base student with some fields changed."""
    changed: dict[str, Any] = dict(CONFIG)
    for section, value in VARIANTS[name].items():
        changed[section] = {**CONFIG[section], **value} if isinstance(value, Mapping) else value
    return changed


def references(tests: Mapping[str, JudgedCollection], rewrites: Path) -> dict[str, Result]:
    """What the students are compared with: SPLADE on what the user says and on rewrites, and the shipped students."""
    splade = DiscoQueryEncoder(document_encoder(DOCUMENT_ENCODER).folder.as_posix())
    found: dict[str, dict[str, Measured]] = {}
    runs: dict[str, dict[str, dict[str, float]]] = {}
    for place, test in tests.items():
        texts = {
            form: {query.qid: query.text(form) for query in test.queries if query.has(form)}
            for form in ("utterance", "conversation", "human")
        }
        if place == "iKAT 2023":
            for name, file in MODELS.items():
                given = read_rewrites(rewrites / f"ikat2023.{file}.tsv")
                texts[name] = {query.qid: given[query.qid] for query in test.queries if query.qid in given}
        for form, asked in texts.items():
            run, queries = test.run(splade, asked)
            runs[form] = run
            found.setdefault(f"SPLADE, {form}", {})[place] = test.measured(run, queries)
        if place == "iKAT 2023":
            for title, names in TEACHERS.items():
                if len(names) > 1:
                    both = set.intersection(*(set(runs[name]) for name in names))
                    fused = {qid: fuse_scores([runs[name][qid] for name in names], "mean") for qid in both}
                    found[f"SPLADE, {title}"] = {place: test.measured(fused, None)}
        for card in ("english-tiny", "english"):
            found.setdefault(f"{card}, as shipped", {})[place] = test.conversations(query_encoder(card))
    return dict(found)


def _lay_out(data: Path) -> None:
    """Put everything where the configurations expect it: below the current folder, and in Pyserini's cache folder."""
    cache = Path("cache", "disco")
    cache.mkdir(parents=True)
    os.environ["PYSERINI_CACHE"] = str(cache.parent.resolve())
    for name in dict.fromkeys(turns.partition("/")[0] for turns in (*ANSWERED, "cast2019/test", "cast2020/test")):
        (cache / name).symlink_to(data / name)
    for file in (data / "llm-rewrites").glob("ikat2024.*.tsv"):
        Path(file.name).symlink_to(file)
    with Path(_POOL).open("w", encoding="utf-8") as lines:
        for number, text in enumerate(chain.from_iterable(map(_answers, ANSWERED))):
            lines.write(json.dumps({"id": str(number), "contents": text}) + "\n")


def _answers(turns: str) -> Iterable[str]:
    collection, split = open_split(turns)
    answers = read_answers(collection.queries(split), collection.benchmark.first_turn_is_title)
    return (passage.contents for passage in answers.passages)


def _result(record: Mapping[str, Any]) -> Result:
    return {name: Measured(**one) for name, one in record.items()}


def _lines(value: Any, indent: int = 0) -> str:
    if not isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    inner = " " * (indent + 1)
    parts = [f"{inner}{json.dumps(name)}: {_lines(one, indent + 1)}" for name, one in value.items()]
    return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}" if parts else "{}"
