"""``disco index``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import Engine, StoreRaw, Threads, progress_bar


def index(
    index: Annotated[Path, typer.Option(help="Folder of the index to build; must not exist.")],
    vectors: Annotated[
        Path | None, typer.Option(help="Document vectors: a folder from disco encode, or Anserini's JSONL.")
    ] = None,
    corpus: Annotated[
        str | None, typer.Option(help="Instead of vectors: passages, as disco encode takes them, for BM25.")
    ] = None,
    engine: Engine = "lucene",
    threads: Threads = 1,
    store_raw: StoreRaw = True,
) -> None:
    """Build the Lucene index that Pyserini's search opens: of document vectors, or of passages for BM25."""
    from disco_pyserini.errors import InputError

    if (vectors is None) == (corpus is None):
        raise InputError("expected either --vectors, for impact search, or --corpus, for BM25")
    if corpus is not None:
        if engine != "lucene":
            raise InputError(
                f"--engine {engine} builds an index of --vectors: expected no --engine with --corpus (BM25)"
            )
        _index_passages(corpus, index, store_raw)
    if vectors is not None:
        _index_vectors(vectors, index, engine, threads, store_raw)


def _index_passages(corpus: str, index: Path, store_raw: bool) -> None:
    from disco_pyserini.datasets.named import named_passages
    from disco_pyserini.lucene.bm25 import build_bm25_index
    from disco_pyserini.passages import count_passages, read_passages

    named = named_passages(corpus)
    with progress_bar("indexing", count_passages(corpus) if named is None else None) as progress:
        passages = build_bm25_index(named or read_passages(corpus), index, store_raw=store_raw, progress=progress)
    print(f"{index}: {passages:,} passages")


def _index_vectors(vectors: Path, index: Path, engine: str, threads: int, store_raw: bool) -> None:
    from disco_pyserini.search.engine import ENGINES
    from disco_pyserini.vectors.stored import open_vectors

    build = ENGINES.get(engine).build
    source = open_vectors(vectors)
    with progress_bar("indexing", source.total, "documents") as progress:
        summary = build(source, index, threads=threads, store_raw=store_raw, progress=progress)
    print(
        f"{summary.directory}: {summary.documents:,} documents, {summary.postings:,} postings, "
        f"{summary.seconds:.1f} s, {summary.documents_per_second:,.0f} documents/s"
    )
    if summary.empty:
        print(f"{summary.empty:,} documents have no terms and were left out, as Anserini does", file=sys.stderr)
