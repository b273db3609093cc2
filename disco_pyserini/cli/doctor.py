"""``disco doctor``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from disco_pyserini.diagnosis import Finding


def doctor(
    plugin: Annotated[
        bool, typer.Option("--plugin", help="Check only the plugin: is each hook active, missing or failed?")
    ] = False,
    index: Annotated[
        Path | None, typer.Option(help="Check only this index: read all of its files and compare their checksums.")
    ] = None,
) -> None:
    """Check this installation and print what a bug report needs; exit with 1 if something needed is missing or broken.

    The check of the plugin imports Pyserini and calls each hook, which takes a while.
    """
    if index is not None:
        from disco_pyserini.search.verification import verify_index

        print(f"ok  {index}: every file of {', '.join(verify_index(index))} has its checksum")
        return
    from rich.console import Console

    from disco_pyserini.diagnosis import check_plugin, diagnose

    findings = [] if plugin else diagnose()
    _print(findings)
    with Console(stderr=True).status("checking the plugin: importing Pyserini and searching with it"):
        hooks = check_plugin()
    _print(hooks)
    bad = [finding.subject for finding in (*findings, *hooks) if finding.needed and not finding.good]
    if bad:
        print(f"error: missing or broken: {', '.join(bad)}", file=sys.stderr)
        sys.exit(1)


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        print(f"{'ok ' if finding.good else 'BAD' if finding.needed else '-  '} {finding.subject}: {finding.detail}")
        if finding.remedy:
            print(f"      {finding.remedy}")
    sys.stdout.flush()
