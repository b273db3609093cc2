"""Document vectors in the formats of other engines: one module for each format."""

from __future__ import annotations

from disco_pyserini.exports.exporter import EXPORTERS, Exporter

__all__ = ["EXPORTERS", "Exporter"]
