"""Training queries per second with stored document vectors and with documents encoded at every step.

A BERT-base-shaped model with random weights, batches of 4 conversations and documents of 256 tokens, whole training
steps (forward, backward, AdamW). Random weights activate far too many dimensions, so the output bias is set to leave as
many as SPLADE does.
"""

from __future__ import annotations

import random
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from benchmarks.checkpoints import TERMS, VOCABULARY, make_checkpoint
from benchmarks.measure import ROUNDS, interleave
from benchmarks.results_page import Report, Row, Target, ratio
from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.candidates import TeacherLists
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.live_documents import LiveDocuments
from disco_pyserini.training.losses import DiscoLoss, Documents
from disco_pyserini.training.sampling import Sampler, Sampling
from disco_pyserini.training.student import student
from disco_pyserini.training.tolerance import Tolerance

BATCH = 4
TOKENS = 256
DOCUMENTS = 2_000
CACHED, LIVE = "cached, 16 candidates", "live, 16 candidates"


def main(rounds: int = ROUNDS) -> Report:
    """Train with stored vectors and 16 or 128 candidates, and with documents encoded live and 16 candidates."""
    chooser = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        model = student(make_checkpoint(Path(folder)), max_length=TOKENS, document_max_length=TOKENS)
        model.train()
        texts = [" ".join(f"w{chooser.randrange(VOCABULARY - 5)}" for _ in range(300)) for _ in range(BATCH)]
        contents = [" ".join(f"w{chooser.randrange(VOCABULARY - 5)}" for _ in range(300)) for _ in range(DOCUMENTS)]
        documents = _vectors()
        features = model.preprocess(texts, task="query")
        device = model.device
        features = {name: x.to(device) if isinstance(x, torch.Tensor) else x for name, x in features.items()}
        optimizer = torch.optim.AdamW([x for x in model.parameters() if x.requires_grad], lr=1e-6)
        settings: dict[str, tuple[Documents, int]] = {
            CACHED: (documents, 16),
            "cached, 128 candidates": (documents, 128),
            LIVE: (LiveDocuments(model, contents), 16),
        }
        losses = {
            name: DiscoLoss(model, source, _sampler(documents, number)) for name, (source, number) in settings.items()
        }
        times = interleave({name: partial(_step, loss, features, optimizer) for name, loss in losses.items()}, rounds)
    rows = [Row("step", "s", name, values) for name, values in times.items()]
    return Report(
        "training",
        f"A model of BERT-base's shape with random weights, batches of {BATCH} conversations, {TOKENS} tokens, "
        f"on {device}, {torch.get_num_threads()} threads.",
        ("disco-pyserini", "sentence-transformers", "torch"),
        rows,
        [Target(f"{LIVE} against {CACHED}", ratio(rows, "step", LIVE, CACHED), 5)],
    )


def _step(loss: DiscoLoss, features: dict[str, torch.Tensor], optimizer: torch.optim.Optimizer) -> float:
    began = perf_counter()
    parts = loss([dict(features)], torch.arange(BATCH))
    optimizer.zero_grad()
    torch.stack(list(parts.values())).sum().backward()
    optimizer.step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return perf_counter() - began


def _vectors() -> DocumentVectors:
    generator = np.random.default_rng(0)
    vectors = []
    for _ in range(DOCUMENTS):
        terms = np.sort(generator.choice(VOCABULARY, TERMS, replace=False)).astype(np.int32)
        vectors.append(WeightVector(terms, generator.random(TERMS, np.float32) * 2))
    return DocumentVectors.from_weights([f"d{row}" for row in range(DOCUMENTS)], vectors, VOCABULARY)


def _sampler(documents: DocumentVectors, number: int) -> Sampler:
    generator = np.random.default_rng(1)
    qrels = {f"q{query}": {f"d{query}": 1} for query in range(BATCH)}
    teacher = []
    for qid in qrels:
        ids = [f"d{row}" for row in generator.permutation(DOCUMENTS)[:1000]]
        teacher.append((qid, dict(zip(ids, generator.random(1000).tolist(), strict=True))))
    candidates = TeacherLists(teacher, qrels, qrels, Tolerance()).candidates(documents.rows, Tolerance())
    return Sampler(candidates, len(documents), Sampling(candidates=number), seed=1)
