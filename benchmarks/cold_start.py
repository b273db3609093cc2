"""From the command line to the first answer: one query, everything started for it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contenders import INT8, PYSERINI, STOCK, environment
from benchmarks.measure import ROUNDS, Process, interleave, run_python
from benchmarks.results_page import Check, Report, Row, Target, ratio
from benchmarks.searched import prepare

TIME, MEMORY = "first answer", "peak memory"
OURS, OURS_FLAT = (f"disco search, {engine} ({INT8})" for engine in ("lucene", "flat"))
STOCK_OURS = f"stock command, --encoder disco ({INT8})"
STOCK_THEIRS = f"stock command, {PYSERINI}"


def main(
    rounds: int = ROUNDS,
    checkpoint: Path | None = None,
    topics: Path | None = None,
    layers: int = 12,
    width: int = 768,
    documents: int = 10_000,
) -> Report:
    """Search for one conversation with each command in turns."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        what = prepare(folder, layers, width, 1, documents, checkpoint, topics)
        built = ["--index", folder / "index", "--vectors", folder / "vectors", "--engine", "flat"]
        run_python(["-m", "disco_pyserini", "index", *built], **environment())
        arguments = ["--index", folder / "index", "--topics", folder / "topics.tsv"]
        ours: list[str | Path] = ["-m", "disco_pyserini", "search", "--impact", "--encoder", "disco"]
        commands: dict[str, list[str | Path]] = {
            OURS: ours,
            OURS_FLAT: [*ours, "--engine", "flat"],
            STOCK_OURS: [*STOCK, "--encoder", "disco"],
            STOCK_THEIRS: [*STOCK, "--encoder", folder / "splade"],
        }
        runs = {name: folder / f"run.{number}.txt" for number, name in enumerate(commands)}

        def run(name: str) -> Process:
            command = [*commands[name], *arguments, "--output", runs[name]]
            return run_python(command, DISCO_BACKEND="onnx-int8", **environment())

        # The first round, which is thrown away, makes the ONNX file.
        found = interleave({name: partial(run, name) for name in (OURS, OURS_FLAT, STOCK_THEIRS)}, rounds)
        found[STOCK_OURS] = [run(STOCK_OURS)]
        same = {name: runs[name].read_bytes() == runs[OURS].read_bytes() for name in (OURS_FLAT, STOCK_OURS)}
    rows = [Row(TIME, "s", name, [process.seconds for process in processes]) for name, processes in found.items()]
    rows += [Row(MEMORY, "MB", name, [process.megabytes for process in processes]) for name, processes in found.items()]
    return Report(
        "cold-start",
        f"One conversation, {documents:,} documents. Whole commands, with files in the page cache. {what}",
        ("disco-pyserini", "pyserini", "torch", "onnxruntime"),
        rows,
        [
            Target(f"{STOCK_THEIRS} against {OURS}", ratio(rows, TIME, STOCK_THEIRS, OURS), 4),
            Target(f"{OURS_FLAT} against {OURS}", ratio(rows, TIME, OURS_FLAT, OURS), 0.5, True),
            Target(f"memory of {OURS} against the {STOCK_THEIRS}", ratio(rows, MEMORY, OURS, STOCK_THEIRS), 0.5, True),
        ],
        [
            Check(f"the runs of {OURS} and {name}", "equal, to the byte" if equal else "different", equal)
            for name, equal in same.items()
        ],
    )
