"""The students of the study: how each is trained, and what it reaches on the demo's test split."""

from __future__ import annotations

import json
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from disco_pyserini.datasets.turns import write_turns
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.encoding import DiscoDocumentEncoder, DiscoQueryEncoder, document_encoder
from disco_pyserini.evaluation import Evaluation, evaluate
from disco_pyserini.evaluation.expected_flops import Activations, count_activations, expected_flops
from disco_pyserini.files import write_aside
from disco_pyserini.impacts import ImpactVector, Quantiser, WeightVector
from disco_pyserini.training.config import read_config
from disco_pyserini.training.distillation import train
from disco_pyserini.training.document_vectors import DocumentVectors, load_vectors
from disco_pyserini.training.fusion import fuse, fuse_scores
from disco_pyserini.training.searched import Rewritten, search_all
from disco_pyserini.training.teachers import read_teacher, write_teacher
from disco_pyserini.trec import write_qrels
from disco_pyserini.vectors import encode_corpus, open_vectors

FOLDER = Path(__file__).parents[2] / "docs" / "distillation-study"
SEEDS = (1, 2, 3)
WORLD = DemoWorld(seed=13, size=12_000)
DEPTH = 200
TEACHERS = ("teacher-a", "teacher-b")
MEASURES = ("nDCG@3", "MRR", "R@10", "R@100")

STEPS = 100
BATCH = 32

CONFIG = f"""
model: {{document_encoder: disco-tiny}}
data: {{turns: turns.jsonl, qrels: qrels.txt, vectors: vectors}}
batches: similar-length
teacher: {{files: [teacher-a.json], depth: {DEPTH}}}
loss: {{name: disco, kl_weight: 1, contrastive_weight: 0}}
sampling: {{strategy: band, candidates: 16, skip: 10, depth: 1000}}
arguments:
  max_steps: {STEPS}
  per_device_train_batch_size: {BATCH}
  learning_rate: 1e-3
  warmup_steps: 0.2
  lr_scheduler_type: cosine
  logging_steps: 50
  save_strategy: no
  disable_tqdm: true
"""

BASE = "KL, teacher A"
VARIANTS: dict[str, tuple[str, ...]] = {
    BASE: (),
    # At 5e-4 it collapses to empty vectors, at 1e-4 it reaches less.
    "MSE, rewrite A": (
        *("--loss.name", "representation-mse", "--teacher.files", "[]", "--teacher.rewrites", "[teacher-a]"),
        *("--learning-rate", "2e-4"),
    ),
    "KL, teacher B": ("--teacher.files", "[teacher-b.json]"),
    "KL, A and B fused": ("--teacher.files", "[fused.json]"),
    "0.99 KL + 0.01 contrastive": ("--kl-weight", "0.99", "--contrastive-weight", "0.01"),
    "0.9 KL + 0.1 contrastive": ("--kl-weight", "0.9", "--contrastive-weight", "0.1"),
    "0.9 KL without the positive + 0.1 contrastive": (
        *("--kl-weight", "0.9", "--contrastive-weight", "0.1", "--positives", "false"),
    ),
    "band, nothing skipped": ("--skip", "0"),
    "top": ("--strategy", "top"),
    "stratified": ("--strategy", "stratified"),
    "proportional": ("--strategy", "proportional"),
    "random": ("--strategy", "random"),
    "mixed": ("--strategy", "mixed"),
    **{f"{number} candidates": ("--candidates", str(number)) for number in (1, 4, 64, 128)},
    **{
        f"FLOPS {weight:g}": ("--regulariser.name", "flops", "--weight", str(weight))
        for weight in (0.01, 0.03, 0.1, 0.3, 1.0)
    },
}


@dataclass(frozen=True)
class Result:
    """What a query encoder reaches on the test split.

    Attributes:
        values: each measure's mean over the queries.
        by_depth: the same for each turn.
        dimensions: active dimensions of a query, on average.
        flops: expected products for one query and one passage.
        seconds: how long it was trained.
    """

    values: Mapping[str, float]
    by_depth: Mapping[str, Mapping[str, float]]
    dimensions: float = 0.0
    flops: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class TestSplit:
    """The demo's test split, its passages as impacts, and what measures a run on it."""

    documents: DocumentVectors
    activations: Activations
    texts: Mapping[str, Mapping[str, str]]
    qrels: Mapping[str, Mapping[str, int]]
    depths: Mapping[str, int]

    @classmethod
    def read(cls, encoder: DiscoDocumentEncoder) -> TestSplit:
        """Encode the passages of the demo world."""
        world = DemoWorld()
        passages = list(world.passages())
        vectors = encoder.vectors([passage.contents for passage in passages])
        size = len(encoder.vocabulary)
        queries = list(world.queries("test"))
        forms = ("conversation", "utterance", "human", *TEACHERS)
        return cls(
            stored([passage.id for passage in passages], vectors, size),
            _activations(vectors, size),
            {form: {query.qid: query.text(form) for query in queries} for form in forms},
            world.qrels("test"),
            {query.qid: query.depth for query in queries},
        )

    def run(self, encoder: DiscoQueryEncoder, form: str) -> tuple[dict[str, dict[str, float]], Activations]:
        """Search all passages with the impacts of the queries in a form."""
        vectors = encoder.vectors(list(self.texts[form].values()))
        queries = stored(list(self.texts[form]), vectors, len(encoder.vocabulary))
        scores, rows = self.documents.best(queries.matrix().to_dense(), len(self.documents))
        run = {
            qid: {self.documents.ids[row]: score for row, score in zip(places, values, strict=True)}
            for qid, values, places in zip(self.texts[form], scores.tolist(), rows.tolist(), strict=True)
        }
        return run, _activations(vectors, len(encoder.vocabulary))

    def result(self, run: Mapping[str, Mapping[str, float]], queries: Activations | None, seconds: float) -> Result:
        """Measure a run."""
        whole = evaluate(run, self.qrels, MEASURES)
        by_depth = {str(depth): _means(part) for depth, part in whole.by_depth(self.depths).items()}
        if queries is None:
            return Result(_means(whole), by_depth, seconds=seconds)
        flops = expected_flops(queries, self.activations)
        return Result(_means(whole), by_depth, queries.mean_dimensions, flops, seconds)


@dataclass
class Study:
    """All results: of the references once, of the students by seed."""

    references: dict[str, Result] = field(default_factory=dict)
    students: dict[str, dict[str, Result]] = field(default_factory=dict)
    seconds: float = 0.0
    machine: str = ""

    @classmethod
    def read(cls) -> Study:
        """What is known so far."""
        try:
            record = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(machine=f"{_processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
        return cls(
            {name: Result(**one) for name, one in record["references"].items()},
            {name: {seed: Result(**one) for seed, one in runs.items()} for name, runs in record["students"].items()},
            record["seconds"],
            record["machine"],
        )

    def write(self) -> None:
        """Keep what is known."""
        FOLDER.mkdir(exist_ok=True)
        with write_aside(FOLDER / "results.json") as file:
            json.dump(self, file, default=vars, indent=1)
            file.write("\n")

    def all(self, name: str, measure: str) -> list[float]:
        """A measure of a variant for each seed; of a reference once."""
        runs = self.students[name].values() if name in self.students else [self.references[name]]
        return [run.values[measure] if measure in run.values else getattr(run, measure) for run in runs]

    def mean(self, name: str, measure: str) -> float:
        """The mean over the seeds."""
        return fmean(self.all(name, measure))


def run_study(study: Study, missing: Sequence[tuple[int, str]]) -> None:
    """Train and measure what is missing."""
    started = time.perf_counter() - study.seconds
    encoder = document_encoder("disco-tiny")
    split = TestSplit.read(encoder)
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        write_training_files(encoder)
        if not study.references:
            study.references |= references(split)
        Path("train.yaml").write_text(CONFIG, encoding="utf-8")
        for number, (seed, name) in enumerate(missing, 1):
            overrides = [*VARIANTS[name], "--seed", str(seed), "--output-dir", "student"]
            trained = train(read_config(Path("train.yaml"), overrides))
            run, queries = split.run(DiscoQueryEncoder(str(trained.folder)), "conversation")
            result = split.result(run, queries, trained.seconds)
            study.students.setdefault(name, {})[str(seed)] = result
            study.seconds = time.perf_counter() - started
            study.write()
            print(f"{number} of {len(missing)}: {name}, seed {seed}: nDCG@3 {result.values['nDCG@3']:.3f}", flush=True)


def write_training_files(encoder: DiscoDocumentEncoder) -> None:
    """Write the world's train split, its document vectors and the teachers' scores into the current folder."""
    queries, qrels = list(WORLD.queries("train")), WORLD.qrels("train")
    write_turns(queries, Path("turns.jsonl"))
    write_qrels(qrels, Path("qrels.txt"))
    encode_corpus(WORLD.passages(), Path("vectors"), encoder)
    documents = load_vectors(open_vectors(Path("vectors")), encoder.vocabulary)
    conversations = encoder.weight_vectors([query.text("conversation") for query in queries])
    for teacher in TEACHERS:
        rewrites = encoder.weight_vectors([query.text(teacher) for query in queries])
        named = [
            Rewritten(query.qid, [rewrite], distractor=conversation)
            for query, rewrite, conversation in zip(queries, rewrites, conversations, strict=True)
        ]
        write_teacher(search_all(documents, named, qrels, DEPTH), Path(f"{teacher}.json"))
    write_teacher(fuse([read_teacher(Path(f"{teacher}.json")) for teacher in TEACHERS], "mean"), Path("fused.json"))


def references(split: TestSplit) -> dict[str, Result]:
    """What the students are compared with: SPLADE on the queries as they are, and on rewrites, and its teachers."""
    encoder = DiscoQueryEncoder(document_encoder("disco-tiny").folder.as_posix())
    names = {"utterance": "SPLADE, utterance", "conversation": "SPLADE, conversation", "human": "SPLADE, human rewrite"}
    names |= {"teacher-a": "teacher A", "teacher-b": "teacher B"}
    runs, found = {}, {}
    for form, name in names.items():
        runs[form], queries = split.run(encoder, form)
        found[name] = split.result(runs[form], queries, 0)
    fused = {qid: fuse_scores([runs[teacher][qid] for teacher in TEACHERS], "mean") for qid in split.qrels}
    return found | {"teachers A and B fused": split.result(fused, None, 0)}


def _means(evaluation: Evaluation) -> dict[str, float]:
    return {measure: evaluation.mean(measure) for measure in MEASURES}


def stored(ids: Sequence[str], vectors: Sequence[ImpactVector], size: int) -> DocumentVectors:
    """Return impacts as vectors in memory that can be searched."""
    weights = [WeightVector(vector.terms, Quantiser().dequantise(vector.impacts)) for vector in vectors]
    return DocumentVectors.from_weights(ids, weights, size)


def _activations(vectors: Sequence[ImpactVector], size: int) -> Activations:
    return count_activations([(np.concatenate([vector.terms for vector in vectors]), len(vectors))], size)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
