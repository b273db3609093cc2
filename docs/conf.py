"""The documentation site, which ``make docs`` builds: these pages, the commands' help texts, and the docstrings."""

from __future__ import annotations

import subprocess
import sys

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


def setup(app: Sphinx) -> None:
    """Connect the function above; Sphinx calls this."""
    app.connect("source-read", add_commands)
