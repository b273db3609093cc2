"""The output of `disco data get` while it fetches files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from disco_pyserini.cli.shared import download_bars, resumable

if TYPE_CHECKING:
    from disco_pyserini.datasets.resources import Resource, Terms


def fetch_and_tell(
    terms: Terms, resources: Sequence[Resource], folder: Path, only: Sequence[str], source: Path | None
) -> None:
    """Show the terms, fetch the requested files, and report files that were left out."""
    from disco_pyserini.datasets.download import fetch, select

    wanted = select(resources, only)
    print(f"licence: {terms.licence}\nsource: {terms.source}")
    if terms.agreement:
        print(f"not downloadable: {terms.agreement}")
    if not resources:
        print("nothing to fetch: this collection needs no files")
        return
    sys.stdout.flush()  # show the terms before fetching, also in a pipe
    with resumable(), download_bars() as progress:
        fetched = fetch(wanted, folder, local=source, progress=progress)
    print(f"{folder}: {len(fetched)} fetched, {len(wanted) - len(fetched)} already complete")
    if not only:
        for one in resources:
            if not one.required:
                size = f", {one.bytes:,} bytes" if one.bytes else ""
                print(f"optional, not fetched: --only {one.path}{size}")
