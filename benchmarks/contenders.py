"""The other encoders, opened as their users open them, and how far two encoders' vectors are apart."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.results_page import REPOSITORY, Check

PYSERINI = "Pyserini SpladeQueryEncoder"
PYSERINI_DOCUMENTS = "pyserini.encode"
SENTENCE_TRANSFORMERS = "sentence-transformers SparseEncoder"
EXACT, INT8 = "disco, torch", "disco, onnx-int8"

STOCK = ["-m", "pyserini.search.lucene", "--impact", "--output-format", "trec"]
"""Pyserini's search command. Its SPLADE encoder is the one whose name has ``splade`` in it."""


def environment() -> dict[str, str]:
    """Variables that let a process import this checkout."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))}


def sparse_encoder(folder: Path, device: str = "cpu") -> Any:
    """Open a checkpoint with sentence-transformers."""
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import SpladePooling

    transformer = Transformer(str(folder), transformer_task="fill-mask")
    transformer.max_seq_length = 256
    return SparseEncoder(modules=[transformer, SpladePooling("max")], device=device)


def impacts_of(rows: Any, vocabulary: Sequence[str]) -> list[dict[str, int]]:
    """Quantise what a `SparseEncoder` returns."""
    vectors = []
    for row in rows.to_dense().numpy():
        impacts = {vocabulary[term]: round(float(row[term]) / 5 * 256) for term in row.nonzero()[0].tolist()}
        vectors.append({token: impact for token, impact in impacts.items() if impact})
    return vectors


def compare(
    what: str, ours: Sequence[Mapping[str, int]], theirs: Sequence[Mapping[str, int]], allowed: float = 0
) -> Check:
    """Compare impacts by token; passed if at most the ``allowed`` share of them differ, and by 1 at most."""
    differences = [
        abs(mine.get(token, 0) - other.get(token, 0))
        for mine, other in zip(ours, theirs, strict=True)
        for token in {*mine, *other}
    ]
    different = sum(difference > 0 for difference in differences)
    found = (
        f"all {len(differences):,} equal"
        if not different
        else (f"{different:,} of {len(differences):,} differ, by {max(differences)} at most")
    )
    return Check(what, found, different <= allowed * len(differences) and max(differences, default=0) <= 1)
