"""Distil query encoders with sentence-transformers. Needs neither Java nor Pyserini."""
