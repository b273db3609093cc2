"""Every engine finds what adding up all products finds, in collections that hypothesis draws: ties, odd tokens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_indexes import ODD_TOKENS, LookUp, Vectors

from disco_pyserini.search import build_index
from disco_pyserini.search.engine import lower_ties
from disco_pyserini.search.searcher import DiscoSearcher

TOKENS = [*ODD_TOKENS, *(f"t{number}" for number in range(6))]
# Small impacts, so that scores are often equal; and the largest.
IMPACTS = st.integers(1, 3) | st.just(65535)
DOCUMENTS = st.dictionaries(
    st.text("ab0Zé東-_#", min_size=1, max_size=4),
    st.dictionaries(st.sampled_from(TOKENS), IMPACTS, min_size=1, max_size=8),
    min_size=1,
    max_size=25,
)
QUERIES = st.lists(
    st.dictionaries(st.sampled_from([*TOKENS, "nowhere"]), st.integers(1, 3), min_size=1, max_size=8),
    min_size=1,
    max_size=4,
)


def best(documents: Mapping[str, Mapping[str, int]], query: Mapping[str, int], k: int) -> list[tuple[str, float]]:
    """Score every document: terms of all documents do not count, equal scores are in the order of ids."""
    ids = sorted(documents, key=lambda docid: docid.encode())
    matrix = np.array([[documents[docid].get(token, 0) for token in query] for docid in ids], np.int64)
    frequencies = (matrix > 0).sum(axis=0)
    weights = np.where(frequencies < len(ids), list(query.values()), 0)
    scores = (matrix @ weights).astype(np.float32)
    order = np.argsort(-scores, kind="stable")[: min(k, int((scores > 0).sum()))]
    return list(zip([ids[row] for row in order], lower_ties(scores[order]).tolist(), strict=True))


@pytest.mark.parametrize("engine", ["lucene", "flat"])
@settings(max_examples=settings.default.max_examples // 4)
@given(documents=DOCUMENTS, vectors=QUERIES, k=st.integers(1, 30))
def test_an_engine_equals_exhaustive_scoring(
    engine: str, documents: dict[str, dict[str, int]], vectors: list[dict[str, int]], k: int
) -> None:
    queries = {f"q{number}": vector for number, vector in enumerate(vectors)}
    with TemporaryDirectory() as folder:
        build_index(Vectors(documents), Path(folder) / "index", engine=engine)
        with DiscoSearcher(Path(folder) / "index", LookUp(queries), engine) as searcher:
            together = searcher.batch_search(list(queries), list(queries), k, threads=2)
            for qid, query in queries.items():
                found = [(hit.docid, hit.score) for hit in searcher.search(qid, k)]
                assert found == best(documents, query, k)
                assert [(hit.docid, hit.score) for hit in together[qid]] == found
                for docid, score in best(documents, query, len(documents)):
                    # Ties are lowered by millionths at most; scores are whole numbers.
                    assert searcher.explain(qid, docid).score == round(score)
