"""The rankings to draw candidates from: a teacher's documents for each training query, as rows of vectors."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.training.tolerance import Tolerance


class Ranking(NamedTuple):
    """One query: rows of its non-relevant documents, best first, their scores, and rows of its relevant documents."""

    documents: NDArray[np.int64]
    scores: NDArray[np.float32]
    relevant: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The rankings of ``n`` queries, of different lengths.

    Attributes:
        qids: the queries.
        positives: (n,) for each query, the row of a relevant document with the highest grade.
        positive_scores: (n,) the teacher's scores of the positives; the best in the list if there is none.
        offsets: (n + 1,) the entries of query ``i`` are ``offsets[i]:offsets[i + 1]``.
        documents: (entries,) rows, best first, without relevant documents.
        scores: (entries,) the teacher's scores.
        relevant: the rows of all relevant documents of each query.
    """

    qids: Sequence[str]
    positives: NDArray[np.int64]
    positive_scores: NDArray[np.float32]
    offsets: NDArray[np.int64]
    documents: NDArray[np.int64]
    scores: NDArray[np.float32]
    relevant: Sequence[NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.qids)

    def ranking(self, row: int) -> Ranking:
        """Return the ranking of one query."""
        span = slice(self.offsets[row], self.offsets[row + 1])
        return Ranking(self.documents[span], self.scores[span], self.relevant[row])

    def without(self, rows: Iterable[int]) -> Candidates:
        """Return the candidates without some queries."""
        dropped = set(rows)
        kept = [row for row in range(len(self)) if row not in dropped]
        return _collect(
            [(self.qids[row], self.positive_scores[row], int(self.positives[row]), self.ranking(row)) for row in kept]
        )


class TeacherLists:
    """A teacher's scores of the training queries, with documents as numbers so that millions fit into memory.

    Args:
        teacher: (query id, {document id: score}) of each query.
        queries: the ids of the training queries.
        qrels: their relevant documents; a grade above 0 is relevant.
        tolerance: collects what was left out.
        flat: the ids of queries that `read_teacher` left out because their scores are all equal.

    Attributes:
        ids: the document ids, including relevant documents.
        lists: for each usable query, document numbers and scores, best first.

    Raises:
        InputError: a score is not finite; or more than the tolerated share of the teacher's queries are unknown, of the
            training queries have no list, or of the lists have equal scores only.
    """

    def __init__(
        self,
        teacher: Iterable[tuple[str, Mapping[str, float]]],
        queries: Container[str],
        qrels: Mapping[str, Mapping[str, int]],
        tolerance: Tolerance,
        flat: Sequence[str] = (),
    ) -> None:
        judged = {qid for qid in qrels if qid in queries and any(grade > 0 for grade in qrels[qid].values())}
        self._numbers: dict[str, int] = {}
        self.lists: dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]] = {}
        unknown, equal = [], []
        total = 0
        for qid, scores in teacher:
            total += 1
            if qid not in queries:
                unknown.append(qid)
            elif qid in judged:
                values = _finite(qid, scores)
                if len(set(values)) < 2:
                    equal.append(qid)
                else:
                    self._add(qid, scores, values)
        tolerance.check(
            "the teacher's queries that are not among the topics", unknown, total, "are both of one collection?"
        )
        equal += [qid for qid in flat if qid in judged]
        tolerance.check(
            "queries whose scores are all equal",
            equal,
            len(judged),
            "nothing can be learnt from them: look at the teacher",
        )
        tolerance.check(
            "training queries that the teacher does not score",
            sorted(judged - self.lists.keys() - set(equal)),
            len(judged),
            "are the teacher and the topics of one collection?",
        )
        if not self.lists:
            raise InputError(
                "no query has both a teacher's scores and a relevant document: there is nothing to train on"
            )
        for qid in self.lists:
            for docid in qrels[qid]:
                self._numbers.setdefault(docid, len(self._numbers))
        self._qrels = qrels

    @property
    def ids(self) -> list[str]:
        """The document ids, in the order of their numbers."""
        return list(self._numbers)

    def candidates(self, rows: Mapping[str, int], tolerance: Tolerance) -> Candidates:
        """Turn document numbers into rows of the vectors, and remove relevant documents from the lists.

        Args:
            rows: the row of each document that has a vector.
            tolerance: collects the documents without a vector, and the queries left without a positive.

        Raises:
            InputError: more than the tolerated share of documents have no vectors.
        """
        ids = self.ids
        row_of = np.array([rows.get(docid, -1) for docid in ids], np.int64)
        missing = [ids[number] for number in np.flatnonzero(row_of < 0)]
        tolerance.check("documents without a vector", missing, len(ids), "encode the corpus that the teacher scored")
        usable = []
        without_positive = []
        for qid, (numbers, scores) in self.lists.items():
            grades = {self._numbers[docid]: grade for docid, grade in self._qrels[qid].items() if grade > 0}
            positive = max(grades, key=grades.__getitem__)
            if row_of[positive] < 0:
                without_positive.append(qid)
                continue
            given = np.flatnonzero(numbers == positive)
            score = scores[given[0]] if len(given) else scores[0]
            relevant = row_of[list(grades)]
            documents = row_of[numbers]
            kept = (documents >= 0) & ~np.isin(numbers, list(grades))
            usable.append(
                (qid, score, int(row_of[positive]), Ranking(documents[kept], scores[kept], relevant[relevant >= 0]))
            )
        tolerance.check(
            "queries whose relevant document has no vector",
            without_positive,
            len(self.lists),
            "encode the corpus that the qrels judge",
        )
        return _collect(usable)

    def _add(self, qid: str, scores: Mapping[str, float], values: list[float]) -> None:
        order = np.argsort(-np.array(values), kind="stable")
        numbers = np.array([self._numbers.setdefault(docid, len(self._numbers)) for docid in scores], np.int64)
        self.lists[qid] = numbers[order], np.array(values, np.float32)[order]


def _finite(qid: str, scores: Mapping[str, float]) -> list[float]:
    for docid, score in scores.items():
        if not isfinite(score):
            raise InputError(
                f"expected a finite number as the teacher's score of document {docid!r} for query {qid!r}, "
                f"found {score}"
            )
    return list(scores.values())


def _collect(queries: Sequence[tuple[str, float | np.float32, int, Ranking]]) -> Candidates:
    return Candidates(
        [qid for qid, _, _, _ in queries],
        np.array([positive for _, _, positive, _ in queries], np.int64),
        np.array([score for _, score, _, _ in queries], np.float32),
        np.cumsum([0, *(len(ranking.documents) for _, _, _, ranking in queries)]),
        np.concatenate([np.empty(0, np.int64), *(ranking.documents for _, _, _, ranking in queries)]),
        np.concatenate([np.empty(0, np.float32), *(ranking.scores for _, _, _, ranking in queries)]),
        [ranking.relevant for _, _, _, ranking in queries],
    )
