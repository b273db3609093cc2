"""The JSONL that Anserini indexes: lines of ``{"id": …, "contents": …, "vector": {token: impact}}``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from disco_pyserini.errors import InputError
from disco_pyserini.files import write_bytes_aside
from disco_pyserini.vectors import VectorBatch, VectorSource
from disco_pyserini.vectors.jsonl import is_one_token


def export(source: VectorSource, output: Path, progress: Callable[[int], None] = lambda vectors: None) -> int:
    """Write vectors as JSONL, gzipped if the name ends with ``.gz``. Equal vectors give equal bytes.

    Args:
        source: the vectors.
        output: the file, whose name ends with ``.jsonl`` or ``.jsonl.gz``; replaced when everything is written.
        progress: called with the number of vectors written since the last call.

    Returns the number of vectors.

    Raises:
        InputError: the name ends otherwise, or a token contains white space, at which Anserini would split it.
        DiscoError: the file system refused.
    """
    if not output.name.endswith((".jsonl", ".jsonl.gz")):
        raise InputError(f"{output}: expected a name that ends with .jsonl or .jsonl.gz: Anserini knows files by that")
    written = 0
    with write_bytes_aside(output) as file, ExitStack() as stack:
        out = file
        if output.suffix == ".gz":
            # No name and no time inside, so that equal vectors give equal bytes.
            out = cast(BinaryIO, stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0)))
        for batch in source.batches():
            out.writelines(_lines(batch, source.vocabulary))
            written += len(batch)
            progress(len(batch))
    return written


def _lines(batch: VectorBatch, vocabulary: Sequence[str]) -> Iterator[bytes]:
    tokens = {term: vocabulary[term] for term in np.unique(batch.terms).tolist()}
    for token in tokens.values():
        if not is_one_token(token):
            raise InputError(
                f"the token {token!r} contains white space, at which Anserini would split it: "
                "run `disco index` on the vectors instead"
            )
    for (docid, terms, impacts), contents in zip(batch, batch.raw or [""] * len(batch), strict=True):
        vector = {tokens[term]: impact for term, impact in zip(terms.tolist(), impacts.tolist(), strict=True)}
        yield json.dumps({"id": docid, "contents": contents, "vector": vector}, ensure_ascii=False).encode() + b"\n"
