"""``disco index``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import progress_bar


def index(
    index: Annotated[Path, typer.Option(help="Folder of the index to make; must not exist.")],
    vectors: Annotated[
        Path | None, typer.Option(help="Folder of vectors that disco encode wrote, or Anserini JSONL.")
    ] = None,
    corpus: Annotated[
        str | None, typer.Option(help="Instead of vectors: passages, as disco encode takes them, for BM25.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="What builds an index of vectors: lucene, or an engine of another package.")
    ] = "lucene",
    threads: Annotated[int, typer.Option(min=1, help="Threads that write.")] = 1,
    store_raw: Annotated[
        bool, typer.Option("--store-raw/--no-store-raw", help="Store the passages' texts in the index.")
    ] = True,
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
    from disco_pyserini.lucene.bm25 import build_bm25_index
    from disco_pyserini.passages import Passage, count_passages, read_passages

    with progress_bar("indexing", count_passages(corpus)) as progress:

        def counted() -> Iterator[Passage]:
            for passage in read_passages(corpus):
                yield passage
                progress(1)

        passages = build_bm25_index(counted(), index, store_raw=store_raw)
    print(f"{index}: {passages:,} passages")


def _index_vectors(vectors: Path, index: Path, engine: str, threads: int, store_raw: bool) -> None:
    from time import perf_counter

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from disco_pyserini.search.engine import ENGINES
    from disco_pyserini.vectors.stored import open_vectors

    build = ENGINES.get(engine).build
    source = open_vectors(vectors)
    began = perf_counter()
    speed = TextColumn("{task.fields[speed]}")
    columns = (TextColumn("indexing"), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("indexing", total=source.total, speed="")

        def show(written: int) -> None:
            rate = written / (perf_counter() - began)
            bar.update(task, completed=written, speed=f"{rate:,.0f} documents/s")

        summary = build(source, index, threads=threads, store_raw=store_raw, progress=show)
    print(
        f"{summary.directory}: {summary.documents:,} documents, {summary.postings:,} postings, "
        f"{summary.seconds:.1f} s, {summary.documents_per_second:,.0f} documents/s"
    )
    if summary.empty:
        print(f"{summary.empty:,} documents have no terms and were left out, as Anserini does", file=sys.stderr)
