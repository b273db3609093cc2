"""Write a page of the packages that an installation with all extras brings, with licences: ``licences.py PAGE``."""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEAD = """# Licences of the dependencies

`pip install disco-pyserini[all]` brings these packages. Their own descriptions state the licences. `make licences`
writes this page from what is installed.

| package | licence |
| --- | --- |
"""


def installed(name: str, extras: frozenset[str], found: dict[str, Distribution]) -> None:
    """Add a package and all that it requires, as far as it is installed."""
    package = distribution(name)
    found[canonicalize_name(name)] = package
    for text in package.requires or []:
        wanted = Requirement(text)
        if wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in extras or {""}):
            continue
        if canonicalize_name(wanted.name) in found and not wanted.extras:
            continue
        try:
            installed(wanted.name, frozenset(wanted.extras), found)
        except PackageNotFoundError:
            continue  # for another platform or Python


def licence(package: Distribution) -> str:
    """The licence that a package states: its expression, else its classifiers, else its text's first line."""
    stated = package.metadata.get("License-Expression")
    kinds = [
        line.rpartition(" :: ")[2]
        for line in package.metadata.get_all("Classifier") or []
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    text = (package.metadata.get("License") or "").strip().splitlines() or [""]
    return (stated or ", ".join(kinds) or text[0][:80] or "not stated").replace("|", "/")


def main() -> None:
    """Write the page."""
    found: dict[str, Distribution] = {}
    installed("disco-pyserini", frozenset({"all"}), found)
    del found["disco-pyserini"]
    rows = [f"| {re.sub('[^a-z0-9.-]', '', name)} | {licence(package)} |\n" for name, package in sorted(found.items())]
    Path(sys.argv[1]).write_text(HEAD + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
