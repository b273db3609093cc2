"""``disco doctor``."""

from __future__ import annotations

import sys


def doctor() -> None:
    """Print what a bug report needs; exit with 1 when something needed is missing."""
    from disco_pyserini.diagnosis import diagnose

    findings = diagnose()
    for finding in findings:
        print(f"{'ok ' if finding.good else 'BAD' if finding.needed else '-  '} {finding.subject}: {finding.detail}")
        if finding.remedy:
            print(f"      {finding.remedy}")
    missing = [finding.subject for finding in findings if finding.needed and not finding.good]
    if missing:
        print(f"error: missing: {', '.join(missing)}", file=sys.stderr)
        sys.exit(1)
