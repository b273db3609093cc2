"""The whole search command, from its start to its end, with our encoder and with Pyserini's own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contenders import EXACT, INT8, PYSERINI, STOCK, environment
from benchmarks.measure import ROUNDS, THREADS, interleave, run_python
from benchmarks.results_page import Check, Report, Row, Target, ratio
from benchmarks.searched import prepare

TIME = "whole command"


def main(
    rounds: int = ROUNDS,
    size: int = 500,
    checkpoint: Path | None = None,
    topics: Path | None = None,
    layers: int = 4,
    width: int = 256,
    documents: int = 10_000,
) -> Report:
    """Run ``python -m pyserini.search.lucene`` with each encoder in turns, and compare the runs."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        what = prepare(folder, layers, width, size, documents, checkpoint, topics)
        runs = {EXACT: folder / "exact.txt", INT8: folder / "int8.txt", PYSERINI: folder / "pyserini.txt"}
        encoders = {EXACT: "disco", INT8: "disco", PYSERINI: str(folder / "splade")}
        backends = {EXACT: "torch", INT8: "onnx-int8", PYSERINI: "torch"}
        command = [*STOCK, "--index", folder / "index", "--topics", folder / "topics.tsv"]
        command += ["--batch-size", "64", "--threads", str(THREADS)]

        def run(name: str) -> float:
            arguments = [*command, "--encoder", encoders[name], "--output", runs[name]]
            return run_python(arguments, DISCO_BACKEND=backends[name], **environment()).seconds

        times = interleave({name: partial(run, name) for name in runs}, rounds)
        same = runs[EXACT].read_text() == "".join(filter(_scores, runs[PYSERINI].read_text().splitlines(True)))
    rows = [Row(TIME, "s", name, values) for name, values in times.items()]
    return Report(
        "search-command",
        f"`python -m pyserini.search.lucene --impact --batch-size 64 --threads {THREADS}`: {size} conversations of 10 "
        f"to 256 tokens, {documents:,} documents, 1,000 hits. {what} Pyserini's command takes the same "
        "time to start with every encoder.",
        ("disco-pyserini", "pyserini", "torch", "onnxruntime"),
        rows,
        [
            Target(f"{PYSERINI} against {EXACT}", ratio(rows, TIME, PYSERINI, EXACT), 2),
            Target(f"{PYSERINI} against {INT8}", ratio(rows, TIME, PYSERINI, INT8), 2),
        ],
        [
            Check(
                f"the runs of {EXACT} and {PYSERINI}, without documents that score 0",
                "equal, to the byte" if same else "different",
                same,
            )
        ],
    )


def _scores(line: str) -> bool:
    """Whether the document of a run's line scores. Pyserini also searches for tokens whose impact is rounded to 0."""
    return float(line.split()[4]) > 0
