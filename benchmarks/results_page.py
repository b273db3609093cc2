"""What a benchmark found: as a table, as JSON, as a plot, and in docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.measure import THREADS
from disco_pyserini.files import write_aside, write_bytes_aside

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"
PAGE = REPOSITORY / "docs" / "performance.md"
PLOTS = REPOSITORY / "docs" / "plots"


@dataclass(frozen=True)
class Row:
    """One contender's values of one quantity, one value per round."""

    quantity: str
    unit: str
    contender: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        """What the row is compared by."""
        return statistics.median(self.values)


@dataclass(frozen=True)
class Target:
    """What should be reached, and what was."""

    what: str
    found: float
    bound: float
    at_most: bool = False
    unit: str = "×"

    @property
    def reached(self) -> bool:
        """Whether it was."""
        return self.found <= self.bound if self.at_most else self.found >= self.bound


@dataclass(frozen=True)
class Check:
    """Whether the contenders gave the same answers, or how far they differ."""

    what: str
    found: str
    passed: bool


@dataclass(frozen=True)
class Report:
    """A benchmark's findings. In each quantity the first row is what the others are divided by.

    ``setting`` says in a sentence or two what was measured; ``packages`` are those whose versions matter.
    """

    name: str
    setting: str
    packages: Sequence[str]
    rows: Sequence[Row]
    targets: Sequence[Target] = ()
    checks: Sequence[Check] = ()
    other_versions: dict[str, str] = field(default_factory=dict)

    def median(self, quantity: str, contender: str) -> float:
        """The median of a row."""
        return median(self.rows, quantity, contender)

    def record(self) -> dict[str, Any]:
        """Everything as JSON values, with machine, date and versions."""
        return {
            "name": self.name,
            "setting": self.setting,
            "date": date.today().isoformat(),
            "machine": machine(),
            "versions": {name: metadata.version(name) for name in self.packages} | self.other_versions,
            "rounds": max((len(row.values) for row in self.rows), default=0),
            "rows": [
                asdict(row)
                | {
                    "values": [round(value, 6) for value in row.values],
                    "median": row.median,
                    "lowest": min(row.values),
                    "highest": max(row.values),
                    "ratio": row.median / next(r.median for r in self.rows if r.quantity == row.quantity),
                }
                for row in self.rows
            ],
            "targets": [asdict(target) | {"reached": target.reached} for target in self.targets],
            "checks": [asdict(check) for check in self.checks],
        }


def median(rows: Sequence[Row], quantity: str, contender: str) -> float:
    """The median of a contender's row."""
    return next(row.median for row in rows if (row.quantity, row.contender) == (quantity, contender))


def ratio(rows: Sequence[Row], quantity: str, theirs: str, ours: str) -> float:
    """How many times our median fits into theirs."""
    return median(rows, quantity, theirs) / median(rows, quantity, ours)


def machine() -> str:
    """The processor, the cores that are used, and the memory."""
    name = platform.processor()
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
        name = found[1] if found else name
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{name}, {THREADS} of {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"


def text(record: dict[str, Any]) -> str:
    """Write a record as Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    lines = [f"{record['setting']}", "", f"{record['machine']}; {record['date']}; {versions}.", ""]
    header = ["", "", "median", "lowest – highest", "of the first"]
    lines += _table(header, [_cells(row) for row in record["rows"]], right=(2, 3, 4))
    lines.append(f"\nMedians of {record['rounds']} rounds in which the contenders take turns.")
    if record["targets"]:
        rows = []
        for target in record["targets"]:
            sign, unit = ("≤" if target["at_most"] else "≥"), target["unit"]
            verdict = "reached" if target["reached"] else "MISSED"
            rows.append(
                [target["what"], f"{sign} {target['bound']:g} {unit}", f"{_number(target['found'])} {unit}", verdict]
            )
        lines += ["", *_table(["target", "asked", "found", ""], rows, right=(1, 2))]
    if record["checks"]:
        lines.append("")
    for check in record["checks"]:
        lines.append(f"- {check['what']}: {check['found']}{'' if check['passed'] else ' (FAILED)'}")
    return "\n".join(lines)


def save(report: Report, folder: Path) -> dict[str, Any]:
    """Write ``NAME.json`` and the plot ``NAME.svg`` into a folder, and return the record."""
    record = report.record()
    with write_aside(folder / f"{report.name}.json") as file:
        file.write(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    plot(record, folder / f"{report.name}.svg")
    return record


def plot(record: dict[str, Any], path: Path) -> None:
    """Draw one panel per quantity: a bar per contender, and a line from the lowest to the highest value."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    quantities = list(dict.fromkeys(row["quantity"] for row in record["rows"]))
    panels = [[row for row in record["rows"] if row["quantity"] == quantity] for quantity in quantities]
    heights = [0.6 + 0.35 * len(rows) for rows in panels]
    figure = Figure(figsize=(7.2, sum(heights) + 0.4 * len(panels)), layout="constrained")
    FigureCanvasSVG(figure)
    every = figure.subplots(len(panels), squeeze=False, height_ratios=heights)[:, 0]
    for axis, quantity, rows in zip(every, quantities, panels, strict=True):
        medians = [row["median"] for row in rows]
        low = [row["median"] - row["lowest"] for row in rows]
        high = [row["highest"] - row["median"] for row in rows]
        colours = ["C0", *["C7"] * (len(rows) - 1)]
        names = [row["contender"] for row in rows]
        axis.barh(names, medians, xerr=(low, high), color=colours, ecolor="black", capsize=3)
        axis.invert_yaxis()
        axis.set_xlabel(f"{quantity}, {rows[0]['unit']}")
        axis.spines[["top", "right"]].set_visible(False)
    # The same numbers give the same bytes.
    with (
        matplotlib.rc_context({"svg.hashsalt": record["name"], "svg.fonttype": "none"}),
        write_bytes_aside(path) as file,
    ):
        figure.savefig(file, format="svg", metadata={"Date": None})


def update_page(folder: Path) -> None:
    """Put the tables and plots of a folder of results into docs/performance.md, between their markers."""
    page = PAGE.read_text(encoding="utf-8")
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        begin, end = f"<!-- begin {record['name']} -->", f"<!-- end {record['name']} -->"
        if begin not in page or end not in page:
            raise SystemExit(f"{PAGE}: expected the markers {begin} and {end}, found them not: add a section")
        plot(record, PLOTS / f"{record['name']}.svg")
        block = f"{text(record)}\n\n![{record['name']}](plots/{record['name']}.svg)"
        head, rest = page.split(begin, 1)
        page = f"{head}{begin}\n{block}\n{end}{rest.split(end, 1)[1]}"
    with write_aside(PAGE) as file:
        file.write(page)


def _cells(row: dict[str, Any]) -> list[str]:
    spread = f"{_number(row['lowest'])} – {_number(row['highest'])}"
    return [
        f"{row['quantity']}, {row['unit']}",
        row["contender"],
        _number(row["median"]),
        spread,
        f"{row['ratio']:.2f}",
    ]


def _number(value: float) -> str:
    """Three digits or all before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    widths = [max(3, *(len(row[i]) for row in (header, *rows))) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = [f"{'-' * (width - 1)}:" if i in right else "-" * width for i, width in enumerate(widths)]
    return [line(header), line(rule), *map(line, rows)]
