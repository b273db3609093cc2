"""The documentation site, which ``make docs`` builds: these pages, the commands' help texts, and the docstrings."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx

import disco_pyserini

project = "disco-pyserini"
copyright = "the disco-pyserini developers"
version = release = disco_pyserini.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = project
html_show_sphinx = False
myst_heading_anchors = 3
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "description"

# autodoc finds only what is in the module already; our names are imported on first use.
for name in disco_pyserini.__all__:
    setattr(disco_pyserini, name, getattr(disco_pyserini, name))


def add_commands(app: Sphinx, page: str, source: list[str]) -> None:
    """Append the help text of every command to the page about commands."""
    if page == "cli":
        command = [sys.executable, "-m", "typer", "disco_pyserini.cli.main", "utils", "docs", "--name", "disco"]
        _, _, commands = subprocess.run(command, check=True, capture_output=True, text=True).stdout.partition("\n")
        source[0] += commands


def add_registries(app: Sphinx, page: str, source: list[str]) -> None:
    """Append every module that holds a registry to the page about Python names."""
    package = Path(disco_pyserini.__file__).parent
    for path in sorted(package.rglob("*.py")) if page == "api" else ():
        if re.search(r"^\w+: Registry\[", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            module = ".".join(path.relative_to(package.parent).with_suffix("").parts)
            source[0] += f"\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```\n"


def setup(app: Sphinx) -> None:
    """Connect the functions above; Sphinx calls this."""
    app.connect("source-read", add_commands)
    app.connect("source-read", add_registries)
