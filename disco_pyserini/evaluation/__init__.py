"""Evaluation of runs, with ir_measures."""

from __future__ import annotations

from disco_pyserini.evaluation.measures import DEFAULT_MEASURES, Estimate, Evaluation, evaluate

__all__ = ["DEFAULT_MEASURES", "Estimate", "Evaluation", "evaluate"]
