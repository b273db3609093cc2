"""Document vectors in the formats of other engines, and in search services: one module for each."""

from __future__ import annotations

from disco_pyserini.exports.exporter import EXPORTERS, Exporter
from disco_pyserini.exports.search_service import Service, for_service

__all__ = ["EXPORTERS", "Exporter", "Service", "for_service"]
