"""Encoding documents of 256 tokens in bfloat16, on a GPU where there is one, and the share of its matrix speed used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.arithmetic import matrix_speed, operations, synchronised
from benchmarks.checkpoints import conversation, open_checkpoint
from benchmarks.contenders import SENTENCE_TRANSFORMERS, sparse_encoder
from benchmarks.measure import ROUNDS, THREADS, interleave
from benchmarks.results_page import Check, Report, Row, Target, median
from disco_pyserini.encoding import DiscoDocumentEncoder

OURS, MATRIX = "disco, torch-bf16", "product of two square matrices"
SPEED, COMPUTED = "encoding", "matrix products"
TOKENS = 256


def main(
    rounds: int = ROUNDS, size: int = 1024, checkpoint: Path | None = None, layers: int = 12, width: int = 768
) -> Report:
    """Encode in turns; then multiply matrices as large as the device likes them."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(THREADS)
    with TemporaryDirectory() as temporary:
        folder, what = open_checkpoint(checkpoint, Path(temporary) / "model", layers, width)
        ours = DiscoDocumentEncoder(str(folder), device=device, max_length=TOKENS, backend="torch-bf16")
        theirs = sparse_encoder(folder, device).bfloat16()
        texts = [f"{number} {conversation()}" for number in range(size)]
        contenders: dict[str, Callable[[], Any]] = {
            OURS: partial(ours.vectors, texts),
            # As many at once as ours: its own 32 leave a GPU idle.
            SENTENCE_TRANSFORMERS: partial(
                theirs.encode_document, texts, batch_size=128 if device == "cuda" else 4, show_progress_bar=False
            ),
        }
        times = interleave({name: partial(synchronised, work) for name, work in contenders.items()}, rounds)
        exact = DiscoDocumentEncoder(str(folder), device=device, max_length=TOKENS)
        shared = [
            len({*a.terms.tolist()} & {*b.terms.tolist()}) / len({*a.terms.tolist(), *b.terms.tolist()})
            for a, b in zip(ours.vectors(texts[:32]), exact.vectors(texts[:32]), strict=True)
        ]
        computed = operations(folder, [TOKENS] * size)
    fastest = [matrix_speed(device, torch.bfloat16) / 1e12 for _ in range(rounds)]
    rows = [Row(SPEED, "passages/s", name, [size / value for value in values]) for name, values in times.items()]
    rows.append(Row(COMPUTED, "TFLOP/s", OURS, [computed / value / 1e12 for value in times[OURS]]))
    rows.append(Row(COMPUTED, "TFLOP/s", MATRIX, fastest))
    name = torch.cuda.get_device_name() if device == "cuda" else f"the CPU, {THREADS} threads"
    return Report(
        "bf16",
        f"{what} {size:,} passages of {TOKENS} tokens, in bfloat16 on {name}.",
        ("disco-pyserini", "sentence-transformers", "torch"),
        rows,
        [
            Target(
                f"{OURS} against {SENTENCE_TRANSFORMERS}", _speed(rows, OURS) / _speed(rows, SENTENCE_TRANSFORMERS), 2
            ),
            Target(
                "share of the device's matrix speed", median(rows, COMPUTED, OURS) / median(rows, COMPUTED, MATRIX), 0.4
            ),
        ],
        [Check("terms shared with 32 bits, of both's", f"{sum(shared) / len(shared):.1%}", True)],
    )


def _speed(rows: list[Row], name: str) -> float:
    """The median passages per second."""
    return median(rows, SPEED, name)
