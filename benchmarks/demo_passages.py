"""Passages of the demo world, encoded with disco-tiny once and kept: ``$DISCO_BENCH``, or ``benchmarks/.cache``."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from disco_pyserini.datasets.demo_world import DemoWorld
from disco_pyserini.encoding import document_encoder
from disco_pyserini.vectors import Manifest, encode_corpus

ENCODER = "disco-tiny"
# Passages of 60 tokens: at disco-tiny's size, smaller batches stay in the processor's cache.
_BATCH_TOKENS = 1024


def cache() -> Path:
    """The folder for what takes long to make."""
    return Path(os.environ.get("DISCO_BENCH") or Path(__file__).parent / ".cache").absolute()


def demo_vectors(size: int) -> Path:
    """Return the folder with the vectors of the first ``size`` passages; encode them if it is not there.

    ``encoding.json`` beside it says how long every 10,000 passages took, and the memory used by then.
    """
    folder = cache() / f"demo-{size}" / "vectors"
    manifest = Manifest.read(folder)
    if manifest and manifest.complete:
        return folder
    model = document_encoder(ENCODER, batch_tokens=_BATCH_TOKENS)
    began, cpu, done, log = perf_counter(), process_time(), 0, list[dict[str, Any]]()

    def progress(passages: int) -> None:
        nonlocal done
        done += passages
        if done % 10_000 == 0 or done == size:
            seconds = perf_counter() - began
            log.append(
                {
                    "passages": done,
                    "seconds": round(seconds, 2),
                    "cpu_seconds": round(process_time() - cpu, 2),
                    "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                }
            )
            print(f"encoded {done:,} of {size:,} passages, {done / seconds:,.0f}/s", file=sys.stderr, flush=True)

    encode_corpus(model, ENCODER, DemoWorld(size=size).passages(), folder, progress=progress)
    (folder.parent / "encoding.json").write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")
    return folder
