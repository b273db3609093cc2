"""Query encoding: one conversation, and many of different lengths, against Pyserini and sentence-transformers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.arithmetic import matrix_speed, operations
from benchmarks.checkpoints import conversation, conversations, open_checkpoint
from benchmarks.contenders import (
    EXACT,
    INT8,
    PYSERINI,
    SENTENCE_TRANSFORMERS,
    compare,
    impacts_of,
    sparse_encoder,
)
from benchmarks.measure import ROUNDS, THREADS, interleave, seconds, seconds_of_others
from benchmarks.results_page import Check, Report, Row, Target, ratio
from disco_pyserini.encoding import DiscoQueryEncoder

LIMIT = "the layers' matrix products alone"
TOKENS = 256
ONE, MANY = "one conversation of 256 tokens", "ragged conversations"


def main(
    rounds: int = ROUNDS,
    size: int = 64,
    checkpoint: Path | None = None,
    topics: Path | None = None,
    layers: int = 12,
    width: int = 768,
) -> Report:
    """Encode one conversation several times a round, and other ragged ones in each."""
    from pyserini.encode import SpladeQueryEncoder

    torch.set_num_threads(THREADS)
    with TemporaryDirectory() as temporary:
        folder, what = open_checkpoint(checkpoint, Path(temporary) / "model", layers, width)
        exact = DiscoQueryEncoder(str(folder), device="cpu")
        int8 = DiscoQueryEncoder(str(folder), backend="onnx-int8")
        theirs = SpladeQueryEncoder(str(folder))
        trained = sparse_encoder(folder)
        text = conversation(topics)
        singles = {name: encoder.encode for name, encoder in ((EXACT, exact), (INT8, int8), (PYSERINI, theirs))}
        limit = partial(_limit, folder, theirs.tokenizer)
        one = interleave(
            {name: seconds(partial(encode, text)) for name, encode in singles.items()}
            | {LIMIT: limit(lambda _: [text])},
            rounds,
        )

        def one_by_one(texts: list[str]) -> list[dict[str, int]]:
            return [_without_zeros(theirs.encode(text)) for text in texts]

        batches: dict[str, Callable[[list[str]], object]] = {
            EXACT: exact.encode_batch,
            INT8: int8.encode_batch,
            PYSERINI: one_by_one,
            SENTENCE_TRANSFORMERS: partial(trained.encode_query, show_progress_bar=False),
        }

        def ragged(seed: int) -> list[str]:
            return conversations(size, seed, topics)

        many = interleave(
            {name: seconds_of_others(encode, ragged) for name, encode in batches.items()} | {LIMIT: limit(ragged)},
            rounds,
        )
        texts = ragged(0)
        ours = exact.encode_batch(texts)
        checks = [
            compare(f"impacts, {EXACT} and {PYSERINI}", ours, one_by_one(texts)),
            compare(
                f"impacts, {EXACT} and {SENTENCE_TRANSFORMERS}",
                ours,
                impacts_of(trained.encode_query(texts, show_progress_bar=False), exact.vocabulary),
                # Its padded batches tip some roundings.
                allowed=0.001,
            ),
        ]
    rows = [Row(ONE, "ms", name, [1000 * value for value in values]) for name, values in one.items()]
    rows += [Row(MANY, "s", name, values) for name, values in many.items()]
    checks += [
        Check(f"{quantity}: {PYSERINI} against {LIMIT}", f"{ratio(rows, quantity, PYSERINI, LIMIT):.2f} ×", True)
        for quantity in (ONE, MANY)
    ]
    return Report(
        "query-encoding",
        f"{what} {THREADS} threads. Ragged: {len(texts)} conversations of 10 to 256 tokens, different ones in each "
        "round, in the batches that each encoder makes; Pyserini's encodes them one by one. "
        f"{LIMIT.capitalize()}: without the projection to the vocabulary, at the speed of a product of two large "
        "32-bit matrices.",
        ("disco-pyserini", "pyserini", "sentence-transformers", "torch", "onnxruntime"),
        rows,
        [
            Target(f"{ONE}: {PYSERINI} against {EXACT}", ratio(rows, ONE, PYSERINI, EXACT), 1.25),
            Target(f"{ONE}: {PYSERINI} against {INT8}", ratio(rows, ONE, PYSERINI, INT8), 3),
            Target(f"{MANY}: {PYSERINI} against {EXACT}", ratio(rows, MANY, PYSERINI, EXACT), 2),
            Target(f"{MANY}: {PYSERINI} against {INT8}", ratio(rows, MANY, PYSERINI, INT8), 2),
            Target(
                f"{MANY}: {SENTENCE_TRANSFORMERS} against {EXACT}",
                ratio(rows, MANY, SENTENCE_TRANSFORMERS, EXACT),
                1.2,
            ),
        ],
        checks,
    )


def _limit(folder: Path, tokenizer: Any, texts: Callable[[int], list[str]]) -> Callable[[], float]:
    """Make a contender: seconds that the layers' products of a round's texts take, at the speed of a large one."""
    rounds = count()

    def computed() -> float:
        ids = tokenizer(texts(next(rounds)), truncation=True, max_length=TOKENS)["input_ids"]
        return operations(folder, map(len, ids), projection=False) / matrix_speed("cpu", torch.float32)

    return computed


def _without_zeros(vector: dict[str, float]) -> dict[str, int]:
    return {token: int(impact) for token, impact in vector.items() if impact}
