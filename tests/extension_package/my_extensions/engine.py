"""An engine: posting lists in Python dictionaries, for collections of some thousand documents."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from heapq import nsmallest
from pathlib import Path
from time import perf_counter

import numpy as np

from disco_pyserini.errors import InputError
from disco_pyserini.files import folder_aside
from disco_pyserini.search.engine import Engine, ImpactQuery, IndexSummary, lower_ties
from disco_pyserini.search.hits import Hit
from disco_pyserini.search.index_manifest import IndexManifest, write_index_manifest
from disco_pyserini.vectors import VectorSource

VECTORS, TEXTS = "vectors.json", "texts.json"


def build(
    source: VectorSource,
    directory: Path,
    *,
    threads: int = 1,
    store_raw: bool = True,
    progress: Callable[[int], None] | None = None,
) -> IndexSummary:
    """Write the vectors and texts as JSON; documents without terms are left out."""
    began = perf_counter()
    vectors: dict[str, dict[str, int]] = {}
    texts: dict[str, str] = {}
    empty = 0
    for batch in source.batches():
        for (docid, terms, impacts), text in zip(batch, batch.raw or [""] * len(batch), strict=True):
            if docid in vectors:
                raise InputError(f"expected each document once, found {docid!r} twice")
            if not len(terms):
                empty += 1
                continue
            vectors[docid] = {source.vocabulary[term]: int(impact) for term, impact in zip(terms, impacts, strict=True)}
            if store_raw and text:
                texts[docid] = text
        if progress:
            progress(len(vectors))
    postings = sum(map(len, vectors.values()))
    with folder_aside(directory.absolute()) as aside:
        (aside / VECTORS).write_text(json.dumps(vectors), encoding="utf-8")
        (aside / TEXTS).write_text(json.dumps(texts), encoding="utf-8")
        manifest = IndexManifest(space=source.space, documents=len(vectors), postings=postings, raw=bool(texts))
        write_index_manifest(manifest, aside)
    return IndexSummary(directory, len(vectors), empty, postings, perf_counter() - began)


class PostingsSearcher:
    """An open index."""

    def __init__(self, index: Path) -> None:
        vectors = json.loads((index / VECTORS).read_text(encoding="utf-8"))
        self._ids = vectors.keys()
        self._texts = json.loads((index / TEXTS).read_text(encoding="utf-8"))
        self._postings: dict[str, dict[str, int]] = {}
        for docid, vector in vectors.items():
            for token, impact in vector.items():
                self._postings.setdefault(token, {})[docid] = impact
        # Tokens that occur in all documents are ignored, as Pyserini ignores them.
        self._postings = {token: found for token, found in self._postings.items() if len(found) < len(vectors)}

    def search(
        self, vectors: Sequence[ImpactQuery], k: int, *, threads: int = 1, query_terms: int | None = None
    ) -> list[list[Hit]]:
        """Score every document that shares a token with the query: exact, so that ``query_terms`` is not needed."""
        return [self._search(vector, k) for vector in vectors]

    def _search(self, vector: ImpactQuery, k: int) -> list[Hit]:
        scores: Counter[str] = Counter()
        for token, impact in vector.items():
            for docid, document_impact in self._postings.get(token, {}).items():
                scores[docid] += impact * document_impact
        best = nsmallest(k, scores.items(), key=lambda item: (-item[1], item[0]))
        lowered = lower_ties(np.array([score for _, score in best], np.float32)).tolist()
        return [Hit(docid, score, self) for (docid, _), score in zip(best, lowered, strict=True)]

    def explain(self, vector: ImpactQuery, docid: str) -> dict[str, tuple[int, int]] | None:
        """Return query impact and document impact of every token that adds to a document's score."""
        if docid not in self._ids:
            return None
        found = {token: self._postings.get(token, {}).get(docid) for token in vector}
        return {token: (vector[token], impact) for token, impact in found.items() if impact is not None}

    def text(self, docid: str) -> str | None:
        """Return the stored text of a document."""
        text: str | None = self._texts.get(docid)
        return text

    def close(self) -> None:
        """Nothing is open."""


ENGINE = Engine(build=build, open=PostingsSearcher)
