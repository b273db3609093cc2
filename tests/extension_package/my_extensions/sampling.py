"""A sampling strategy: candidates at even distances in the teacher's ranking."""

import numpy as np
from numpy.random import Generator

from disco_pyserini.training.candidates import Ranking
from disco_pyserini.training.sampling import Draw, Sampling, Strategy


def even_ranks(ranking: Ranking, corpus: int, sampling: Sampling, rng: Generator) -> Draw:
    """Start at a random rank, and take ranks at even distances from there, around the end of the list."""
    size = len(ranking.documents)
    candidates = min(sampling.candidates, size)
    start = rng.integers(size) if size else 0
    ranks = (start + np.arange(candidates) * size // max(candidates, 1)) % max(size, 1)
    return Draw(ranking.documents[ranks], ranking.scores[ranks])


EVEN_RANKS = Strategy(even_ranks)
