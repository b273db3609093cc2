"""The results of a benchmark: as a table, as JSON, as a plot, and in the documentation."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.measure import THREADS
from disco_pyserini.files import write_aside, write_bytes_aside

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"
PAGE = REPOSITORY / "docs" / "measurements.md"
"""Every result, with its plot."""
SUMMARY_PAGE = REPOSITORY / "docs" / "performance.md"
"""What users read: a few of the numbers."""
PLOTS = REPOSITORY / "docs" / "plots"

SUMMARY = (
    ("answer one conversation in a new process, `lucene`", "cold-start", "first answer", 0, 2),
    ("answer one conversation in a new process, `flat`", "cold-start", "first answer", 1, 2),
    ("encode a conversation of 256 tokens, `torch`", "query-encoding", "one conversation of 256 tokens", 0, 2),
    ("encode a conversation of 256 tokens, `onnx-int8`", "query-encoding", "one conversation of 256 tokens", 1, 2),
    ("encode 32 passages, `torch`", "document-encoding", "encoding", 0, 2),
    ("encode 32 passages, `onnx-int8`", "document-encoding", "encoding", 1, 2),
    ("memory to encode passages, `torch`", "document-encoding", "peak memory", 0, 2),
    ("build an index, one thread", "index-build", "documents, one thread", 0, 1),
    ("store 20,000 vectors", "vectors-on-disk", "size", 0, 1),
    ("encode a conversation with `english`, `torch`", "english-encoding", "english, 1 thread: p50", 0, 3),
    ("encode a conversation with `english`, `onnx-int8`", "english-encoding", "english, 1 thread: p50", 2, 3),
    ("search 48,000 documents, 10 hits, `lucene`", "search", "48,000 documents, k = 10: p50", 0, 2),
    ("search 48,000 documents, 10 hits, `flat`", "search", "48,000 documents, k = 10: p50", 1, 2),
    ("search 48,000 documents, 1,000 hits, `lucene`", "search", "48,000 documents, k = 1000: p50", 0, 2),
    ("search 48,000 documents, 1,000 hits, `flat`", "search", "48,000 documents, k = 1000: p50", 1, 2),
    ("search 1,000,000 documents, 10 hits, `flat`", "exact-search", "1,000,000 documents, k = 10: p50", 1, 2),
    ("search 1,000,000 documents, 1,000 hits, `flat`", "exact-search", "1,000,000 documents, k = 1000: p50", 1, 2),
    ("serve 64 clients, processor time of an answer, `flat`", "serving", "64 clients: processor time", 1, 2),
    ("one training step, stored document vectors", "training", "step", 0, 2),
)
"""Rows of the summary: what is done, the benchmark, the quantity, and the places of our row and of the other one."""

_ENGINES = ("disco, lucene", "disco, flat")
"""What the time of a search with fewer query terms is divided by."""


@dataclass(frozen=True)
class Row:
    """The values of one quantity for one contender, one per round."""

    quantity: str
    unit: str
    contender: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The value that rows are compared by."""
        return statistics.median(self.values)


@dataclass(frozen=True)
class Target:
    """A required value, and the measured one."""

    what: str
    found: float
    bound: float
    at_most: bool = False
    unit: str = "×"

    @property
    def reached(self) -> bool:
        """Whether the target was met."""
        return self.found <= self.bound if self.at_most else self.found >= self.bound


@dataclass(frozen=True)
class Check:
    """Whether the contenders gave the same answers, or how far they differ."""

    what: str
    found: str
    passed: bool


@dataclass(frozen=True)
class Report:
    """The results of a benchmark. Ratios are relative to the first row of each quantity.

    ``setting`` says in a sentence or two what was measured; ``packages`` are those whose versions matter. With
    ``matrix``, quantities are named ``TABLE: COLUMN``, and the medians are shown in tables with a row per contender.
    """

    name: str
    setting: str
    packages: Sequence[str]
    rows: Sequence[Row]
    targets: Sequence[Target] = ()
    checks: Sequence[Check] = ()
    other_versions: dict[str, str] = field(default_factory=dict)
    matrix: bool = False

    def median(self, quantity: str, contender: str) -> float:
        """Return the median of a row."""
        return median(self.rows, quantity, contender)

    def record(self) -> dict[str, Any]:
        """Return everything as JSON values, with machine, date and versions."""
        return {
            "name": self.name,
            "setting": self.setting,
            "date": date.today().isoformat(),
            "machine": machine(),
            "load": round(os.getloadavg()[1], 1),
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
        } | ({"matrix": True} if self.matrix else {})


def median(rows: Sequence[Row], quantity: str, contender: str) -> float:
    """Return the median of a contender's row."""
    return next(row.median for row in rows if (row.quantity, row.contender) == (quantity, contender))


def ratio(rows: Sequence[Row], quantity: str, theirs: str, ours: str) -> float:
    """Return their median divided by ours."""
    return median(rows, quantity, theirs) / median(rows, quantity, ours)


def machine() -> str:
    """Return the processor, the cores used, and the memory."""
    name = platform.processor()
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
        name = found[1] if found else name
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{name}, {THREADS} of {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"


def text(record: dict[str, Any]) -> str:
    """Write a record as Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    load = f"; load average {record['load']:g}" if "load" in record else ""
    lines = [f"{record['setting']}", "", f"{record['machine']}{load}; {record['date']}; {versions}.", ""]
    if record.get("matrix"):
        lines += _matrix(record["rows"])
    else:
        header = ["", "", "median", "lowest – highest", "relative"]
        lines += _table(header, [_cells(row) for row in record["rows"]], right=(2, 3, 4))
    if record["rounds"] > 1:
        lines.append(f"\nMedians of {record['rounds']} rounds, in which the contenders take turns.")
    if record["targets"]:
        rows = []
        for target in record["targets"]:
            sign, unit = ("≤" if target["at_most"] else "≥"), target["unit"]
            verdict = "met" if target["reached"] else "MISSED"
            rows.append(
                [target["what"], f"{sign} {target['bound']:g} {unit}", f"{_number(target['found'])} {unit}", verdict]
            )
        lines += ["", *_table(["target", "required", "measured", ""], rows, right=(1, 2))]
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
    if record.get("matrix"):  # the first column of each table says most
        quantities = list({quantity.partition(": ")[0]: quantity for quantity in reversed(quantities)}.values())[::-1]
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


def update_pages(folder: Path) -> None:
    """Put the results in a folder into both pages, and draw the plots."""
    records = read_records(folder)
    for record in records.values():
        plot(record, PLOTS / f"{record['name']}.svg")
    for path, page in ((PAGE, measurements(records)), (SUMMARY_PAGE, performance(records))):
        with write_aside(path) as file:
            file.write(page)


def read_records(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the results in a folder by the name of their benchmark."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return {record["name"]: record for record in records}


def measurements(records: Mapping[str, dict[str, Any]]) -> str:
    """Return docs/measurements.md with these results between its markers."""
    page = PAGE.read_text(encoding="utf-8")
    for name, record in records.items():
        caption = f"{name}: medians; a line goes from the lowest to the highest value"
        page = _replace(page, name, f"{text(record)}\n\n![{caption}](plots/{name}.svg)")
    return page


def performance(records: Mapping[str, dict[str, Any]]) -> str:
    """Return docs/performance.md with the summary and the loss by fewer query terms between its markers."""
    rows = []
    for what, name, quantity, ours, theirs in SUMMARY:
        if name not in records:
            continue
        row, other = (_row(records[name], quantity, place) for place in (ours, theirs))
        factor = max(row["median"], other["median"]) / min(row["median"], other["median"])
        reference = f"{_number(other['median'])} {other['unit']} ({other['contender']})"
        rows.append([what, f"{_number(row['median'])} {row['unit']}", reference, f"{_number(factor)} ×"])
    table = _table(["what", "this package", "compared with", "factor"], rows, right=(1, 3))
    page = _replace(SUMMARY_PAGE.read_text(encoding="utf-8"), "summary", "\n".join(table))
    return _replace(page, "query-terms", "\n".join(_query_terms(records["search"])) if "search" in records else "")


def fewer_terms(terms: int) -> str:
    """Return the name of searches with so many query terms."""
    return f"disco, lucene, --query-terms {terms}"


def _query_terms(record: Mapping[str, Any]) -> list[str]:
    """Return a table of what fewer query terms lose and gain, by the number of documents and of terms."""
    found = {(row["quantity"], row["contender"]): row["median"] for row in record["rows"]}
    sizes = dict.fromkeys(row["quantity"].partition(" documents")[0] for row in record["rows"])
    rows = []
    for size in sizes:
        for contender in dict.fromkeys(name for _, name in found if "--query-terms" in name):
            depths = [f"{size} documents, k = {k}" for k in (10, 100, 1000)]
            shares = [found[f"{depth}: recall", contender] for depth in depths]
            shares += [found[f"{size} documents: {name} kept", contender] for name in ("nDCG@10", "R@100")]
            times = [found[f"{depths[1]}: p50", name] for name in (contender, *_ENGINES)]
            rows.append(
                [
                    size,
                    contender.rpartition(" ")[2],
                    *(f"{share:.1%}" for share in shares),
                    *(f"{times[0] / time:.2f}" for time in times[1:]),
                ]
            )
    header = ["documents", "terms", "best 10 found", "best 100", "best 1,000", "nDCG@10 kept", "R@100 kept"]
    return _table([*header, "time, of `lucene`", "time, of `flat`"], rows, right=range(9))


def _row(record: Mapping[str, Any], quantity: str, place: int) -> Mapping[str, Any]:
    rows: list[Mapping[str, Any]] = [row for row in record["rows"] if row["quantity"] == quantity]
    return rows[place]


def _replace(page: str, name: str, block: str) -> str:
    """Replace what is between the markers of this name."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if begin not in page or end not in page:
        raise SystemExit(f"expected the markers {begin} and {end} in the page, found none: add a section")
    head, rest = page.split(begin, 1)
    return f"{head}{begin}\n{block}\n{end}{rest.split(end, 1)[1]}"


def _cells(row: dict[str, Any]) -> list[str]:
    spread = f"{_number(row['lowest'])} – {_number(row['highest'])}"
    return [
        f"{row['quantity']}, {row['unit']}",
        row["contender"],
        _number(row["median"]),
        spread,
        f"{row['ratio']:.2f}",
    ]


def _matrix(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a table for each ``TABLE`` of the quantities ``TABLE: COLUMN``, with the medians of the contenders."""
    tables: dict[str, dict[str, dict[str, Mapping[str, Any]]]] = {}
    for row in rows:
        table, _, column = row["quantity"].partition(": ")
        tables.setdefault(table, {}).setdefault(row["contender"], {})[f"{column}, {row['unit']}"] = row
    lines = []
    for table, contenders in tables.items():
        columns = list(dict.fromkeys(column for found in contenders.values() for column in found))
        cells = [
            [
                name,
                *(_number(found[column]["median"]) if column in found else "" for column in columns),
                f"{found[columns[0]]['ratio']:.2f}" if columns[0] in found else "",
            ]
            for name, found in contenders.items()
        ]
        header = [table, *columns, f"relative {columns[0].partition(',')[0]}"]
        lines += [*_table(header, cells, right=range(1, len(header))), ""]
    return lines[:-1]


def _number(value: float) -> str:
    """Format a number with three digits, or with all digits before the point."""
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
