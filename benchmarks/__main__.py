"""``python -m benchmarks [NAME …]``; without a name, all of them, each in a process of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import measure

NAMES = (
    "start-up",
    "cold-start",
    "query-encoding",
    "document-encoding",
    "effectiveness",
    "search-command",
    "index-build",
    "vectors-on-disk",
    "search",
    "scale",
    "training",
)


def main() -> int:
    """Run what the command line names; return the exit code: 1 where contenders gave different answers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=measure.ROUNDS, help="rounds to measure (%(default)s)")
    parser.add_argument("--results", type=Path, help="folder for JSON and plots (benchmarks/results)")
    parser.add_argument("--docs", action="store_true", help="measure nothing; write the results into the documentation")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; expected some of {', '.join(NAMES)}")
    names = arguments.names or NAMES
    if len(names) > 1 and not arguments.docs:
        options = ["--rounds", str(arguments.rounds)]
        options += ["--results", str(arguments.results)] if arguments.results else []
        return max(subprocess.call([sys.executable, "-m", "benchmarks", name, *options]) for name in names)
    measure.fix_threads()

    from benchmarks import report

    results = arguments.results or report.RESULTS
    if arguments.docs:
        report.update_page(results)
        return 0
    # ONNX files are made of checkpoints that are thrown away in the end.
    with TemporaryDirectory() as cache:
        os.environ["PYSERINI_CACHE"] = cache
        found = import_module(f"benchmarks.{names[0].replace('-', '_')}").main(rounds=arguments.rounds)
    record = report.save(found, results)
    print(f"\n## {found.name}\n\n{report.text(record)}\n", flush=True)
    return 0 if all(check.passed for check in found.checks) else 1


if __name__ == "__main__":
    sys.exit(main())
