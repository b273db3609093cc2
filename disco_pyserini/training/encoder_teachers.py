"""Encoders as teachers: their vectors of a corpus and of queries, their joint scores, and the candidates.

A teacher's scores of a query are shifted and scaled so that an average passage has 0 and the best one 1; the joint
score is the weighted mean (after the heterogeneous distillation of Geng et al., arXiv 2411.04403).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse, load_npz, save_npz

from disco_pyserini.encoding.locate import checksum, locate_transformer
from disco_pyserini.errors import InputError
from disco_pyserini.files import write_bytes_aside
from disco_pyserini.training.siamese_config import EncoderTeacher, Pool

logger = logging.getLogger(__name__)

type Vectors = NDArray[np.float32] | csr_matrix

_QUERIES_AT_ONCE = 32


@dataclass(frozen=True)
class TeacherVectors:
    """What a teacher makes of the queries and of the passages: (texts, width) each, and its weight."""

    queries: Vectors
    passages: Vectors
    weight: float

    def scores(self, queries: NDArray[np.int64] | slice, passages: NDArray[np.int64] | None = None) -> Any:
        """Return scores (queries, passages); all passages by default."""
        documents = self.passages if passages is None else self.passages[passages]
        found: Any = self.queries[queries] @ documents.T
        return found.toarray() if issparse(found) else found


class CandidatePool:
    """The candidates of each query, and the teachers' joint scores.

    Args:
        teachers: their vectors.
        settings: how many to keep, and how many to draw.
        seed: of the draws, which otherwise depend on step and query only.
    """

    def __init__(self, teachers: Sequence[TeacherVectors], settings: Pool, seed: int) -> None:
        self.teachers = teachers
        self.settings = settings
        self.seed = seed
        total: int = teachers[0].queries.shape[0]
        self._depth = min(settings.depth, teachers[0].passages.shape[0])
        self._rankings: dict[int, NDArray[np.int32]] = {}
        self._mean = np.zeros((len(teachers), total), np.float32)
        self._best = np.zeros((len(teachers), total), np.float32)

    def rankings(self, queries: NDArray[np.int64]) -> list[NDArray[np.int32]]:
        """Return each query's candidates, best first; they are searched when they are first needed."""
        new = np.array([query for query in queries.tolist() if query not in self._rankings], np.int64)
        if len(new):
            # Products of one shape round alike whatever the other rows are: a resumed run finds the same scores.
            whole = np.resize(new, -(-len(new) // _QUERIES_AT_ONCE) * _QUERIES_AT_ONCE)
            joint = np.concatenate([self._mine(some) for some in np.split(whole, len(whole) // _QUERIES_AT_ONCE)])
            joint = joint[: len(new)]
            top = np.argpartition(joint, -self._depth, axis=1)[:, -self._depth :]
            order = np.argsort(-np.take_along_axis(joint, top, axis=1), axis=1)
            found = np.take_along_axis(top, order, axis=1).astype(np.int32)
            self._rankings.update(zip(new.tolist(), found, strict=True))
        return [self._rankings[query] for query in queries.tolist()]

    def _mine(self, queries: NDArray[np.int64]) -> NDArray[np.float32]:
        joint: Any = 0.0
        for number, teacher in enumerate(self.teachers):
            scores = teacher.scores(queries)
            self._mean[number, queries] = scores.mean(axis=1)
            self._best[number, queries] = scores.max(axis=1)
            joint = joint + teacher.weight * self._normalised(number, queries, scores)
        return np.asarray(joint, np.float32)

    def _normalised(self, teacher: int, queries: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.float32]:
        mean, best = self._mean[teacher, queries, None], self._best[teacher, queries, None]
        return np.asarray((scores - mean) / np.maximum(best - mean, 1e-6), np.float32)

    def scores(self, queries: NDArray[np.int64], passages: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the joint scores (queries, passages): an average passage has 0, the best about 1."""
        self.rankings(queries)
        joint = sum(
            teacher.weight * self._normalised(number, queries, teacher.scores(queries, passages))
            for number, teacher in enumerate(self.teachers)
        )
        return np.asarray(joint / sum(teacher.weight for teacher in self.teachers), np.float32)

    def draw(self, queries: NDArray[np.int64], step: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Draw passages for each query; return all of them (n,), and the joint scores (queries, n)."""
        settings = self.settings
        drawn = set[int]()
        for query, ranking in zip(queries.tolist(), self.rankings(queries), strict=True):
            generator = np.random.default_rng((self.seed, step, query))
            first, rest = ranking[: settings.top_depth], ranking[settings.top_depth :]
            drawn.update(generator.choice(first, min(settings.top, len(first)), replace=False).tolist())
            drawn.update(generator.choice(rest, min(settings.band, len(rest)), replace=False).tolist())
        passages = np.array(sorted(drawn), np.int64)
        return passages, self.scores(queries, passages)


def teacher_vectors(
    teacher: EncoderTeacher,
    texts: Sequence[str],
    cache: Path,
    encode_sparse: Callable[[str, Sequence[str]], csr_matrix],
) -> Vectors:
    """Return a teacher's vectors of texts, from the cache if it has them.

    Args:
        teacher: which encoder.
        texts: what to encode.
        cache: a folder for vectors, so that a resumed run does not encode again.
        encode_sparse: encodes texts with a SPLADE encoder, named first.

    Raises:
        InputError: there is no such encoder.
    """
    digest = hashlib.sha256(teacher.encoder.encode())
    if Path(teacher.encoder).is_dir():  # whose files may change under the same name
        digest.update(checksum(locate_transformer(teacher.encoder)).encode())
    for text in texts:
        digest.update(text.encode() + b"\0")
    suffix = ".npz" if teacher.kind == "sparse" else ".npy"
    kept = cache / f"{digest.hexdigest()[:24]}{suffix}"
    if not kept.exists():
        logger.info("encoding %s texts with %s", f"{len(texts):,}", teacher.encoder)
        with write_bytes_aside(kept) as file:
            if teacher.kind == "sparse":
                save_npz(file, encode_sparse(teacher.encoder, texts))
            else:
                np.save(file, _dense(teacher.encoder, texts).astype(np.float16))
    if teacher.kind == "sparse":
        return csr_matrix(load_npz(kept))
    return np.asarray(np.load(kept, allow_pickle=False), np.float32)


def _dense(name: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return unit vectors, computed in bfloat16, which is several times as fast on CPUs with such instructions."""
    import torch
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(name, model_kwargs={"dtype": torch.bfloat16})
    except (OSError, ValueError) as problem:
        raise InputError(f"{name}: not a sentence-transformers model: {problem}") from problem
    vectors = model.encode(list(texts), batch_size=32, normalize_embeddings=True, convert_to_numpy=True)
    return np.asarray(vectors, np.float32)
