"""Running impact queries in Lucene: in full, or with the highest-weighted terms and exact rescoring.

Documents, scores and order are those of Anserini's ``SimpleImpactSearcher``, without its overhead, which costs more
than the search itself: it writes each query as text, tokenises that, and reads a stored document for every hit.
"""

from __future__ import annotations

import json
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np

from disco_pyserini.errors import InputError
from disco_pyserini.lucene import jvm
from disco_pyserini.search.engine import Searcher, check_numbers, lower_ties
from disco_pyserini.search.hits import Hits

MOST_MORE_CANDIDATES = 100
"""A pruned search rescores ``5 * k`` candidates, but at most this many more than ``k``."""


_BY_SCORE, _MORE = 200, 32
"""From this ``k`` on, documents are collected by score alone, and so many more than ``k``."""
_MOST_HITS = 1 << 31


class Retriever:
    """Searches an open index, from one thread: see `Retrievers`."""

    def __init__(self, reader: Any) -> None:
        with jvm.shared_classes:
            self._prepare(jvm.start(), reader)

    def search(
        self, vector: Mapping[str, int], k: int, query_terms: int | None = None, owner: Searcher | None = None
    ) -> Hits:
        """Return the best ``k`` documents, best first, ties by document id.

        Args:
            vector: impacts by token, of tokens that discriminate in this index.
            k: how many documents to return.
            query_terms: retrieve candidates with this many of the highest-weighted tokens, then rescore with all.
                Documents without any of these tokens are not found.
            owner: reads the texts of hits. Not kept: the searcher that owns this would live as long as its threads.
        """
        if query_terms is None or len(vector) <= query_terms:
            hits = self._full(self._query(vector), k)
        else:
            hits = self._fields(self._pruned(vector, k, query_terms))
        scores = np.array([fields[0] for _, fields in hits], dtype=np.float32)
        return Hits(
            lambda: _ids(hits),
            lower_ties(scores),
            owner,
            scores,
        )

    def _prepare(self, jnius: Any, reader: Any) -> None:
        self._java = _java_classes(jnius)
        self._searcher = self._java.IndexSearcher(jnius.cast("org.apache.lucene.index.IndexReader", reader))
        self._searcher.setSimilarity(jnius.autoclass("io.anserini.search.similarity.ImpactSimilarity")())
        by_score = jnius.autoclass("org.apache.lucene.search.SortField").FIELD_SCORE
        by_id = jnius.autoclass("org.apache.lucene.search.SortField")(
            "id", jnius.autoclass("org.apache.lucene.search.SortField$Type").STRING_VAL
        )
        self._order = self._java.Sort([by_score, by_id])
        self._sorter = self._java.SortRescorer(self._order)
        self._queries = self._java.BagOfWordsQueryGenerator()
        self._json = _json_mapper(jnius, self._java)
        types = jnius.autoclass("com.fasterxml.jackson.databind.type.TypeFactory").defaultInstance()
        self._weights = types.constructFromCanonical("java.util.HashMap<java.lang.String,java.lang.Float>")
        # Look up the classes of search results now: pyjnius would do so during a search, without the lock.
        for name in ("Query", "TopDocs", "TopFieldDocs"):
            jnius.autoclass(f"org.apache.lucene.search.{name}")
        jnius.autoclass("java.util.HashMap")

    def _full(self, query: Any, k: int) -> list[Any]:
        if _BY_SCORE <= k < _MOST_HITS - _MORE:
            # Collecting by score alone is faster, but leaves out documents that are tied with the last one. With a few
            # documents more, the ties of the k-th usually end before the last.
            hits = self._fields(
                self._sorter.rescore(self._searcher, self._searcher.search(query, k + _MORE), k + _MORE)
            )
            if len(hits) < k + _MORE or _score(hits[k - 1]) > _score(hits[-1]):
                return hits[:k]
        return self._fields(self._searcher.search(query, k, self._order))

    def _fields(self, found: Any) -> list[Any]:
        """Bring all hits from Java to Python at once: [[document, [score, [id in base64, offset, length]]], …]."""
        hits: list[Any] = json.loads(self._json.writeValueAsString(found))["scoreDocs"]
        return hits

    def _pruned(self, vector: Mapping[str, int], k: int, query_terms: int) -> Any:
        tokens = sorted(vector, key=lambda token: (-vector[token], token))
        heavy, light = (
            {token: vector[token] for token in part} for part in (tokens[:query_terms], tokens[query_terms:])
        )
        number = min(5 * k, k + MOST_MORE_CANDIDATES)
        candidates = self._searcher.search(self._query(heavy), number)
        # Scores are sums of integers, so both parts add up to the score of the full query (below 2^24, as floats).
        scored = self._java.QueryRescorer.rescore(self._searcher, candidates, self._query(light), 1.0, number)
        return self._sorter.rescore(self._searcher, scored, k)

    def _query(self, vector: Mapping[str, int]) -> Any:
        # A query crosses from Python to Java in one call, as text; token by token takes ten times as long.
        return self._queries.buildQuery("contents", self._json.readValue(json.dumps(vector), self._weights))


class Retrievers:
    """Searches an open index from any thread: each thread has its own `Retriever`.

    Args:
        reader: an open ``IndexReader``.
        searcher: reads the text of a hit.
    """

    def __init__(self, reader: Any, searcher: Searcher | None = None) -> None:
        self._reader = reader
        self._searcher = searcher

    def search(
        self, vectors: Sequence[Mapping[str, int]], k: int, query_terms: int | None = None, threads: int = 1
    ) -> list[Hits]:
        """Search with each vector as `Retriever.search` does: on this thread, or on several others.

        Raises:
            InputError: ``k``, ``threads`` or ``query_terms`` is below 1.
        """
        check_numbers(k=k, threads=threads, query_terms=query_terms)
        if threads == 1:
            return self._search_here(vectors, k, query_terms)
        found: dict[int, Hits] = {}
        with ThreadPoolExecutor(threads) as pool:
            shares = pool.map(lambda first: self._search_here(vectors[first::threads], k, query_terms), range(threads))
            for first, hits in enumerate(shares):
                found |= zip(range(first, len(vectors), threads), hits, strict=True)
        return [found[place] for place in range(len(vectors))]

    def _search_here(self, vectors: Sequence[Mapping[str, int]], k: int, query_terms: int | None) -> list[Hits]:
        own = jvm.of_this_thread()
        if self not in own:
            own[self] = Retriever(self._reader)
        return [own[self].search(vector, k, query_terms, self._searcher) for vector in vectors]


def _ids(hits: Sequence[Any]) -> list[str]:
    try:
        return [a2b_base64(name)[at : at + length].decode() for _, (_, (name, at, length)) in hits]
    except UnicodeDecodeError as problem:
        raise InputError(
            f"a document of the index has the id {problem.object!r}, which is not UTF-8: the files are damaged: copy "
            "the index again, or build it again"
        ) from problem


def _score(hit: Any) -> float:
    return float(hit[1][0])


def _json_mapper(jnius: Any, java: SimpleNamespace) -> Any:
    """Make a JSON mapper for hits. It writes public fields of Lucene's objects; for hits and ids, only the values."""
    mapper, annotation = java.ObjectMapper(), "com.fasterxml.jackson.annotation"
    accessor = jnius.autoclass(f"{annotation}.PropertyAccessor")
    nothing = jnius.autoclass(f"{annotation}.JsonAutoDetect$Visibility").NONE
    mapper.setVisibility(accessor.GETTER, nothing)
    mapper.setVisibility(accessor.IS_GETTER, nothing)
    features = jnius.autoclass("com.fasterxml.jackson.databind.SerializationFeature")
    mapper.configure(features.FAIL_ON_EMPTY_BEANS, False)
    ignored = jnius.autoclass(f"{annotation}.JsonIgnoreProperties$Value").forIgnoredProperties("score", "shardIndex")
    values = jnius.autoclass(f"{annotation}.JsonFormat$Value").forShape(
        jnius.autoclass(f"{annotation}.JsonFormat$Shape").ARRAY
    )
    for name in ("org/apache/lucene/search/FieldDoc", "org/apache/lucene/util/BytesRef"):
        mapper.configOverride(jnius.find_javaclass(name)).setIgnorals(ignored).setFormat(values)
    return mapper


def _java_classes(jnius: Any) -> SimpleNamespace:
    declare, method = jvm.declare, jnius.JavaMethod
    lucene, jackson = "org/apache/lucene/search", "com/fasterxml/jackson"
    query, top, sort, searcher = (f"L{lucene}/{name};" for name in ("Query", "TopDocs", "Sort", "IndexSearcher"))
    mapper = f"L{jackson}/databind/ObjectMapper;"
    return SimpleNamespace(
        IndexSearcher=declare(
            f"{lucene}/IndexSearcher",
            "(Lorg/apache/lucene/index/IndexReader;)V",
            setSimilarity=method(f"(L{lucene}/similarities/Similarity;)V"),
            search=jnius.JavaMultipleMethod(
                [(f"({query}I{sort})L{lucene}/TopFieldDocs;", False, False), (f"({query}I){top}", False, False)]
            ),
        ),
        Sort=declare(f"{lucene}/Sort", f"([L{lucene}/SortField;)V"),
        SortRescorer=declare(f"{lucene}/SortRescorer", f"({sort})V", rescore=method(f"({searcher}{top}I){top}")),
        QueryRescorer=declare(
            f"{lucene}/QueryRescorer",
            f"({query})V",
            rescore=jnius.JavaStaticMethod(f"({searcher}{top}{query}DI){top}"),
        ),
        BagOfWordsQueryGenerator=declare(
            "io/anserini/search/query/BagOfWordsQueryGenerator",
            "()V",
            buildQuery=method(f"(Ljava/lang/String;Ljava/util/Map;){query}"),
        ),
        ObjectMapper=declare(
            f"{jackson}/databind/ObjectMapper",
            "()V",
            readValue=method(f"(Ljava/lang/String;L{jackson}/databind/JavaType;)Ljava/lang/Object;"),
            writeValueAsString=method("(Ljava/lang/Object;)Ljava/lang/String;"),
            configOverride=method(f"(Ljava/lang/Class;)L{jackson}/databind/cfg/MutableConfigOverride;"),
            configure=method(f"(L{jackson}/databind/SerializationFeature;Z){mapper}"),
            setVisibility=method(
                f"(L{jackson}/annotation/PropertyAccessor;L{jackson}/annotation/JsonAutoDetect$Visibility;){mapper}"
            ),
        ),
    )
