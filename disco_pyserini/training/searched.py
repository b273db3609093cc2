"""A teacher without files and without Java: the document encoder searches vectors in memory with the rewrites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import batched

import numpy as np

from disco_pyserini.impacts import WeightVector
from disco_pyserini.training.document_vectors import DocumentVectors

_QUERIES_AT_ONCE = 256


def search_all(
    documents: DocumentVectors,
    rewrites: Sequence[tuple[str, WeightVector]],
    qrels: Mapping[str, Mapping[str, int]],
    depth: int,
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield for each query the scores of its best documents, t(x, d) = E_d(rewrite) · E_d(d), by exhaustive search.

    Args:
        documents: all documents.
        rewrites: query ids, and E_d of their rewrites.
        qrels: judged documents are scored too, whatever their rank, and do not count for the depth.
        depth: how many other documents are kept.
    """
    for chunk in batched(rewrites, _QUERIES_AT_ONCE):
        queries = DocumentVectors.from_weights(
            [qid for qid, _ in chunk], [vector for _, vector in chunk], documents.vocabulary_size
        ).dense(np.arange(len(chunk)))
        judged = [
            [documents.rows[docid] for docid in qrels.get(qid, ()) if docid in documents.rows] for qid, _ in chunk
        ]
        scores, rows = documents.best(queries, depth + max(map(len, judged)))
        for (qid, _), query, relevant, values, places in zip(
            chunk, queries, judged, scores.tolist(), rows.tolist(), strict=True
        ):
            best = {documents.ids[row]: score for row, score in zip(places, values, strict=True)}
            own = documents.scores(query.unsqueeze(0), np.array(relevant, np.int64))[0].tolist()
            yield qid, {documents.ids[row]: score for row, score in zip(relevant, own, strict=True)} | best
