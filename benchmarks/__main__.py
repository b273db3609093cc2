"""``python -m benchmarks [NAME …]``; without a name, all of them, each in a process of its own."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from importlib import import_module
from inspect import signature
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
    "bf16",
)
NEEDS_GPU = ("bf16",)
"""Left out of the whole suite where there is none. By name they run on the CPU, too."""

GIVEN = {
    "checkpoint": "folder of a SPLADE checkpoint, instead of one with random weights",
    "topics": "file of conversations, instead of random ones: lines of qid<TAB>text",
    "corpus": "passages, instead of random ones, as disco encode takes them",
    "vectors": "document vectors, instead of random ones: a folder that disco encode wrote, or Anserini's JSONL",
}


def main() -> int:
    """Run what the command line names; return the exit code: 1 where contenders gave different answers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=measure.ROUNDS, help="rounds to measure (%(default)s)")
    parser.add_argument("--size", type=int, help="how many documents, passages or conversations")
    for name, help in GIVEN.items():
        parser.add_argument(f"--{name}", type=Path, help=help)
    parser.add_argument("--results", type=Path, help="folder for JSON and plots (benchmarks/results)")
    parser.add_argument("--docs", action="store_true", help="measure nothing; write the results into the documentation")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; expected some of {', '.join(NAMES)}")
    names = arguments.names or [name for name in NAMES if name not in NEEDS_GPU or shutil.which("nvidia-smi")]
    given = {name: getattr(arguments, name) for name in ("size", *GIVEN)}
    if len(names) > 1 and not arguments.docs:
        if any(given.values()):
            parser.error("--size and what is given instead of random data need the name of one benchmark")
        options = ["--rounds", str(arguments.rounds)]
        options += ["--results", str(arguments.results)] if arguments.results else []
        return max(subprocess.call([sys.executable, "-m", "benchmarks", name, *options]) for name in names)
    measure.fix_threads()

    from benchmarks import results_page

    results = arguments.results or results_page.RESULTS
    if arguments.docs:
        results_page.update_pages(results)
        return 0
    # ONNX files are made of checkpoints that are thrown away in the end.
    with TemporaryDirectory() as cache:
        os.environ["PYSERINI_CACHE"] = cache
        measured = import_module(f"benchmarks.{names[0].replace('-', '_')}").main
        given = {name: value for name, value in given.items() if value is not None}
        if unknown := given.keys() - signature(measured).parameters.keys():
            parser.error(f"{names[0]} takes no --{min(unknown)}")
        found = measured(rounds=arguments.rounds, **given)
    record = results_page.save(found, results)
    print(f"\n## {found.name}\n\n{results_page.text(record)}\n", flush=True)
    return 0 if all(check.passed for check in found.checks) else 1


if __name__ == "__main__":
    sys.exit(main())
