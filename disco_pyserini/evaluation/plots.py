"""Plots by turn depth, as PNG files and as SVG for web pages. Work without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from textwrap import fill
from typing import Any
from xml.etree import ElementTree

from disco_pyserini.errors import InputError
from disco_pyserini.evaluation.measures import Estimate
from disco_pyserini.extras import check_extra
from disco_pyserini.files import write_bytes_aside

type ByDepth = Mapping[int, Estimate]
"""An estimate for each turn depth, in ascending order."""


def plot_by_depth(title: str, panels: Mapping[str, Mapping[str, ByDepth]], path: Path) -> None:
    """Draw means over turn depths, with their confidence intervals and the number of queries at each depth.

    Args:
        title: the title, such as the names of runs.
        panels: for each panel, the label of its axis, and its lines by name.
        path: the file, whose name ends with ``.png``.

    Raises:
        InputError: the name has another ending.
        DiscoError: the file could not be written.
    """
    check_plot_path(path)
    check_extra("report", "drawing a plot")
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A dollar sign in a run's name must not start a formula.
    with matplotlib.rc_context({"text.parse_math": False}), write_bytes_aside(path) as file:
        figure = Figure(figsize=(6.4, 3.4 * len(panels)), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(fill(title, _TITLE_CHARACTERS), fontsize="medium")
        axes = figure.subplots(len(panels), squeeze=False)[:, 0]
        for axis, (label, lines) in zip(axes, panels.items(), strict=True):
            for number, (name, values) in enumerate(lines.items()):
                turns = _turns(values, number, len(lines))
                axis.errorbar(turns, _means(values), _bars(values), marker="o", markersize=4, capsize=3, label=name)
            _label(axis, label, list(lines.values()))
            axis.grid(alpha=0.3)
            if len(lines) > 1:
                axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=min(4, len(lines)), frameon=False)
        figure.savefig(file, format="png", dpi=150)


def _turns(values: ByDepth, number: int, lines: int) -> list[float]:
    """Return the x positions of a line's points, shifted so that error bars of different lines do not overlap."""
    step = min(0.08, 0.5 / lines)
    return [depth + (number - (lines - 1) / 2) * step for depth in values]


def _means(values: ByDepth) -> list[float]:
    return [each.mean for each in values.values()]


def _bars(values: ByDepth) -> list[list[float]] | None:
    """Return the lengths of the error bars below and above; None if no mean has an interval.

    Intervals are clipped to 0 … 1, the range of the measures.
    """
    if all(each.half_width is None for each in values.values()):
        return None
    below = [min(each.half_width or 0.0, each.mean) for each in values.values()]
    return [below, [min(each.half_width or 0.0, max(0.0, 1 - each.mean)) for each in values.values()]]


def _label(axis: Any, label: str, lines: Sequence[ByDepth]) -> None:
    """Name the axes, with the number of queries below each depth."""
    queries = {depth: each.queries for values in lines for depth, each in values.items()}
    bars = any(_bars(values) for values in lines)
    axis.set_xlabel("turn (n queries)" + ("; bars: 95 % confidence intervals" if bars else ""))
    upright = len(queries) > _MOST_LEVEL_LABELS
    labels = [f"{depth}{' ' if upright else chr(10)}({queries[depth]})" for depth in sorted(queries)]
    axis.set_xticks(sorted(queries), labels, fontsize="small", rotation=90 if upright else 0)
    axis.set_ylabel(label)
    axis.set_ylim(bottom=0)


def check_plot_path(path: Path) -> None:
    """Raise an `InputError` unless a plot can be written to a file with this name."""
    if path.suffix.lower() != ".png":
        raise InputError(f"{path}: expected a name that ends with .png")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot: the value at each depth. Lines with equal ``group`` share a colour, equal ``form`` a dash."""

    name: str
    group: str
    form: str
    values: ByDepth


# Safe for colour-blind readers, on white and on nearly black (Okabe and Ito, slightly adjusted).
_COLOURS = ("#8a8f98", "#3d8fd1", "#d1662a", "#2a9d74", "#b86fb0", "#b8901f", "#5f6fd0")
_DASHES = ("solid", (0, (1.5, 1.5)), (0, (5, 2)), (0, (5, 2, 1, 2)))
_NEUTRAL = "#80868f"
_MOST_LEVEL_LABELS = 12
_TITLE_CHARACTERS = 75
_SVG = "http://www.w3.org/2000/svg"
_NAMESPACES = {"": _SVG, "xlink": "http://www.w3.org/1999/xlink"}


def svg_by_depth(lines: Sequence[Line], label: str, salt: str) -> str:
    """Draw values over turn depths, as an ``<svg>`` element for a web page, whose style sheet sets the font.

    Args:
        lines: the lines of the plot.
        label: the label of the value axis.
        salt: keeps the element ids distinct from those of other plots in the page.
    """
    check_extra("report", "drawing a plot")
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    groups = list(dict.fromkeys(line.group for line in lines))
    forms = list(dict.fromkeys(line.form for line in lines))
    text = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "text.parse_math": False}):
        figure = Figure(figsize=(4.6, 3.6), layout="constrained")
        FigureCanvasSVG(figure)
        axis = figure.subplots()
        for number, line in enumerate(lines):
            axis.errorbar(
                _turns(line.values, number, len(lines)),
                _means(line.values),
                _bars(line.values),
                elinewidth=0.7,
                color=_COLOURS[groups.index(line.group) % len(_COLOURS)],
                linestyle=_DASHES[forms.index(line.form) % len(_DASHES)],
                marker="o",
                markersize=3,
                linewidth=1.5,
                label=line.name,
            )
        _label(axis, label, [line.values for line in lines])
        axis.grid(alpha=0.25, color=_NEUTRAL)
        axis.tick_params(colors=_NEUTRAL)
        for side, spine in axis.spines.items():
            spine.set_visible(side in {"left", "bottom"})
            spine.set_color(_NEUTRAL)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small", handlelength=3)
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return _for_a_page(text.getvalue(), label)


def _for_a_page(drawing: str, label: str) -> str:
    """Remove what only a file needs: prolog, metadata, sizes, and ids that all plots share."""
    for prefix, namespace in _NAMESPACES.items():
        ElementTree.register_namespace(prefix, namespace)
    root = ElementTree.fromstring(drawing)
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    for group in root.iter(f"{{{_SVG}}}g"):
        group.attrib.pop("id", None)
    for size in ("width", "height"):
        del root.attrib[size]
    root.set("role", "img")
    root.set("aria-label", f"{label} by turn")
    return ElementTree.tostring(root, encoding="unicode")
