"""The published collections, by name."""

from __future__ import annotations

from difflib import get_close_matches

from disco_pyserini.datasets.benchmark import Benchmark
from disco_pyserini.errors import InputError

BENCHMARKS: tuple[Benchmark, ...] = ()


def benchmark(name: str) -> Benchmark:
    """Return the collection of this name.

    Raises:
        InputError: there is none; the message names the nearest.
    """
    known = {one.name: one for one in BENCHMARKS}
    if name in known:
        return known[name]
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    raise InputError(f"unknown collection {name!r}: {hint} `disco data list` shows all")
