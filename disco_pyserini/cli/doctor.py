"""``disco doctor``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from disco_pyserini.diagnosis import Finding


def doctor() -> None:
    """Check this installation and print what a bug report needs; exit with 1 if something needed is missing or broken.

    The check of the plugin imports Pyserini and searches with it, which takes a while.
    """
    from rich.console import Console

    from disco_pyserini.diagnosis import check_plugin, diagnose

    findings = diagnose()
    _print(findings)
    with Console(stderr=True).status("checking the plugin: importing Pyserini and searching with it"):
        plugin = check_plugin()
    _print(plugin)
    bad = [finding.subject for finding in (*findings, *plugin) if finding.needed and not finding.good]
    if bad:
        print(f"error: missing or broken: {', '.join(bad)}", file=sys.stderr)
        sys.exit(1)


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        print(f"{'ok ' if finding.good else 'BAD' if finding.needed else '-  '} {finding.subject}: {finding.detail}")
        if finding.remedy:
            print(f"      {finding.remedy}")
    sys.stdout.flush()
