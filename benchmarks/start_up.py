"""What starting costs: the command, the plugin in every Python process, the import of the package."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contenders import environment
from benchmarks.measure import ROUNDS, interleave, run_python
from benchmarks.results_page import REPOSITORY, Report, Row, Target, median

HELP, IMPORT, PASS, PLUGIN = "disco --help", "import disco_pyserini", "pass, without plugin", "pass, with plugin"
TIME = "process"


def main(rounds: int = ROUNDS) -> Report:
    """Start processes in turns, of each kind twenty in a round."""
    with TemporaryDirectory() as temporary:
        line = Path(temporary) / "plugin.py"
        line.write_text(_plugin_line(), encoding="utf-8")
        empty = Path(temporary) / "pass.py"
        empty.write_text("pass\n", encoding="utf-8")
        commands: dict[str, list[str | Path]] = {
            HELP: ["-m", "disco_pyserini", "--help"],
            IMPORT: ["-c", "import disco_pyserini"],
            # Without site-packages, so that the plugin that is installed here is in neither of them.
            PASS: ["-S", empty],
            PLUGIN: ["-S", line],
        }
        found = interleave({name: partial(_fastest, command) for name, command in commands.items()}, rounds)
    rows = [Row(TIME, "ms", name, values) for name, values in found.items()]
    more = median(rows, TIME, PLUGIN) - median(rows, TIME, PASS)
    whole = [*commands[IMPORT][:1], "pass"]
    imported = median(rows, TIME, IMPORT) - _fastest(whole)
    return Report(
        "start-up",
        "Whole processes, with the start of the interpreter. Each value is the fastest of ten.",
        ("disco-pyserini", "typer"),
        rows,
        [
            Target(HELP, median(rows, TIME, HELP), 400, at_most=True, unit="ms"),
            Target("more with the plugin than without", more, 2, at_most=True, unit="ms"),
            Target("import disco_pyserini, more than pass", imported, 50, at_most=True, unit="ms"),
        ],
    )


def _fastest(command: list[str | Path]) -> float:
    return min(1000 * run_python(command, **environment()).seconds for _ in range(10))


def _plugin_line() -> str:
    """The line that setup.py puts into the .pth file, which Python runs at every start."""
    names: dict[str, str] = {}
    source = (REPOSITORY / "setup.py").read_text(encoding="utf-8")
    exec(source[source.index("PTH_SOURCE =") : source.index("class BuildWithPth")], names)
    return names["PTH_LINE"]
