"""Milliseconds to encode a real conversation with the English query encoders of the package, by backend and threads.

Pyserini's and sentence-transformers' encoders read the same checkpoint.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.contenders import PYSERINI, SENTENCE_TRANSFORMERS, compare, environment, impacts_of
from benchmarks.english import COLLECTIONS, English, spread
from benchmarks.measure import interleave, run_python
from benchmarks.results_page import Check, Report, Row, Target, ratio
from disco_pyserini.conversation import flatten

ENCODERS = ("english", "english-tiny")
BACKENDS = ("torch", "onnx", "onnx-int8")
THREADS = (1, 2, 4)
PERCENTILES = (50, 95, 99)


def main(
    rounds: int = 3,
    size: int = 20,
    collection: Path | None = None,
    encoders: Sequence[str] = ENCODERS,
    threads: Sequence[int] = THREADS,
) -> Report:
    """Encode the same conversations with every contender in turns; each number of threads in a process of its own."""
    english = English((collection,) if collection else COLLECTIONS)
    texts = [flatten(conversation) for conversation in spread(english.conversations(), size).values()]
    rows: list[Row] = []
    checks: list[Check] = []
    with TemporaryDirectory() as folder:
        given = Path(folder) / "texts.json"
        given.write_text(json.dumps(texts), encoding="utf-8")
        for encoder in encoders:
            for number in threads:
                command = ["-m", "benchmarks.english_encoding", encoder, str(number), str(rounds), given]
                done = run_python(command, **environment(), OMP_NUM_THREADS=str(number), MKL_NUM_THREADS=str(number))
                found = json.loads(done.output.splitlines()[-1])
                rows += _rows(f"{encoder}, {_plural(number)}", found["times"])
                checks += [Check(**check) for check in found["checks"] if number == threads[0]]
    return Report(
        "english-encoding",
        f"{len(texts)} conversations of {english.name.replace('+', ' and ')}, one at a time, cut to 256 tokens. p50, "
        "p95 and p99 are milliseconds of processor time of the process, all threads together; wall p50 and p99 are "
        f"those of the clock. {os.cpu_count()} cores: more threads than that wait for each other.",
        ("disco-pyserini", "pyserini", "sentence-transformers", "torch", "onnxruntime"),
        rows,
        [
            Target(
                f"{encoder}, {_plural(threads[0])}: {PYSERINI} against disco, {backend}",
                ratio(rows, f"{encoder}, {_plural(threads[0])}: p50", PYSERINI, f"disco, {backend}"),
                least,
            )
            for encoder in encoders
            for backend, least in (("torch", 1.25), ("onnx-int8", 3))
        ],
        checks,
        matrix=True,
    )


def _plural(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def _rows(what: str, times: Mapping[str, Sequence[Sequence[Sequence[float]]]]) -> Iterator[Row]:
    """Return rows of the times by contender, round, conversation and clock."""
    for clock, name, percentiles in ((0, "p", PERCENTILES), (1, "wall p", (50, 99))):
        for percentile in percentiles:
            for contender, every in times.items():
                values = [float(np.percentile([pair[clock] for pair in one], percentile)) for one in every]
                yield Row(f"{what}: {name}{percentile}", "ms", contender, values)


def _alone(name: str, threads: int, rounds: int, texts: Sequence[str]) -> None:
    """Measure every contender with so many threads, and print the times."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(min(threads, os.cpu_count() or 1)))
    import torch

    torch.set_num_threads(threads)
    from disco_pyserini.encoding import query_encoder

    with TemporaryDirectory() as folder:
        ours = {f"disco, {backend}": query_encoder(name, backend=backend) for backend in BACKENDS}
        exact = ours["disco, torch"]
        theirs, trained = _others(exact.folder, Path(folder))
        contenders: dict[str, Callable[[str], Any]] = {name: encoder.encode for name, encoder in ours.items()}
        contenders[PYSERINI] = theirs.encode
        contenders[SENTENCE_TRANSFORMERS] = lambda text: trained.encode_query([text], show_progress_bar=False)
        times = interleave({name: partial(_times, encode, texts) for name, encode in contenders.items()}, rounds)
        vectors = exact.encode_batch(texts)
        checks = [
            compare(
                f"{name}: impacts, disco, torch and {other}",
                vectors,
                [{token: int(impact) for token, impact in vector.items() if impact} for vector in found],
                allowed=0.001,
            )
            for other, found in (
                (PYSERINI, list(map(theirs.encode, texts))),
                (
                    SENTENCE_TRANSFORMERS,
                    impacts_of(trained.encode_query(texts, batch_size=1, show_progress_bar=False), exact.vocabulary),
                ),
                ("disco, onnx", ours["disco, onnx"].encode_batch(texts)),
            )
        ]
    print(json.dumps({"times": times, "checks": [vars(check) for check in checks]}))


def _others(checkpoint: Path, folder: Path) -> tuple[Any, Any]:
    """Open a gated checkpoint with Pyserini and sentence-transformers, after writing it as Pyserini reads it."""
    import torch
    from pyserini.encode import SpladeQueryEncoder
    from transformers import AutoTokenizer

    from benchmarks.contenders import sparse_encoder
    from disco_pyserini.encoding.gated_splade import GatedSplade

    model = GatedSplade.from_pretrained(checkpoint)
    model.config.document_folder = None
    model.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    AutoTokenizer.from_pretrained(checkpoint.parents[1] / "english" / "document").save_pretrained(folder)
    return SpladeQueryEncoder(str(folder)), sparse_encoder(folder)


def _times(encode: Callable[[str], object], texts: Sequence[str]) -> list[tuple[float, float]]:
    """Return milliseconds of each text, of the processor and of the clock."""
    times = []
    for text in texts:
        wall, processor = perf_counter(), process_time()
        encode(text)
        times.append((1000 * (process_time() - processor), 1000 * (perf_counter() - wall)))
    return times


if __name__ == "__main__":
    _alone(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(Path(sys.argv[4]).read_text(encoding="utf-8")))
