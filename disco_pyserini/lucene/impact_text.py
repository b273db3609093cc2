"""Sparse vectors as text for Lucene's analyzer: ``token`` DELIMITER ``impact`` for every term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from disco_pyserini.errors import InputError
from disco_pyserini.lucene.document_writer import TextBatch, raw_document
from disco_pyserini.vectors.batch import VectorBatch

DELIMITER = "\x01"
LONGEST_TOKEN = 255
"""In UTF-16 units. Anserini's whitespace tokenizer cuts longer tokens in two."""

# Whitespace by Java's Character.isWhitespace, which differs from str.isspace (a no-break space does not count).
_JAVA_WHITESPACE = frozenset(
    "\t\n\x0b\f\r\x1c\x1d\x1e\x1f \u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
_IMPACTS = 2**16
_LONGEST_SUFFIX = len(f"{DELIMITER}65535")


def impact_analyzer(jnius: Any) -> Any:
    """Return the Lucene analyzer that reads the text of a `TermTable`."""
    options = jnius.autoclass("java.util.HashMap")
    tokenizer, frequencies = options(), options()
    tokenizer.put("maxTokenLen", str(LONGEST_TOKEN + _LONGEST_SUFFIX))
    frequencies.put("delimiter", DELIMITER)
    builder = jnius.autoclass("org.apache.lucene.analysis.custom.CustomAnalyzer").builder()
    return builder.withTokenizer("whitespace", tokenizer).addTokenFilter("delimitedTermFrequency", frequencies).build()


class TermTable:
    """Writes vectors as text, with one table lookup per term and impact.

    Arrow does the lookups and joins the results: seven times as fast as Python, and without holding the GIL, so other
    threads pass documents to Lucene meanwhile.

    Args:
        vocabulary: tokens in the order of their ids; it may grow while vectors are read.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._vocabulary = vocabulary
        self._size = 0
        self._token_lengths = np.zeros(0, dtype=np.int64)
        suffixes = pc.binary_join_element_wise(DELIMITER, pa.array(np.arange(_IMPACTS)).cast(pa.string()), " ", "")
        self._suffix_lengths = pc.binary_length(suffixes).to_numpy().astype(np.int64)
        # The suffixes by impact, then the tokens.
        self._pieces = suffixes

    def text(self, batch: VectorBatch, store_raw: bool) -> TextBatch:
        """Write a batch. Skip impacts of 0 and documents without terms, as Anserini does.

        Raises:
            InputError: a token cannot be a Lucene term.
        """
        used = slice(batch.offsets[0], batch.offsets[-1])
        terms, impacts, offsets = batch.terms[used], batch.impacts[used], batch.offsets - batch.offsets[0]
        if not impacts.all():
            kept = impacts > 0
            offsets = _running_total(kept)[offsets]
            terms, impacts = terms[kept], impacts[kept]
        self._grow(int(terms.max(initial=-1)) + 1)
        lengths = self._token_lengths[terms]
        if not lengths.all():
            _refuse(self._vocabulary[terms[lengths == 0][0]])
        pieces = np.empty(2 * len(terms), dtype=np.int32)
        pieces[::2] = terms
        pieces[::2] += _IMPACTS
        pieces[1::2] = impacts
        # An Arrow array stores its strings back to back in its last buffer.
        text = self._pieces.take(pa.array(pieces)).buffers()[2]
        ends = _running_total(lengths + self._suffix_lengths[impacts])[offsets]
        kept_rows = np.flatnonzero(np.diff(ends)).tolist()
        ids, raw = [batch.ids[row] for row in kept_rows], None
        if store_raw and batch.raw is not None:
            raw = [raw_document(batch.ids[row], batch.raw[row]) for row in kept_rows]
        return TextBatch(
            ids, text.to_pybytes().decode() if text else "", [*ends[kept_rows].tolist(), int(ends[-1])], raw
        )

    def _grow(self, size: int) -> None:
        if size <= self._size:
            return
        if size > len(self._vocabulary):
            raise InputError(f"a vector has term {size - 1}, but the vocabulary ends at {len(self._vocabulary) - 1}")
        new = self._vocabulary[self._size :]
        lengths = [_length(token) for token in new]
        self._size += len(new)
        self._token_lengths = np.append(self._token_lengths, np.array(lengths, dtype=np.int64))
        usable = [token if length else "" for token, length in zip(new, lengths, strict=True)]
        self._pieces = pa.concat_arrays([self._pieces, pa.array(usable, pa.string())])


def _running_total(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(values, dtype=np.int64)))


def _length(token: str) -> int:
    """Return the length of a token in UTF-16 units, or 0 if it cannot be an index term."""
    if DELIMITER in token or not _JAVA_WHITESPACE.isdisjoint(token):
        return 0
    try:
        length = len(token.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        return 0
    return length if length <= LONGEST_TOKEN else 0


def _refuse(token: str) -> NoReturn:
    raise InputError(
        f"the token {token!r} cannot be a term of an index: "
        f"expected 1 to {LONGEST_TOKEN} characters without whitespace, {DELIMITER!r} and lone surrogates"
    )
