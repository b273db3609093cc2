"""PyTerrier's Java with Pyserini's jar: one Java virtual machine for both, if PyTerrier starts it.

PyTerrier finds `PyseriniJar` through the entry point group ``pyterrier.java.init``.
"""

from __future__ import annotations

import sys
from typing import Any

import pyterrier

from disco_pyserini.lucene import jvm


class PyseriniJar(pyterrier.java.JavaInitializer):
    """Adds Pyserini's jar to the class path, in processes that use our transformers."""

    def condition(self) -> bool:
        """Whether our transformers were imported; PyTerrier's Java is left alone otherwise."""
        return "disco_pyserini.integrations.pyterrier" in sys.modules

    def pre_init(self, jnius_config: Any) -> None:
        """Configure the Java virtual machine that PyTerrier is about to start."""
        jvm.configure()
