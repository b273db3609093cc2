"""Passages of the demo world, encoded with disco-tiny and indexed once, and kept in ``$DISCO_BENCH``."""

from __future__ import annotations

import json
import os
import resource
import sys
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.encoding import document_encoder, query_encoder
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.vectors import Manifest, VectorSource, encode_corpus, open_vectors
from disco_pyserini.vectors.parts import VectorParts

ENCODER = "disco-tiny"
CACHE = "DISCO_BENCH"
"""Environment variable: the folder for what takes long to make; ``benchmarks/.cache`` without it."""


def cache() -> Path:
    """The folder for what takes long to make."""
    return Path(os.environ.get(CACHE) or Path(__file__).parent / ".cache").absolute()


def cached(size: int) -> Path:
    """The folder of a corpus of so many passages."""
    return cache() / f"demo-{size}"


def demo_vectors(size: int) -> VectorSource:
    """Open the vectors of the first ``size`` passages; encode them first if they are not there.

    ``encoding.json`` beside them says how much memory was taken by every 10,000 passages.
    """
    folder = cached(size) / "vectors"
    manifest = Manifest.read(folder)
    if manifest is None or not manifest.complete:
        _encode(size, folder)
    return open_vectors(folder)


def first_vectors(size: int, of: int) -> VectorSource:
    """Open the first ``size`` of the vectors of ``of`` passages."""
    every = demo_vectors(of)
    assert isinstance(every, VectorParts)
    parts, passages = [], 0
    for folder, part in every.parts:
        if passages < size:
            parts.append((folder, part))
            passages += part.passages
    if passages != size:
        raise SystemExit(f"the parts of {of:,} passages do not end at {size:,}: expected whole parts")
    return VectorParts(every.space, every.vocabulary, size, parts)


def demo_index(size: int, of: int | None = None) -> Path:
    """Return the index of the first ``size`` passages; build it first if it is not there."""
    folder = cached(size) / "index"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        summary = build_index(first_vectors(size, of) if of else demo_vectors(size), folder)
        print(f"indexed {summary.documents:,} passages in {summary.seconds:.0f} s", file=sys.stderr, flush=True)
    return folder


def demo_queries(size: int, number: int) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Return impacts and grades of so many questions of test conversations, spread over the corpus, by query id."""
    world = DemoWorld(size=size)
    every = sum(1 for _ in world.judged_queries("test"))
    chosen = list(islice(world.judged_queries("test"), 0, None, max(1, every // number)))[:number]
    vectors = query_encoder(ENCODER).encode_batch([judged.query.conversation for judged in chosen])
    qids = [judged.query.qid for judged in chosen]
    grades = {judged.query.qid: judged.grades for judged in chosen}
    return dict(zip(qids, vectors, strict=True)), grades


def _encode(size: int, folder: Path) -> None:
    model = document_encoder(ENCODER)
    began, done, log = perf_counter(), 0, list[dict[str, Any]]()

    def progress(passages: int) -> None:
        nonlocal done
        done += passages
        if done % 10_000 == 0 or done == size:
            seconds = perf_counter() - began
            megabytes = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.024e-3)
            log.append({"passages": done, "seconds": round(seconds, 2), "peak_mb": megabytes})
            print(f"encoded {done:,} of {size:,} passages, {done / seconds:,.0f}/s", file=sys.stderr, flush=True)

    encode_corpus(DemoWorld(size=size).passages(), folder, model, progress=progress)
    (folder.parent / "encoding.json").write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")
