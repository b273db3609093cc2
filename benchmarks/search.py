"""Milliseconds per query of Lucene and of exhaustive scoring (``splade-index``, compiled by numba), and their memory.

Demo-world passages and the conversations of its test split, encoded with disco-tiny beforehand; one thread each.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from benchmarks.demo_passages import cached, demo_index, demo_queries, demo_vectors
from benchmarks.given import Given
from benchmarks.measure import ROUNDS, interleave, run_python
from benchmarks.results_page import Check, Report, Row, Target, ratio
from disco_pyserini.evaluation import evaluate
from disco_pyserini.lucene import jvm
from disco_pyserini.search.searcher import DiscoSearcher

PRUNED_TERMS = (8, 10, 12)
TARGET_TERMS = 12
DEPTHS = (10, 100, 1000)
PERCENTILES = (50, 95, 99)
FULL, ANSERINI, EXHAUSTIVE = "disco, full query", "Anserini SimpleImpactSearcher", "splade-index"
PRUNED = {terms: f"disco, --query-terms {terms}" for terms in PRUNED_TERMS}
CHOSEN = PRUNED[TARGET_TERMS]
MEASURES = ("nDCG@10", "R@100")

type Results = dict[str, list[tuple[str, float]]]
type Queries = dict[str, dict[str, int]]


def main(rounds: int = ROUNDS, size: int = 1_000_000, queries: int = 100, judged: int = 1_000) -> Report:
    """Search with every contender in turns; compare what they find, and what pruning loses."""
    vectors, grades = demo_queries(size, max(queries, judged))
    timed = dict(list(vectors.items())[:: max(1, len(vectors) // queries)][:queries])
    arrays = _exhaustive_arrays(size)
    rows = []
    with _Contenders(size, vectors, arrays) as contenders:
        for k in (k for k in DEPTHS if k <= size):
            found = interleave(
                {name: partial(_latencies, partial(search, k=k), timed) for name, search in contenders.every.items()},
                rounds,
            )
            rows += [
                Row(f"k = {k}, p{percentile}", "ms", name, [float(np.percentile(one, percentile)) for one in every])
                for percentile in PERCENTILES
                for name, every in found.items()
            ]
        same, kept = _answers(contenders, timed, vectors, grades, min(size, 1000))
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "queries.json"
        given.write_text(json.dumps(timed), encoding="utf-8")
        memory = {
            name: run_python(["-m", "benchmarks.search", mode, str(size), given]).megabytes
            for name, mode in ((CHOSEN, "pruned"), (FULL, "full"), (EXHAUSTIVE, "exhaustive"))
        }
    rows += [Row("memory", "MB", name, [megabytes]) for name, megabytes in memory.items()]
    depths = [k for k in DEPTHS if k <= size]
    return Report(
        "search",
        f"{size:,} passages of the demo world, {len(timed)} conversations, one at a time on one thread, from the "
        "query's vector to document ids and scores. Memory: peak resident memory of a process that opens the index and "
        "answers these queries.",
        ("disco-pyserini", "pyserini", "pyjnius", "splade-index", "numba"),
        rows,
        [
            *(
                Target(
                    f"{CHOSEN} against {ANSERINI}, k = {k}, p50",
                    1 / ratio(rows, f"k = {k}, p50", ANSERINI, CHOSEN),
                    0.4,
                    True,
                )
                for k in depths
            ),
            *(
                Target(
                    f"{CHOSEN} against {EXHAUSTIVE}, k = {k}, p50", ratio(rows, f"k = {k}, p50", EXHAUSTIVE, CHOSEN), 1
                )
                for k in depths
            ),
            *(Target(f"{name} of {CHOSEN}, of the full query's", kept[TARGET_TERMS][name], 0.99) for name in MEASURES),
            Target(f"memory of {CHOSEN} against {EXHAUSTIVE}", memory[CHOSEN] / memory[EXHAUSTIVE], 1, True),
        ],
        [
            *same,
            *(
                Check(
                    f"{PRUNED[terms]}, of the full query's",
                    ", ".join(f"{value:.1%} of the {name}" for name, value in found.items()),
                    True,
                )
                for terms, found in kept.items()
            ),
        ],
        {"Java": jvm.choose_java().version},
    )


def _latencies(search: Callable[[str], object], queries: Queries) -> list[float]:
    milliseconds = []
    for qid in queries:
        began = perf_counter()
        search(qid)
        milliseconds.append(1000 * (perf_counter() - began))
    return milliseconds


class _Contenders:
    """All of them, open: functions from the name of a query and ``k`` to document ids and scores."""

    def __init__(self, passages: int, vectors: Queries, arrays: _Arrays) -> None:
        self._disco = DiscoSearcher(demo_index(passages), Given(vectors))
        jnius = jvm.start()
        self._anserini = jnius.autoclass("io.anserini.search.SimpleImpactSearcher")(str(demo_index(passages)))
        self._jnius = jnius
        self._vectors = {qid: self._disco.searcher.discriminating(vector) for qid, vector in vectors.items()}
        self._exhaustive = _exhaustive(arrays, vectors)
        self.every: dict[str, Callable[..., list[tuple[str, float]]]] = {
            **{name: partial(self.disco, query_terms=terms) for terms, name in PRUNED.items()},
            FULL: self.disco,
            ANSERINI: self.anserini,
            EXHAUSTIVE: self.exhaustive,
        }

    def disco(self, qid: str, k: int, query_terms: int | None = None) -> list[tuple[str, float]]:
        return [(hit.docid, hit.score) for hit in self._disco.search(qid, k, query_terms)]

    def anserini(self, qid: str, k: int) -> list[tuple[str, float]]:
        return [(hit.docid, hit.score) for hit in self._anserini.search(self._java_query(qid), k)]

    def exhaustive(self, qid: str, k: int) -> list[tuple[str, float]]:
        found = self._exhaustive.retrieve([qid], k=k, show_progress=False, return_as="tuple")
        return list(zip(found.doc_ids[0].tolist(), found.scores[0].tolist(), strict=True))

    def _java_query(self, qid: str) -> Any:
        """Hand a query over as Pyserini does."""
        query = self._jnius.autoclass("java.util.HashMap")()
        for token, impact in self._vectors[qid].items():
            query.put(token, self._jnius.autoclass("java.lang.Integer")(impact))
        return query

    def __enter__(self) -> _Contenders:
        return self

    def __exit__(self, *problem: object) -> None:
        self._disco.close()
        self._anserini.close()


def _answers(
    contenders: _Contenders, timed: Queries, vectors: Queries, grades: Mapping[str, Mapping[str, int]], deepest: int
) -> tuple[list[Check], dict[int, dict[str, float]]]:
    """Say whether full searches agree, and how much of the measures and of the best ten pruning keeps, by its terms."""
    anserini = all(contenders.anserini(qid, deepest) == contenders.disco(qid, deepest) for qid in timed)
    # Ties stand in another order there, so that of equal scores others may be the last.
    exhaustive = all(
        _scores(contenders.exhaustive(qid, deepest)) == _scores(contenders.disco(qid, deepest)) for qid in timed
    )
    checks = [
        Check(f"documents, scores and order of {FULL} and {ANSERINI}, k = {deepest}", _word(anserini), anserini),
        Check(f"scores of {FULL} and {EXHAUSTIVE}, k = {deepest}", _word(exhaustive), exhaustive),
    ]
    full = {qid: contenders.disco(qid, 100) for qid in vectors}
    before = evaluate({qid: dict(hits) for qid, hits in full.items()}, grades, MEASURES)
    kept = {}
    for terms in PRUNED_TERMS:
        pruned = {qid: contenders.disco(qid, 100, terms) for qid in vectors}
        after = evaluate({qid: dict(hits) for qid, hits in pruned.items()}, grades, MEASURES)
        best = [(set(dict(full[qid][:10])), set(dict(pruned[qid][:10]))) for qid in full if full[qid]]
        kept[terms] = {name: after.mean(name) / before.mean(name) for name in MEASURES}
        kept[terms]["best 10 documents"] = sum(len(a & b) / len(a) for a, b in best) / len(best)
    return checks, kept


def _scores(hits: Sequence[tuple[str, float]]) -> list[int]:
    return [round(score) for _, score in hits if score]


def _word(same: bool) -> str:
    return "equal" if same else "different"


class _Arrays(NamedTuple):
    """What splade-index keeps: the postings of every term, one term after the other, and the ids of the documents."""

    data: np.ndarray[Any, Any]
    indices: np.ndarray[Any, Any]
    indptr: np.ndarray[Any, Any]
    ids: np.ndarray[Any, Any]
    vocabulary: list[str]


def _exhaustive_arrays(passages: int) -> _Arrays:
    """Read them from the cache, after writing them there from the vectors the first time."""
    folder = cached(passages) / "splade-index"
    source = demo_vectors(passages)
    if not folder.exists():
        from scipy.sparse import csr_array

        batches = list(source.batches())
        terms = np.concatenate([batch.terms[batch.offsets[0] : batch.offsets[-1]] for batch in batches])
        impacts = np.concatenate([batch.impacts[batch.offsets[0] : batch.offsets[-1]] for batch in batches])
        lengths = np.concatenate([np.diff(batch.offsets) for batch in batches])
        rows = csr_array((impacts.astype(np.float32), terms, np.concatenate([[0], np.cumsum(lengths)])))
        rows.resize(passages, len(source.vocabulary))
        columns = rows.tocsc()
        folder.mkdir(parents=True)
        np.save(folder / "data.npy", columns.data)
        np.save(folder / "indices.npy", columns.indices.astype(np.int32))
        np.save(folder / "indptr.npy", columns.indptr.astype(np.int32))
        np.save(folder / "ids.npy", np.array([docid for batch in batches for docid in batch.ids]))
    names = ("data", "indices", "indptr", "ids")
    return _Arrays(*(np.load(folder / f"{name}.npy") for name in names), vocabulary=list(source.vocabulary))


def _exhaustive(arrays: _Arrays, vectors: Queries) -> Any:
    """Open splade-index with these arrays, as its own ``index`` leaves them, and with queries that are encoded."""
    import torch
    from splade_index import SPLADE

    numbers = {token: number for number, token in enumerate(arrays.vocabulary)}
    frequencies = np.diff(arrays.indptr)

    def tensor(vector: Mapping[str, int]) -> torch.Tensor:
        # As everywhere, terms in no document or in all of them do not count.
        kept = {numbers[token]: impact for token, impact in vector.items()}
        kept = {term: kept[term] for term in sorted(kept) if 0 < frequencies[term] < len(arrays.ids)}
        weights = torch.tensor(list(kept.values()), dtype=torch.float32)
        return torch.sparse_coo_tensor(torch.tensor([list(kept)]), weights, (len(frequencies),)).coalesce()

    tensors = {qid: tensor(vector) for qid, vector in vectors.items()}

    class Encoded:
        def encode_query(self, texts: Sequence[str], **options: object) -> list[torch.Tensor]:
            return [tensors[text] for text in texts]

    index = SPLADE(backend="numba")
    index.scores = {
        "data": arrays.data,
        "indices": arrays.indices,
        "indptr": arrays.indptr,
        "num_docs": len(arrays.ids),
    }
    index.model = Encoded()
    index.vocab_dict = numbers
    index.document_ids = arrays.ids
    # It returns the texts too; nobody here keeps them.
    index.corpus = np.zeros(len(arrays.ids), dtype=np.int8)
    index.unique_token_ids_set = set(np.flatnonzero(frequencies).tolist())
    return index


def _alone(mode: str, passages: int, queries: Path) -> None:
    """Answer queries in a process of its own, for its memory."""
    vectors = json.loads(queries.read_text(encoding="utf-8"))
    if mode == "exhaustive":
        index = _exhaustive(_exhaustive_arrays(passages), vectors)
        for qid in vectors:
            index.retrieve([qid], k=100, show_progress=False, return_as="tuple")
        return
    with DiscoSearcher(demo_index(passages), Given(vectors)) as searcher:
        for qid in vectors:
            searcher.search(qid, 100, TARGET_TERMS if mode == "pruned" else None)


if __name__ == "__main__":
    _alone(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
