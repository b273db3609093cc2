"""``disco teach`` and ``disco fuse``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import BatchSize, OnError, Threads, progress_bar, report_ids


def teach(
    index: Annotated[Path, typer.Option(help="Impact index, from disco index.")],
    topics: Annotated[str, typer.Option(help="Rewrites: a topics file (qid<TAB>text), or COLLECTION/SPLIT/QUERY.")],
    output: Annotated[Path, typer.Option(help="Teacher file to write: .json or .json.gz.")],
    encoder: Annotated[
        str | None,
        typer.Option(help="Encoder of the topics, as for search; by default the index's own document encoder."),
    ] = None,
    hits: Annotated[int, typer.Option(min=2, help="Documents to score for each query.")] = 1000,
    batch_size: BatchSize = 64,
    threads: Threads = 1,
) -> None:
    """Score the documents that rewrites find: the teacher for distillation."""
    from disco_pyserini.datasets.named import open_topics
    from disco_pyserini.search.searcher import DiscoSearcher
    from disco_pyserini.search.teacher_scores import document_encoder_of, teacher_scores
    from disco_pyserini.training.teachers import write_teacher

    texts = open_topics(topics)
    flat: list[str] = []
    with (
        DiscoSearcher(index, document_encoder_of(index) if encoder is None else encoder) as searcher,
        progress_bar("teaching", len(texts), "queries") as progress,
    ):
        scores = teacher_scores(
            searcher, texts, hits, batch_size=batch_size, threads=threads, flat=flat, progress=progress
        )
        written = write_teacher(scores, output)
    print(f"{written:,} queries in {output}")
    report_ids("left out, with equal scores only or no documents", flat)


def fuse(
    teacher: Annotated[
        list[Path],
        typer.Option(exists=True, dir_okay=False, help="Teacher: JSON or TREC run; repeat for each."),
    ],
    rule: Annotated[str, typer.Option(help="mean, max, min, or the mean after normalising by min-max or z.")],
    output: Annotated[Path, typer.Option(help="Teacher file to write: .json or .json.gz.")],
    weights: Annotated[str, typer.Option(help="One number per teacher, separated by spaces.")] = "",
    on_error: Annotated[OnError, typer.Option(help="Queries with equal scores only: stop, or skip.")] = OnError.stop,
) -> None:
    """Fuse several teachers into one. A document that a teacher does not score gets that teacher's lowest score."""
    from disco_pyserini.errors import InputError
    from disco_pyserini.training.fusion import FusionReport, fuse
    from disco_pyserini.training.teachers import TeacherQuery, read_teacher, write_teacher

    try:
        numbers = [float(weight) for weight in weights.split()] or None
    except ValueError as problem:
        raise InputError(f"expected --weights with numbers, found {weights!r}") from problem
    flat: list[list[str]] = [[] for _ in teacher]
    skipped = flat if on_error is OnError.skip else [None] * len(teacher)
    teachers = [read_teacher(path, ids) for path, ids in zip(teacher, skipped, strict=True)]
    report = FusionReport()
    with progress_bar("fusing", None, "queries") as progress:

        def fused() -> Iterator[TeacherQuery]:
            for query in fuse(teachers, rule, numbers, report):
                yield query
                progress(1)

        written = write_teacher(fused(), output)
    print(
        f"{written:,} queries in {output}: {report.documents:,} scores, "
        f"{report.partly_scored:,} of them for documents that not all teachers score"
    )
    for path, equal, unmatched in zip(teacher, flat, report.unmatched, strict=True):
        report_ids(f"{path}: left out, with equal scores only", equal)
        report_ids(f"{path}: left out, not scored by all teachers", unmatched)
