"""``python -m benchmarks [NAME …]``; without a name, all of them, each in a process of its own."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import measure

NAMES = (
    "start-up",
    "cold-start",
    "english-encoding",
    "query-encoding",
    "document-encoding",
    "effectiveness",
    "search-command",
    "index-build",
    "vectors-on-disk",
    "search",
    "exact-search",
    "sharded-search",
    "scale",
    "serving",
    "training",
    "bf16",
)
NEEDS_GPU = ("bf16",)
"""Left out of the whole suite where there is none. By name they run on the CPU, too."""
NEEDS_COLLECTION = ("english-encoding", "search", "exact-search", "sharded-search")
"""Left out of the whole suite where the collections are not there, unless one is named."""

QUICK_ROUNDS = 3
QUICK: dict[str, dict[str, Any]] = {
    "cold-start": {"rounds": 2},
    "english-encoding": {"rounds": 2, "size": 10},
    "query-encoding": {"size": 16},
    "document-encoding": {"rounds": 1},
    "search-command": {"size": 100},
    "index-build": {"at_once": 30_000},
    "search": {"sizes": (48_000,), "queries": 60, "conversations": 200},
    "exact-search": {"sizes": (48_000,), "queries": 60, "conversations": 200},
    "sharded-search": {"rounds": 2, "queries": 100},
    "scale": {"sizes": (10_000, 50_000)},
    "serving": {"rounds": 2},
    "training": {"rounds": 2},
}
"""What is smaller without ``--full``."""
QUICK_RESULTS = Path(__file__).parent / "quick"
"""Where the results of the smaller benchmarks go: the documentation shows those of the full ones."""

GIVEN = {
    "checkpoint": "folder of a SPLADE checkpoint, instead of one with random weights",
    "topics": "file of conversations, instead of random ones: lines of qid<TAB>text",
    "corpus": "passages, instead of random ones, as disco encode takes them",
    "collection": "folder with corpus.jsonl, turns.jsonl and qrels.txt, instead of the collections of the recipes",
    "vectors": "document vectors, instead of random ones: a folder that disco encode wrote, or Anserini's JSONL",
}


def main() -> int:
    """Run what the command line names; return the exit code: 1 where contenders gave different answers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--full", action="store_true", help="all sizes and rounds, for the documentation: takes hours")
    parser.add_argument("--rounds", type=int, help=f"rounds ({QUICK_ROUNDS}, in full {measure.ROUNDS} for most)")
    parser.add_argument("--size", type=int, help="how many documents, passages or conversations")
    for name, help in GIVEN.items():
        parser.add_argument(f"--{name}", type=Path, help=help)
    parser.add_argument("--results", type=Path, help="folder for JSON and plots (benchmarks/quick, or results in full)")
    parser.add_argument("--docs", action="store_true", help="measure nothing; write the results into the documentation")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; expected some of {', '.join(NAMES)}")
    if arguments.docs:
        from benchmarks import results_page

        results_page.update_pages(arguments.results or results_page.RESULTS)
        return 0
    names = arguments.names or _possible(arguments.collection)
    if len(names) > 1:
        given = [name for name in ("size", *GIVEN) if name != "collection" and getattr(arguments, name)]
        if given:
            parser.error(f"--{given[0]} needs the name of one benchmark")
        command = [sys.executable, "-m", "benchmarks"]
        return max(subprocess.call([*command, name, *_options(arguments, name)]) for name in names)
    return _run(names[0], arguments, parser)


def _possible(collection: Path | None) -> list[str]:
    """Return the benchmarks that can run here, and say which cannot."""
    missing = [] if shutil.which("nvidia-smi") else [*NEEDS_GPU]
    if collection is None and not all(folder.is_dir() for folder in _collections()):
        missing += NEEDS_COLLECTION
        print(f"left out: {', '.join(NEEDS_COLLECTION)}: name a --collection for them", file=sys.stderr, flush=True)
    return [name for name in NAMES if name not in missing]


def _collections() -> Sequence[Path]:
    from benchmarks.english import COLLECTIONS

    return COLLECTIONS


def _options(arguments: argparse.Namespace, name: str) -> list[str]:
    """Return the options with which one of several benchmarks is called."""
    options = ["--full"] if arguments.full else []
    for option in ("rounds", "results", "collection"):
        value = getattr(arguments, option)
        if value is not None and not (option == "collection" and name not in NEEDS_COLLECTION):
            options += [f"--{option}", str(value)]
    return options


def _run(name: str, arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Run one benchmark, save its results and print them."""
    measure.fix_threads()

    from benchmarks import results_page

    # ONNX files are made of checkpoints that are thrown away in the end.
    with TemporaryDirectory() as cache:
        os.environ["PYSERINI_CACHE"] = cache
        measured = import_module(f"benchmarks.{name.replace('-', '_')}").main
        settings: dict[str, Any] = {} if arguments.full else {"rounds": QUICK_ROUNDS} | QUICK.get(name, {})
        given = {option: getattr(arguments, option) for option in ("rounds", "size", *GIVEN)}
        settings |= {option: value for option, value in given.items() if value is not None}
        taken = signature(measured).parameters.keys()
        if "size" in settings and "sizes" in taken:
            settings["sizes"] = (settings.pop("size"),)
        if unknown := settings.keys() - taken:
            parser.error(f"{name} takes no --{min(unknown)}")
        found = measured(**settings)
    record = results_page.save(found, arguments.results or (results_page.RESULTS if arguments.full else QUICK_RESULTS))
    print(f"\n## {found.name}\n\n{results_page.text(record)}\n", flush=True)
    return 0 if all(check.passed for check in found.checks) else 1


if __name__ == "__main__":
    sys.exit(main())
