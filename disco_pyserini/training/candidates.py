"""The rankings to draw candidates from: a teacher's documents for each training query, as rows of vectors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.training.tolerance import Tolerance


class Ranking(NamedTuple):
    """What a strategy may draw from for one query.

    Attributes:
        documents: rows of the teacher's non-relevant documents that have a vector, best first.
        scores: the teacher's scores of them.
        relevant: rows of the relevant documents.
        ranks: the ranks of ``documents`` in the teacher's whole list, from 0.
    """

    documents: NDArray[np.int64]
    scores: NDArray[np.float32]
    relevant: NDArray[np.int64]
    ranks: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The rankings of ``n`` queries, of different lengths.

    Attributes:
        qids: the queries.
        positives: the rows of each query's relevant documents with the highest grade; without judgments, the row of the
            best document in the list, which then is a candidate too.
        offsets: (n + 1,) the entries of query ``i`` are ``offsets[i]:offsets[i + 1]``.
        documents: (entries,) the rows of the whole list, best first; -1 for a document without a vector.
        scores: (entries,) the teacher's scores.
        relevant: the rows of all relevant documents of each query.
    """

    qids: Sequence[str]
    positives: Sequence[NDArray[np.int64]]
    offsets: NDArray[np.int64]
    documents: NDArray[np.int64]
    scores: NDArray[np.float32]
    relevant: Sequence[NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.qids)

    def list_of(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the teacher's whole list for one query: rows, -1 for a document without a vector, and scores."""
        span = slice(self.offsets[row], self.offsets[row + 1])
        return self.documents[span], self.scores[span]

    def ranking(self, row: int) -> Ranking:
        """Return what may be drawn for one query."""
        documents, scores = self.list_of(row)
        ranks = np.flatnonzero((documents >= 0) & ~np.isin(documents, self.relevant[row]))
        return Ranking(documents[ranks], scores[ranks], self.relevant[row], ranks)

    def without(self, rows: Iterable[int]) -> Candidates:
        """Return the candidates without some queries."""
        dropped = set(rows)
        return _collect(
            [
                _Query(self.qids[row], self.positives[row], *self.list_of(row), self.relevant[row])
                for row in range(len(self))
                if row not in dropped
            ]
        )


class _Query(NamedTuple):
    """One query of the candidates."""

    qid: str
    positives: NDArray[np.int64]
    documents: NDArray[np.int64]
    scores: NDArray[np.float32]
    relevant: NDArray[np.int64]


class TeacherLists:
    """A teacher's scores of the training queries, with documents as numbers so that millions fit into memory.

    Args:
        teacher: (query id, {document id: score}) of each query.
        queries: the ids of the training queries.
        qrels: their relevant documents; a grade above 0 is relevant. Queries without any are left out. With None,
            judgments do not matter: every query is kept, and every document in its list is a candidate.
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
        queries: Collection[str],
        qrels: Mapping[str, Mapping[str, int]] | None,
        tolerance: Tolerance,
        flat: Sequence[str] = (),
    ) -> None:
        wanted = set(queries)
        if qrels is not None:
            wanted = {qid for qid in queries if any(grade > 0 for grade in qrels.get(qid, {}).values())}
        self._numbers: dict[str, int] = {}
        self.lists: dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]] = {}
        unknown, equal = [], []
        total = 0
        for qid, scores in teacher:
            total += 1
            if qid not in queries:
                unknown.append(qid)
            elif qid in wanted:
                values = _finite(qid, scores)
                if len(set(values)) < 2:
                    equal.append(qid)
                else:
                    self._add(qid, scores, values)
        tolerance.check(
            "the teacher's queries that are not among the topics", unknown, total, "are both of one collection?"
        )
        equal += [qid for qid in flat if qid in wanted]
        tolerance.check(
            "queries whose scores are all equal",
            equal,
            len(wanted),
            "nothing can be learnt from them: look at the teacher",
        )
        tolerance.check(
            "training queries that the teacher does not score",
            sorted(wanted - self.lists.keys() - set(equal)),
            len(wanted),
            "are the teacher and the topics of one collection?",
        )
        if not self.lists:
            both = "both a teacher's scores and a relevant document" if qrels is not None else "a teacher's scores"
            raise InputError(f"no query has {both}: there is nothing to train on")
        for qid in self.lists:
            for docid in (qrels or {}).get(qid, ()):
                self._numbers.setdefault(docid, len(self._numbers))
        self._qrels = qrels

    @property
    def ids(self) -> list[str]:
        """The document ids, in the order of their numbers."""
        return list(self._numbers)

    def candidates(self, rows: Mapping[str, int], tolerance: Tolerance) -> Candidates:
        """Turn document numbers into rows of the vectors.

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
            judged = self._qrels[qid] if self._qrels is not None else {}
            grades = {self._numbers[docid]: grade for docid, grade in judged.items() if grade > 0}
            documents = row_of[numbers]
            relevant = _rows(row_of, list(grades))
            if grades:
                highest = max(grades.values())
                positives = _rows(row_of, [number for number, grade in grades.items() if grade == highest])
            else:
                positives = documents[documents >= 0][:1]
            if len(positives):
                usable.append(_Query(qid, positives, documents, scores, relevant))
            else:
                without_positive.append(qid)
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


def _rows(row_of: NDArray[np.int64], numbers: list[int]) -> NDArray[np.int64]:
    """The rows of documents, without those that have no vector."""
    rows = row_of[np.array(numbers, np.int64)]
    return rows[rows >= 0]


def _collect(queries: Sequence[_Query]) -> Candidates:
    return Candidates(
        [query.qid for query in queries],
        [query.positives for query in queries],
        np.cumsum([0, *(len(query.documents) for query in queries)]),
        np.concatenate([np.empty(0, np.int64), *(query.documents for query in queries)]),
        np.concatenate([np.empty(0, np.float32), *(query.scores for query in queries)]),
        [query.relevant for query in queries],
    )
