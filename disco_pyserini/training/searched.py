"""A teacher without files or Java: exhaustive search of the vectors in memory with encoded rewrites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from torch import Tensor

from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.document_vectors import DocumentVectors

_QUERIES_AT_ONCE = 256


def search_all(
    documents: DocumentVectors,
    rewrites: Sequence[tuple[str, WeightVector]],
    qrels: Mapping[str, Mapping[str, int]],
    depth: int,
    distractors: Sequence[WeightVector] | None = None,
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield for each query the scores t(x, d) = E_d(rewrite) · E_d(d) of its best documents, by exhaustive search.

    Args:
        documents: all documents.
        rewrites: query ids, and E_d of their rewrites.
        qrels: judged documents are always scored and do not count towards ``depth``.
        depth: how many other documents to keep.
        distractors: E_d of another text of each query; half of the documents are then the top results for that text.
    """
    for start in range(0, len(rewrites), _QUERIES_AT_ONCE):
        chunk = rewrites[start : start + _QUERIES_AT_ONCE]
        queries = _dense([vector for _, vector in chunk], documents.vocabulary_size)
        judged = [
            [documents.rows[docid] for docid in qrels.get(qid, ()) if docid in documents.rows] for qid, _ in chunk
        ]
        most = max(map(len, judged))
        near = depth if distractors is None else depth // 2
        chosen = [
            [*relevant, *_first(near, rows, relevant)]
            for relevant, rows in zip(judged, documents.best(queries, near + most)[1].tolist(), strict=True)
        ]
        if distractors is not None:
            others = _dense(distractors[start : start + _QUERIES_AT_ONCE], documents.vocabulary_size)
            far = documents.best(others, depth + most)[1].tolist()
            chosen = [[*taken, *_first(depth - near, rows, taken)] for taken, rows in zip(chosen, far, strict=True)]
        for (qid, _), query, rows in zip(chunk, queries, chosen, strict=True):
            scores = documents.scores(query.unsqueeze(0), np.array(rows, np.int64))[0].tolist()
            yield qid, {documents.ids[row]: score for row, score in zip(rows, scores, strict=True)}


def _dense(vectors: Sequence[WeightVector], vocabulary_size: int) -> Tensor:
    ids = [str(number) for number in range(len(vectors))]
    return DocumentVectors.from_weights(ids, vectors, vocabulary_size).matrix().to_dense()


def _first(number: int, rows: Sequence[int], taken: Sequence[int]) -> list[int]:
    """Return the first rows that are not taken yet."""
    others = set(taken)
    return [row for row in rows if row not in others][:number]
