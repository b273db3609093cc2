"""PyTerrier transformers: a retriever and a query encoder for conversations and texts; topics and qrels as frames."""

from __future__ import annotations

from collections.abc import Sequence

from disco_pyserini.extras import check_extra

check_extra("pyterrier", "the PyTerrier transformers")

import pandas as pd
import pyterrier as pt

from disco_pyserini.conversation import Conversation, query_text
from disco_pyserini.datasets.registry import OpenCollection, open_collection
from disco_pyserini.encoding import DiscoQueryEncoder, query_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.search import DiscoSearcher

CONVERSATION = "query_conversation"
"""The column with conversations: `disco_pyserini.Conversation`, or lists of chat messages."""

_SPLADE_SCALE = 100
"""pyterrier-splade multiplies weights by this, since Terrier's index stores whole numbers."""


class DiscoRetriever(pt.Transformer):
    """Retrieves documents for a frame of queries: ``qid`` and ``query``, and optionally `CONVERSATION`.

    The result has the columns of the queries, ``docno``, ``score`` and ``rank``.

    Args:
        searcher: an open `disco_pyserini.DiscoSearcher`, which you close.
        k: how many documents to retrieve for each query.
        form: which part of the conversations to search with: ``conversation``, ``user-turns``, ``last:N`` or
            ``utterance``. Frames without conversations are searched with ``query``.
        text: add the column ``text``, which rerankers need.

    Raises:
        InputError: a query is empty, the form is unknown, or ``k`` is below 1.
        DiscoError: the searcher is closed.
    """

    def __init__(self, searcher: DiscoSearcher, k: int = 1000, form: str = "conversation", text: bool = False) -> None:
        super().__init__()
        self.searcher = searcher
        self.k = k
        self.form = form
        self.text = text

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Return the documents of each query, best first."""
        queries = _queries(inp, self.form)
        numbers = [str(number) for number in range(len(queries))]
        found = self.searcher.batch_search(queries, numbers, self.k) if queries else {}
        rows = [
            (row, hit.docid, hit.score, rank, *([hit.text] if self.text else []))
            for row, hits in enumerate(found.values())
            for rank, hit in enumerate(hits, pt.model.FIRST_RANK)
        ]
        columns = ["docno", "score", "rank", *(["text"] if self.text else [])]
        documents = pd.DataFrame(rows, columns=["row", *columns]).astype({"row": int, "score": float, "rank": int})
        before = inp.drop(columns=columns, errors="ignore")
        result = before.iloc[documents["row"]].reset_index(drop=True)
        return result.assign(**{name: documents[name] for name in columns})


class QueryEncoder(pt.Transformer):
    """Adds the column ``query_toks``, weights by token, as the query encoders of pyterrier-splade do.

    Args:
        encoder: the name of an encoder (see `disco_pyserini.query_encoder`), or the encoder.
        form: see `DiscoRetriever`.
        scale: weights are multiplied by this, as in pyterrier-splade.

    Raises:
        InputError: a query is empty, the form is unknown, or there is no such encoder.
    """

    def __init__(
        self, encoder: str | DiscoQueryEncoder, form: str = "conversation", scale: float = _SPLADE_SCALE
    ) -> None:
        super().__init__()
        self.encoder = query_encoder(encoder) if isinstance(encoder, str) else encoder
        self.form = form
        self.scale = scale

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Return the queries with their weights."""
        queries = _queries(inp, self.form)
        vectors = self.encoder.weights(queries) if queries else []
        scaled = [{token: weight * self.scale for token, weight in vector.items()} for vector in vectors]
        return inp.assign(query_toks=pd.Series(scaled, index=inp.index, dtype=object))


def topics(collection: str | OpenCollection, split: str, form: str = "utterance") -> pd.DataFrame:
    """Return the turns of a collection as PyTerrier's topics: ``qid``, ``query`` and `CONVERSATION`.

    Args:
        collection: a collection, or a name for `disco_pyserini.open_collection`.
        split: the name of a split.
        form: the text in the column ``query``, for other retrievers: ``utterance``, ``human``, …

    Raises:
        InputError: there is no such collection or split, or a turn has no such rewrite.
    """
    rows = [(query.qid, query.text(form), query.conversation) for query in _open(collection).queries(split)]
    return pd.DataFrame(rows, columns=["qid", "query", CONVERSATION])


def qrels(collection: str | OpenCollection, split: str) -> pd.DataFrame:
    """Return the judgments of a collection as PyTerrier's qrels: ``qid``, ``docno`` and ``label``.

    Args:
        collection: a collection, or a name for `disco_pyserini.open_collection`.
        split: the name of a split.

    Raises:
        InputError: there is no such collection or split, or it has no judgments.
    """
    judged = _open(collection).qrels(split).items()
    rows = [(qid, docid, grade) for qid, grades in judged for docid, grade in grades.items()]
    return pd.DataFrame(rows, columns=["qid", "docno", "label"])


def _open(collection: str | OpenCollection) -> OpenCollection:
    return open_collection(collection) if isinstance(collection, str) else collection


def _queries(inp: pd.DataFrame, form: str) -> Sequence[str]:
    with pt.validate.any(inp) as frame:
        frame.columns(includes=["qid", CONVERSATION], mode="conversations")
        frame.columns(includes=["qid", "query"], mode="queries")
    if CONVERSATION not in inp.columns:
        for qid, text in zip(inp["qid"], inp["query"], strict=True):
            if not isinstance(text, str) or not text.strip():
                raise InputError(f"query {qid}: expected a text in the column query, found {text!r:.80}")
        return list(inp["query"])
    conversations = (
        one if isinstance(one, Conversation) else Conversation.from_messages(one) for one in inp[CONVERSATION]
    )
    return [query_text(conversation, form) for conversation in conversations]
