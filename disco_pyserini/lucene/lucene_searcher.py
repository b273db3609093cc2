"""The Lucene engine: an open impact index as a `disco_pyserini.search.Searcher`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.document_writer import stored_text
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.lucene.retrieval import Retrievers
from disco_pyserini.search.engine import Engine, Hit, ImpactQuery, closed_error
from disco_pyserini.search.index_manifest import read_impact_manifest


class LuceneSearcher:
    """Searches a Lucene impact index through Anserini's ``SimpleImpactSearcher``, from any thread.

    Args:
        index: the folder of the index.

    Raises:
        InputError: the folder is not a Lucene index.
        DiscoError: the Java virtual machine does not start.
    """

    def __init__(self, index: Path) -> None:
        read_impact_manifest(index)
        if not any(index.glob("segments_*")):
            raise InputError(
                f"{index}: expected a Lucene index, found one of another engine: name that engine (--engine)"
            )
        self._index = index
        self._closed = False
        jnius = jvm.start()
        with jvm.shared_classes:
            self._searcher = jnius.autoclass("io.anserini.search.SimpleImpactSearcher")(str(index))
            self._reader = self._searcher.reader
            self._term = jnius.autoclass("org.apache.lucene.index.Term")
            self._documents: int = self._reader.numDocs()
        self._discriminating: dict[str, bool] = {}
        self._retrievers = Retrievers(self._reader, self)

    def search(
        self, vectors: Sequence[ImpactQuery], k: int, *, threads: int = 1, query_terms: int | None = None
    ) -> list[list[Hit]]:
        """See `disco_pyserini.search.Searcher.search`."""
        self._check_open()
        return self._retrievers.search(list(map(self.discriminating, vectors)), k, query_terms, threads)

    def explain(self, vector: ImpactQuery, docid: str) -> dict[str, tuple[int, int]] | None:
        """See `disco_pyserini.search.Searcher.explain`."""
        self._check_open()
        with jvm.shared_classes:
            ids = self._postings("id", docid)
            if ids is None:
                return None
            document = ids.nextDoc()
            found = {}
            for token, impact in self.discriminating(vector).items():
                postings = self._postings("contents", token)
                if postings is not None and postings.advance(document) == document:
                    found[token] = (impact, postings.freq())
            return found

    def text(self, docid: str) -> str | None:
        """See `disco_pyserini.search.Searcher.text`."""
        self._check_open()
        with jvm.shared_classes:
            raw = self._searcher.doc_raw(docid)
        return stored_text(raw)

    def close(self) -> None:
        """See `disco_pyserini.search.Searcher.close`."""
        self._closed = True
        with jvm.shared_classes:
            self._searcher.close()

    def discriminating(self, vector: ImpactQuery) -> dict[str, int]:
        """Return the tokens of a vector that count in a search: those that occur in some documents, but not in all."""
        return {token: impact for token, impact in vector.items() if self._discriminates(token)}

    def _check_open(self) -> None:
        if self._closed:
            raise closed_error(self._index)

    def _discriminates(self, token: str) -> bool:
        # Pyserini drops terms with idf = log(documents / frequency) <= 0: those in no document or in all of them.
        known = self._discriminating.get(token)
        if known is None:
            with jvm.shared_classes:
                known = 0 < self._reader.docFreq(self._term("contents", token)) < self._documents
            self._discriminating[token] = known
        return known

    def _postings(self, field: str, token: str) -> Any:
        """Return the posting list of a token; None if the index does not have it."""
        jnius = jvm.start()
        return jnius.autoclass("org.apache.lucene.index.MultiTerms").getTermPostingsEnum(
            self._reader, field, jnius.autoclass("org.apache.lucene.util.BytesRef")(token.encode())
        )


ENGINE = Engine(build=build_index, open=LuceneSearcher)
