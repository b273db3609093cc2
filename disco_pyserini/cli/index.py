"""``disco index``."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import RayAddress, StoreRaw, Threads, progress_bar, resumable

if TYPE_CHECKING:
    from disco_pyserini.search import IndexSummary


def index(
    index: Annotated[Path, typer.Option(help="Folder of the index to build or update.")],
    vectors: Annotated[
        str | None, typer.Option(help="Document vectors: a folder from disco encode, or Anserini's JSONL.")
    ] = None,
    corpus: Annotated[
        str | None, typer.Option(help="Instead of vectors: passages, as disco encode takes them, for BM25.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="Engine that builds the index, or several for one folder: lucene,flat.")
    ] = "lucene",
    threads: Threads = 1,
    store_raw: StoreRaw = True,
    shards: Annotated[
        int | None, typer.Option(min=1, help="Divide the vectors among this many indexes, which are searched as one.")
    ] = None,
    ray: RayAddress = None,
    update: Annotated[
        bool, typer.Option("--update", help="Add the vectors to the index, and replace documents that have their ids.")
    ] = False,
    delete: Annotated[
        Path | None, typer.Option(help="With --update: a file with the ids of documents to delete, one per line.")
    ] = None,
) -> None:
    """Index document vectors for Pyserini's impact search, or passages for BM25.

    --engine flat adds the faster flat index to the folder of a Lucene index, or makes one alone.
    With --update, add documents to an index of vectors, replace and delete documents.
    With --shards, the same command continues after an interrupt; --ray builds several at a time on a cluster.
    """
    from disco_pyserini.errors import InputError

    if ray is not None and shards is None:
        raise InputError("--ray builds the shards of an index at the same time: expected --shards with it")
    if shards is not None and (update or vectors is None):
        raise InputError("--shards divides --vectors among new indexes: expected no --update and no --corpus")
    if update:
        if corpus is not None or (vectors is None and delete is None):
            raise InputError("expected --vectors, --delete or both with --update, and no --corpus")
        _update(index, vectors, delete, engine, threads)
        return
    if delete is not None:
        raise InputError("--delete needs --update: a new index has nothing to delete")
    if (vectors is None) == (corpus is None):
        raise InputError("expected either --vectors, for impact search, or --corpus, for BM25")
    if corpus is not None:
        if engine != "lucene":
            raise InputError(
                f"--engine {engine} builds an index of --vectors: expected no --engine with --corpus (BM25)"
            )
        _index_passages(corpus, index, store_raw)
    if vectors is not None:
        _index_vectors(vectors, index, engine, threads, store_raw, shards, ray)


def _index_passages(corpus: str, index: Path, store_raw: bool) -> None:
    from disco_pyserini.datasets.named import named_passages
    from disco_pyserini.lucene.bm25 import build_bm25_index
    from disco_pyserini.passages import count_passages, read_passages

    named = named_passages(corpus)
    with progress_bar("indexing", count_passages(corpus) if named is None else None) as progress:
        passages = build_bm25_index(named or read_passages(corpus), index, store_raw=store_raw, progress=progress)
    print(f"{index}: {passages:,} passages")


def _index_vectors(
    vectors: str, index: Path, engine: str, threads: int, store_raw: bool, shards: int | None, ray: str | None
) -> None:
    from disco_pyserini.ray.cluster import connected
    from disco_pyserini.ray.shard_tasks import build_shards_on_cluster
    from disco_pyserini.search import build_shards
    from disco_pyserini.search.engine import build_for
    from disco_pyserini.vectors.stored import open_vectors

    source = open_vectors(vectors)
    total = source.total and source.total * len(engine.split(","))
    with progress_bar("indexing", total, "documents") as progress:
        if shards is None:
            summary = build_for(engine, source, index, threads=threads, store_raw=store_raw, progress=progress)
        else:
            build = build_shards_on_cluster if ray else build_shards
            with resumable("after the complete shards"), connected(ray) if ray else nullcontext():
                summary = build(
                    vectors, index, shards, engine=engine, threads=threads, store_raw=store_raw, progress=progress
                )
    print(
        f"{summary.directory}: {summary.documents:,} documents, {summary.postings:,} postings, "
        f"{summary.seconds:.1f} s, {summary.documents_per_second:,.0f} documents/s"
    )
    _report_empty(summary)


def _update(index: Path, vectors: str | None, delete: Path | None, engine: str, threads: int) -> None:
    from disco_pyserini.files import read_text_lines
    from disco_pyserini.search import update_index
    from disco_pyserini.search.index_manifest import read_impact_manifest
    from disco_pyserini.vectors.stored import open_vectors

    before = read_impact_manifest(index)
    ids = [line.strip() for _, line in read_text_lines(delete) if line.strip()] if delete else []
    source = open_vectors(vectors) if vectors else None
    with progress_bar("indexing", source.total if source else 0, "documents") as progress:
        summary = update_index(index, source or (), delete=ids, engine=engine, threads=threads, progress=progress)
    was = f" (before: {before.documents:,})" if before else ""
    print(f"{summary.directory}: {summary.documents:,} documents{was}, {summary.seconds:.1f} s")
    _report_empty(summary)


def _report_empty(summary: IndexSummary) -> None:
    if summary.empty:
        print(f"{summary.empty:,} documents have no terms and were left out, as Anserini does", file=sys.stderr)
