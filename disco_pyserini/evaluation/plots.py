"""Plots by turn depth, as PNG files. Needs no display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from disco_pyserini.errors import InputError
from disco_pyserini.files import write_bytes_aside


def plot_by_depth(depths: Sequence[int], panels: Mapping[str, Mapping[str, Sequence[float]]], path: Path) -> None:
    """Draw values over turn depths.

    Args:
        depths: turn numbers, ascending.
        panels: for each panel, the label of its axis, and its lines: a name, and the value at each depth.
        path: the file, whose name ends with ``.png``.

    Raises:
        InputError: the name ends otherwise.
        DiscoError: the file system refused.
    """
    check_plot_path(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 3.2 * len(panels)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(panels), squeeze=False)[:, 0]
    for axis, (label, lines) in zip(axes, panels.items(), strict=True):
        for name, values in lines.items():
            axis.plot(depths, values, marker="o", label=name)
        axis.set_xlabel("turn")
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3)
        if len(lines) > 1:
            axis.legend()
    with write_bytes_aside(path) as file:
        figure.savefig(file, format="png", dpi=150)


def check_plot_path(path: Path) -> None:
    """Raise an `InputError` unless a plot can be written to a file of this name."""
    if path.suffix.lower() != ".png":
        raise InputError(f"{path}: expected a name that ends with .png")
