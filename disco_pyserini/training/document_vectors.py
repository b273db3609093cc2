"""Document vectors, encoded once and looked up while the query encoder trains."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from disco_pyserini.errors import InputError
from disco_pyserini.impacts import WeightVector
from disco_pyserini.vectors import VectorSource, VectorSpace, vocabulary_hash

_SCORES_AT_ONCE = 1 << 24


class DocumentVectors:
    """Sparse vectors of ``n`` passages in memory; row ``i`` belongs to ``ids[i]``.

    Args:
        ids: the passages' ids.
        offsets: (n + 1,) the postings of row ``i`` are ``offsets[i]:offsets[i + 1]``.
        terms: (postings,) positions in the vocabulary, ascending within a row.
        values: (postings,) weights, or impacts, which take half the memory.
        vocabulary_size: the length of a dense vector.
        scale: the factor from values to weights: 1 for weights.
    """

    def __init__(
        self,
        ids: Sequence[str],
        offsets: NDArray[np.int64],
        terms: NDArray[np.int32],
        values: NDArray[np.float32] | NDArray[np.uint16],
        vocabulary_size: int,
        scale: float = 1.0,
    ) -> None:
        self.ids = ids
        self.rows = {docid: row for row, docid in enumerate(ids)}
        self.offsets = offsets
        self.terms = terms
        self.values = values
        self.vocabulary_size = vocabulary_size
        self.scale = scale

    @classmethod
    def from_weights(cls, ids: Sequence[str], vectors: Iterable[WeightVector], vocabulary_size: int) -> DocumentVectors:
        """Collect unquantised vectors, one per id."""
        parts = list(vectors)
        return cls(
            ids,
            np.cumsum([0, *(len(part.terms) for part in parts)]),
            np.concatenate([np.empty(0, np.int32), *(part.terms for part in parts)]),
            np.concatenate([np.empty(0, np.float32), *(part.weights for part in parts)]),
            vocabulary_size,
        )

    @classmethod
    def joined(cls, parts: Sequence[tuple[str, DocumentVectors]]) -> DocumentVectors:
        """Join vectors over one vocabulary, with a prefix for the ids of each part."""
        if len(parts) == 1 and not parts[0][0]:
            return parts[0][1]
        vectors = [part for _, part in parts]
        same = len({(part.scale, part.values.dtype) for part in vectors}) == 1
        ends = np.cumsum([0, *(part.offsets[-1] for part in vectors)])
        values: list[NDArray[Any]] = [part.values if same else part.weights() for part in vectors]
        return cls(
            [prefix + docid for prefix, part in parts for docid in part.ids],
            np.concatenate([[0], *(part.offsets[1:] + end for part, end in zip(vectors, ends, strict=False))]),
            np.concatenate([part.terms for part in vectors]),
            np.concatenate(values),
            vectors[0].vocabulary_size,
            vectors[0].scale if same else 1.0,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def weights(self) -> NDArray[np.float32]:
        """Return the weights of all postings."""
        return self.values.astype(np.float32) if self.scale == 1 else (self.values * self.scale).astype(np.float32)

    def matrix(self, rows: NDArray[np.int64] | None = None) -> Tensor:
        """Return the given rows (by default, all) as a sparse (rows × vocabulary) CSR matrix of float weights."""
        offsets, terms, values = self.offsets, self.terms, self.values
        if rows is not None:
            lengths = self.offsets[rows + 1] - self.offsets[rows]
            offsets = np.concatenate([[0], np.cumsum(lengths)])
            # Positions of all postings of the rows, without a loop: start of the row + position within the row.
            places = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
            terms, values = self.terms[places], self.values[places]
        weights = values if self.scale == 1 else (values * self.scale).astype(np.float32)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            return torch.sparse_csr_tensor(
                torch.from_numpy(offsets),
                torch.from_numpy(terms.astype(np.int64)),
                torch.from_numpy(weights),
                size=(len(offsets) - 1, self.vocabulary_size),
                check_invariants=False,
            )

    def scores(self, queries: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Return dot products of queries (batch, vocabulary) with the given rows (n,): (batch, n), with gradients.

        This multiplies a sparse matrix with a few dense columns; the cost depends only on the passages' postings.
        """
        with torch.autocast(queries.device.type, enabled=False):
            scores: Tensor = torch.sparse.mm(self.matrix(rows).to(queries.device), queries.float().T).T
        return scores

    def dense(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the given rows as a dense (rows × vocabulary) matrix."""
        return self.matrix(rows).to_dense()

    def best(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Search all passages on the CPU; return scores and rows, each (batch, min(k, n)), best first.

        The order of ties is undefined. The queries are dense, (batch, vocabulary).
        """
        k = min(k, len(self))
        at_once = max(1, _SCORES_AT_ONCE // max(1, len(self)))
        sparse = csr_matrix(queries.detach().float().cpu().numpy())
        found = [
            torch.from_numpy((sparse[start : start + at_once] @ self._by_term).toarray()).topk(k, dim=1)
            for start in range(0, len(queries), at_once)
        ]
        return torch.cat([scores for scores, _ in found]), torch.cat([rows for _, rows in found])

    def all_scores(self, queries: Sequence[WeightVector]) -> NDArray[np.float32]:
        """Return the scores of all passages, (queries, n).

        This adds up the posting lists of a query's terms, so the time depends on these alone.
        """
        ids = [""] * len(queries)
        vectors = DocumentVectors.from_weights(ids, queries, self.vocabulary_size)
        scores: NDArray[np.float32] = (vectors._rows_of_weights @ self._by_term).toarray()
        return scores

    @property
    def _rows_of_weights(self) -> csr_matrix:
        return csr_matrix((self.weights(), self.terms, self.offsets), shape=(len(self), self.vocabulary_size))

    @cached_property
    def _by_term(self) -> csr_matrix:
        """The weights as (vocabulary × n), 8 bytes per posting."""
        return self._rows_of_weights.T.tocsr()

    def inverse_document_frequency(self) -> Tensor:
        """``1 + ln((n + 1) / (df + 1))`` of each vocabulary entry (vocabulary,): 1 for a term in every passage."""
        frequencies = np.bincount(self.terms, minlength=self.vocabulary_size)
        return torch.from_numpy(1 + np.log((len(self) + 1) / (frequencies + 1))).float()


def check_space(space: VectorSpace | None, revision: str, vocabulary: Sequence[str], where: str) -> None:
    """Refuse vectors of another encoder, with which the student's scores would be meaningless.

    Args:
        space: the vectors' space; None (unknown, as for JSONL) is accepted, and only the tokens are compared later.
        revision: SHA-256 of the weights of the document encoder that training starts from.
        vocabulary: its tokens.
        where: the vectors' path, for the message.

    Raises:
        InputError: the vocabulary or the document encoder differs.
    """
    if space is None:
        return
    if space.vocabulary != vocabulary_hash(vocabulary):
        raise InputError(
            f"{where}: expected vectors over the vocabulary of the document encoder that is trained with "
            f"({len(vocabulary):,} tokens), found those of {space.document_model!r} over another one: "
            "encode the corpus with this document encoder, or name the encoder that made the vectors"
        )
    if space.revision != revision:
        raise InputError(
            f"{where}: expected vectors of the document encoder that is trained with (SHA-256 {revision[:12]}…), found "
            f"those of {space.document_model!r} ({space.revision[:12]}…): the weights differ: encode the corpus with "
            "this document encoder, or name the encoder that made the vectors"
        )


def load_vectors(
    source: VectorSource,
    vocabulary: Sequence[str],
    needed: Collection[str] | None = None,
    others: int = 0,
    seed: int = 0,
) -> DocumentVectors:
    """Read stored vectors into memory: 6 bytes per posting.

    Args:
        source: from `disco_pyserini.vectors.open_vectors`.
        vocabulary: the student's tokens, in the order of their ids.
        needed: the ids to keep; None keeps all. Missing ids are ignored.
        others: the number of additional passages to keep, drawn with ``seed``.
        seed: seed of the draw.

    Raises:
        InputError: a token of the vectors is not in the vocabulary, or a file is damaged.
    """
    extra: NDArray[np.int64] = np.empty(0, np.int64)
    if needed is not None and others:
        total = source.total or sum(len(batch) for batch in source.batches())
        extra = np.sort(np.random.default_rng(seed).choice(total, min(others, total), replace=False))
    known = {token: position for position, token in enumerate(vocabulary)}
    ids: list[str] = []
    lengths, terms, values = ([np.empty(0, kind)] for kind in (np.int64, np.int32, np.uint16))
    start = 0
    for batch in source.batches():
        kept = np.ones(len(batch), bool)
        if needed is not None:
            kept = np.fromiter((docid in needed for docid in batch.ids), bool, len(batch))
            kept[extra[(extra >= start) & (extra < start + len(batch))] - start] = True
        start += len(batch)
        postings = np.repeat(kept, np.diff(batch.offsets))
        ids += [docid for docid, keep in zip(batch.ids, kept.tolist(), strict=True) if keep]
        lengths.append(np.diff(batch.offsets)[kept])
        terms.append(_translate(batch.terms[postings], source.vocabulary, vocabulary, known))
        values.append(batch.impacts[postings])
    scale = source.space.quantiser.dequantise(np.ones(1, np.uint16)) if source.space else _PYSERINI_SCALE
    return DocumentVectors(
        ids,
        np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64),
        np.concatenate(terms),
        np.concatenate(values),
        len(vocabulary),
        float(scale[0]),
    )


_PYSERINI_SCALE = np.array([5 / 256])


def _translate(
    terms: NDArray[np.int32], theirs: Sequence[str], ours: Sequence[str], known: dict[str, int]
) -> NDArray[np.int32]:
    """Map token ids of the vectors to token ids of the student."""
    if theirs == ours:
        return terms
    used, places = np.unique(terms, return_inverse=True)
    if missing := [theirs[term] for term in used.tolist() if theirs[term] not in known]:
        raise InputError(
            f"{len(missing)} tokens of the document vectors are not in the encoder's vocabulary, such as "
            f"{missing[0]!r}: encode the corpus with the document encoder that is trained with"
        )
    return np.array([known[theirs[term]] for term in used.tolist()], np.int32)[places]
