"""Text to sparse vectors: the SPLADE forward pass and the two encoders built on it."""

from __future__ import annotations

from disco_pyserini.encoding.reading import Reading, ReadUtterance, Word
from disco_pyserini.encoding.splade_encoders import (
    DiscoDocumentEncoder,
    DiscoQueryEncoder,
    document_encoder,
    query_encoder,
)

__all__ = [
    "DiscoDocumentEncoder",
    "DiscoQueryEncoder",
    "ReadUtterance",
    "Reading",
    "Word",
    "document_encoder",
    "query_encoder",
]
