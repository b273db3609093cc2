"""What `disco data get` prints while files are fetched."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from disco_pyserini.datasets.download import Progress
    from disco_pyserini.datasets.resources import Resource, Terms


def fetch_and_tell(
    terms: Terms, resources: Sequence[Resource], folder: Path, only: Sequence[str], source: Path | None
) -> None:
    """Show the terms, fetch what is wanted, and say what was left out."""
    from disco_pyserini.datasets.download import fetch, select

    wanted = select(resources, only)
    print(f"licence: {terms.licence}\nsource: {terms.source}")
    if terms.agreement:
        print(f"not downloadable: {terms.agreement}")
    if not resources:
        print("nothing to fetch: this collection needs no files")
        return
    sys.stdout.flush()  # before anything is fetched, also into a pipe
    try:
        with _transfers() as progress:
            fetched = fetch(wanted, folder, local=source, progress=progress)
    except KeyboardInterrupt:
        print("stopped: the same command continues where it was", file=sys.stderr)
        raise typer.Exit(130) from None
    print(f"{folder}: {len(fetched)} fetched, {len(wanted) - len(fetched)} already there")
    if not only:
        for one in resources:
            if not one.required:
                size = f", {one.bytes:,} bytes" if one.bytes else ""
                print(f"left out, for those who need it: --only {one.path}{size}")


@contextmanager
def _transfers() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TimeRemainingColumn, TransferSpeedColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(path: str, done: int, total: int | None) -> None:
            if path not in tasks:
                tasks[path] = bars.add_task(path, total=total)
            bars.update(tasks[path], completed=done, total=total)

        yield show
