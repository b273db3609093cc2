"""Sparse document vectors on disk: Parquet parts, Anserini's JSONL, and CIFF."""

from __future__ import annotations

from disco_pyserini.vectors.batch import VectorBatch, VectorSource
from disco_pyserini.vectors.manifest import Manifest, VectorSpace, vocabulary_hash
from disco_pyserini.vectors.pipeline import encode_corpus
from disco_pyserini.vectors.stored import open_vectors

__all__ = ["Manifest", "VectorBatch", "VectorSource", "VectorSpace", "encode_corpus", "open_vectors", "vocabulary_hash"]
