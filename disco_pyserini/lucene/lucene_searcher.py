"""The Lucene engine: an open impact index as a `disco_pyserini.search.Searcher`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.document_writer import stored_text
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.lucene.in_use import InUse
from disco_pyserini.lucene.index_reading import has_segments, reading_failures, verify
from disco_pyserini.lucene.index_update import update_index
from disco_pyserini.lucene.retrieval import Retrievers
from disco_pyserini.search.engine import Engine, ImpactQuery
from disco_pyserini.search.hits import Hits
from disco_pyserini.search.index_manifest import read_impact_manifest


class LuceneSearcher:
    """Searches a Lucene impact index through Anserini's ``SimpleImpactSearcher``, from any thread.

    Args:
        index: the folder of the index.

    Raises:
        InputError: the folder is not a Lucene index, or it is damaged.
        DiscoError: the Java virtual machine does not start.
    """

    def __init__(self, index: Path) -> None:
        read_impact_manifest(index)
        if not has_segments(index):
            raise InputError(
                f"{index}: expected a Lucene index, found no file segments_N in it: name the engine of this index "
                "(--engine), or copy all of its files"
            )
        self._in_use = InUse(index)
        jnius = jvm.start()
        with reading_failures(index), jvm.shared_classes:
            self._searcher = jnius.autoclass("io.anserini.search.SimpleImpactSearcher")(str(index))
            self._reader = self._searcher.reader
            self._term = jnius.autoclass("org.apache.lucene.index.Term")
            self.documents: int = self._reader.numDocs()
        self._discriminating: dict[str, bool] = {}
        self._retrievers = Retrievers(self._reader, self)

    def search(
        self,
        vectors: Sequence[ImpactQuery],
        k: int,
        *,
        threads: int = 1,
        query_terms: int | None = None,
        all_terms: bool = False,
    ) -> list[Hits]:
        """See `disco_pyserini.search.engine.Shard.search`."""
        with self._in_use.call():
            counting = vectors if all_terms else list(map(self.discriminating, vectors))
            return self._retrievers.search(counting, k, query_terms, threads)

    def explain(self, vector: ImpactQuery, docid: str, *, all_terms: bool = False) -> dict[str, tuple[int, int]] | None:
        """See `disco_pyserini.search.engine.Shard.explain`."""
        with self._in_use.call(), jvm.shared_classes:
            ids = self._postings("id", docid)
            if ids is None:
                return None
            document = ids.nextDoc()
            found = {}
            for token, impact in (vector if all_terms else self.discriminating(vector)).items():
                postings = self._postings("contents", token)
                if postings is not None and postings.advance(document) == document:
                    found[token] = (impact, postings.freq())
            return found

    def text(self, docid: str) -> str | None:
        """See `disco_pyserini.search.Searcher.text`."""
        with self._in_use.call(), jvm.shared_classes:
            raw = self._searcher.doc_raw(docid)
        return stored_text(raw)

    def close(self) -> None:
        """See `disco_pyserini.search.Searcher.close`. Waits for the searches that run."""
        if self._in_use.end():
            with jvm.shared_classes:
                self._searcher.close()

    def frequencies(self, tokens: Sequence[str]) -> list[int]:
        """See `disco_pyserini.search.engine.Shard.frequencies`."""
        with self._in_use.call(), jvm.shared_classes:
            return [self._reader.docFreq(self._term("contents", token)) for token in tokens]

    def discriminating(self, vector: ImpactQuery) -> dict[str, int]:
        """Return the tokens of a vector that count in a search: those that occur in some documents, but not in all."""
        return {token: impact for token, impact in vector.items() if self._discriminates(token)}

    def _discriminates(self, token: str) -> bool:
        # Pyserini drops terms with idf = log(documents / frequency) <= 0: those in no document or in all of them.
        known = self._discriminating.get(token)
        if known is None:
            known = 0 < self.frequencies([token])[0] < self.documents
            self._discriminating[token] = known
        return known

    def _postings(self, field: str, token: str) -> Any:
        """Return the posting list of a token; None if the index does not have it."""
        jnius = jvm.start()
        return jnius.autoclass("org.apache.lucene.index.MultiTerms").getTermPostingsEnum(
            self._reader, field, jnius.autoclass("org.apache.lucene.util.BytesRef")(token.encode())
        )


ENGINE = Engine(build=build_index, open=LuceneSearcher, update=update_index, verify=verify)
