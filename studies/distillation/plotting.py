"""The empty plot that all plots of the study start from."""

from __future__ import annotations

from typing import Any


def new_figure() -> tuple[Any, Any]:
    """Return a figure that needs no display, and its only axis."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.grid(alpha=0.3)
    return figure, axis
