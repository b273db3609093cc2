"""Document encoding against sentence-transformers and ``python -m pyserini.encode``: time in turns, and peak memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contenders import (
    EXACT,
    INT8,
    PYSERINI_DOCUMENTS,
    SENTENCE_TRANSFORMERS,
    compare,
    environment,
    impacts_of,
    sparse_encoder,
)
from benchmarks.measure import ROUNDS, THREADS, interleave, run_python, seconds_of_others
from benchmarks.results_page import Report, Row, Target, ratio

TIME, MEMORY = "encoding", "peak memory"


def main(
    rounds: int = ROUNDS,
    size: int = 32,
    checkpoint: Path | None = None,
    corpus: Path | None = None,
    layers: int = 12,
    width: int = 768,
) -> Report:
    """Encode other passages in each round; then once in a process of its own per contender, for its memory."""
    import torch
    from pyserini.encode import SpladeDocumentEncoder

    from benchmarks.checkpoints import open_checkpoint, passages
    from disco_pyserini.encoding import DiscoDocumentEncoder

    torch.set_num_threads(THREADS)
    with TemporaryDirectory() as temporary:
        folder, what = open_checkpoint(checkpoint, Path(temporary) / "model", layers, width)
        exact = DiscoDocumentEncoder(str(folder), device="cpu")
        int8 = DiscoDocumentEncoder(str(folder), backend="onnx-int8")
        trained = sparse_encoder(folder)
        theirs = SpladeDocumentEncoder(str(folder), device="cpu")
        encoders: dict[str, Callable[[list[str]], Any]] = {
            EXACT: exact.vectors,
            INT8: int8.vectors,
            PYSERINI_DOCUMENTS: partial(_in_batches, theirs),
            SENTENCE_TRANSFORMERS: partial(trained.encode_document, show_progress_bar=False),
        }
        times = interleave(
            {
                name: seconds_of_others(encode, lambda seed: passages(size, seed, corpus))
                for name, encode in encoders.items()
            },
            rounds,
        )
        texts = passages(size, 0, corpus)
        ours = exact.encode_batch(texts)
        checks = [
            compare(
                f"impacts, {EXACT} and {SENTENCE_TRANSFORMERS}",
                ours,
                impacts_of(trained.encode_document(texts, show_progress_bar=False), exact.vocabulary),
                allowed=0.001,
            ),
            compare(f"impacts, {EXACT} in a batch and alone", ours, [exact.encode(text) for text in texts]),
        ]
        del exact, int8, trained, theirs, encoders
        memory = _memory(folder, Path(temporary), passages(2 * size, 1, corpus))
    rows = [Row(TIME, "s", name, values) for name, values in times.items()]
    rows += [Row(MEMORY, "MB", name, [value]) for name, value in memory.items()]
    return Report(
        "document-encoding",
        f"{what} {THREADS} threads. {len(texts)} passages of 12 to 256 tokens, half of them below 66, different ones "
        "in each round. Peak memory of the whole command, measured once, with twice as many passages.",
        ("disco-pyserini", "pyserini", "sentence-transformers", "torch", "onnxruntime"),
        rows,
        [
            Target(f"{SENTENCE_TRANSFORMERS} against {EXACT}", ratio(rows, TIME, SENTENCE_TRANSFORMERS, EXACT), 1.3),
            Target(f"{PYSERINI_DOCUMENTS} against {EXACT}", ratio(rows, TIME, PYSERINI_DOCUMENTS, EXACT), 2),
            Target(f"{SENTENCE_TRANSFORMERS} against {INT8}", ratio(rows, TIME, SENTENCE_TRANSFORMERS, INT8), 2.5),
            *(
                Target(f"memory of {EXACT} against {name}", 1 / ratio(rows, MEMORY, name, EXACT), 0.5, at_most=True)
                for name in (SENTENCE_TRANSFORMERS, PYSERINI_DOCUMENTS)
            ),
        ],
        checks,
    )


def _in_batches(encoder: Any, texts: list[str]) -> list[dict[str, float]]:
    """What ``python -m pyserini.encode`` does with its default batches."""
    return [
        vector
        for start in range(0, len(texts), 64)
        for vector in encoder.encode(texts[start : start + 64], max_length=256)
    ]


def _memory(folder: Path, place: Path, texts: list[str]) -> dict[str, float]:
    (place / "corpus").mkdir()
    corpus = place / "corpus" / "passages.jsonl"
    records = ({"id": f"d{number}", "contents": text, "text": text} for number, text in enumerate(texts))
    corpus.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    disco = ["-m", "disco_pyserini", "encode", "--encoder", folder, "--corpus", corpus, "--device", "cpu", "--output"]
    pyserini = ["-m", "pyserini.encode", "input", "--corpus", corpus.parent]
    pyserini += ["--docid-field", "id", "output", "--embeddings", place / "embeddings"]
    pyserini += ["encoder", "--encoder", folder, "--encoder-class", "splade"]
    commands: dict[str, list[str | Path]] = {
        EXACT: [*disco, place / "exact"],
        INT8: [*disco, place / "int8", "--backend", "onnx-int8"],
        PYSERINI_DOCUMENTS: [*pyserini, "--device", "cpu"],
        SENTENCE_TRANSFORMERS: ["-m", "benchmarks.document_encoding", folder, corpus],
    }
    return {name: run_python(command, **environment()).megabytes for name, command in commands.items()}


if __name__ == "__main__":
    # sentence-transformers has no command that encodes a file.
    lines = Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
    sparse_encoder(Path(sys.argv[1])).encode_document([json.loads(line)["contents"] for line in lines])
