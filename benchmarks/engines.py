"""Search engines of this and other packages over the same vectors: how each is built, opened and asked.

``python -m benchmarks.engines build|answer NAME FOLDER`` does one of it in a process of its own, for its memory.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.given import Given, OneByOne
from benchmarks.mixed_vectors import MixedVectors
from disco_pyserini.search import DiscoSearcher, build_index
from disco_pyserini.search.hits import Hits
from disco_pyserini.vectors import VectorSource, open_vectors

LUCENE, FLAT, PYSERINI = "disco, lucene", "disco, flat", "Pyserini LuceneImpactSearcher"
SPLADE_INDEX, SEISMIC, BMP = "splade-index", "Seismic", "bmp"

type Found = tuple[Sequence[str], Sequence[float]]
"""Document ids and scores, best first."""
type Ask = Callable[..., Found]
"""Answers the name of a query, ``k``, and settings of the engine's own."""
type Queries = Mapping[str, dict[str, int]]


@dataclass(frozen=True)
class Engine:
    """An engine.

    Attributes:
        module: what must be installed.
        folder: where its files are, in the folder of all engines.
        build: builds it there from vectors.
        open: opens it there, to answer queries by name.
    """

    module: str
    folder: str
    build: Callable[[VectorSource, Path], object]
    open: Callable[[Path, Queries], Ask]


def _open_disco(folder: Path, queries: Queries, engine: str) -> Ask:
    searcher = DiscoSearcher(folder, Given(queries), engine)

    def ask(qid: str, k: int, query_terms: int | None = None) -> Found:
        hits = searcher.search(qid, k, query_terms)
        assert isinstance(hits, Hits)
        return hits.docids, hits.scores.tolist()

    return ask


def _open_pyserini(folder: Path, queries: Queries) -> Ask:
    from pyserini.search.lucene import LuceneImpactSearcher

    searcher = LuceneImpactSearcher(str(folder), OneByOne(queries))

    def ask(qid: str, k: int) -> Found:
        hits = [(hit.docid, hit.score) for hit in searcher.search(qid, k)]
        return [docid for docid, _ in hits], [score for _, score in hits]

    return ask


def _build_splade_index(source: VectorSource, folder: Path) -> None:
    """Write what its own ``index`` computes: the postings of every term, one term after the other."""
    from scipy.sparse import csr_array

    folder.mkdir()
    batches = list(source.batches())
    terms = np.concatenate([batch.terms[batch.offsets[0] : batch.offsets[-1]] for batch in batches])
    impacts = np.concatenate([batch.impacts[batch.offsets[0] : batch.offsets[-1]] for batch in batches])
    lengths = np.concatenate([np.diff(batch.offsets) for batch in batches])
    rows = csr_array((impacts.astype(np.float32), terms, np.concatenate([[0], np.cumsum(lengths)])))
    rows.resize(len(lengths), len(source.vocabulary))
    columns = rows.tocsc()
    np.save(folder / "data.npy", columns.data)
    np.save(folder / "indices.npy", columns.indices.astype(np.int32))
    np.save(folder / "indptr.npy", columns.indptr.astype(np.int32))
    np.save(folder / "ids.npy", np.array([docid for batch in batches for docid in batch.ids]))
    (folder / "vocabulary.json").write_text(json.dumps(list(source.vocabulary)), encoding="utf-8")


def _open_splade_index(folder: Path, queries: Queries) -> Ask:
    import torch
    from splade_index import SPLADE

    data, indices, indptr, ids = (np.load(folder / f"{name}.npy") for name in ("data", "indices", "indptr", "ids"))
    numbers = {token: number for number, token in enumerate(json.loads((folder / "vocabulary.json").read_text()))}
    frequencies = np.diff(indptr)

    def tensor(vector: Mapping[str, int]) -> torch.Tensor:
        # As everywhere, terms in no document or in all of them do not count.
        kept = {numbers[token]: impact for token, impact in vector.items()}
        kept = {term: kept[term] for term in sorted(kept) if 0 < frequencies[term] < len(ids)}
        weights = torch.tensor(list(kept.values()), dtype=torch.float32)
        return torch.sparse_coo_tensor(torch.tensor([list(kept)]), weights, (len(frequencies),)).coalesce()

    tensors = {qid: tensor(vector) for qid, vector in queries.items()}

    class Encoded:
        def encode_query(self, texts: Sequence[str], **options: object) -> list[torch.Tensor]:
            return [tensors[text] for text in texts]

    index = SPLADE(backend="numba")
    index.scores = {"data": data, "indices": indices, "indptr": indptr, "num_docs": len(ids)}
    index.model = Encoded()
    index.vocab_dict = numbers
    index.document_ids = ids
    # It returns the texts too; nobody here keeps them.
    index.corpus = np.zeros(len(ids), dtype=np.int8)
    index.unique_token_ids_set = set(np.flatnonzero(frequencies).tolist())

    def ask(qid: str, k: int) -> Found:
        found = index.retrieve([qid], k=k, show_progress=False, return_as="tuple")
        return found.doc_ids[0].tolist(), found.scores[0].tolist()

    return ask


def _build_seismic(source: VectorSource, folder: Path) -> None:
    from seismic import SeismicDataset, SeismicIndex, get_seismic_string

    folder.mkdir()
    tokens = np.array(source.vocabulary, get_seismic_string())
    documents = SeismicDataset()
    for batch in source.batches():
        for docid, terms, impacts in batch:
            documents.add_document(docid, tokens[terms], impacts.astype(np.float32))
    SeismicIndex.build_from_dataset(documents).save(str(folder / "index"))


def _open_seismic(folder: Path, queries: Queries) -> Ask:
    from seismic import SeismicIndex, get_seismic_string

    index = SeismicIndex.load(str(folder / "index.index.seismic"))
    kind = get_seismic_string()
    vectors = {
        qid: (np.array(list(vector), kind), np.array(list(vector.values()), np.float32))
        for qid, vector in queries.items()
    }

    def ask(qid: str, k: int, query_cut: int = 20, heap_factor: float = 0.8) -> Found:
        hits = index.search(qid, *vectors[qid], k=k, query_cut=query_cut, heap_factor=heap_factor, sorted=False)
        return [docid for _, _, docid in hits], [score for _, score, _ in hits]

    return ask


def _build_bmp(source: VectorSource, folder: Path) -> None:
    from bmp import Indexer

    folder.mkdir()
    tokens = np.array(source.vocabulary, object)
    indexer = Indexer(str(folder / "index"), bsize=8, compress_range=False)
    for batch in source.batches():
        for docid, terms, impacts in batch:
            indexer.add_document(docid, dict(zip(tokens[terms].tolist(), impacts.tolist(), strict=True)))
    indexer.finish()


def _open_bmp(folder: Path, queries: Queries) -> Ask:
    from bmp import Searcher

    searcher = Searcher(str(folder / "index"))
    vectors = {qid: {token: float(impact) for token, impact in vector.items()} for qid, vector in queries.items()}

    def ask(qid: str, k: int) -> Found:
        found: Found = searcher.search(vectors[qid], k=k, alpha=1.0, beta=1.0)
        return found

    return ask


def _build_lucene(source: VectorSource, folder: Path) -> None:
    build_index(source, folder, engine="lucene")


def _build_flat(source: VectorSource, folder: Path) -> None:
    build_index(source, folder, engine="flat")


ENGINES = {
    LUCENE: Engine("jnius", "lucene", _build_lucene, partial(_open_disco, engine="lucene")),
    FLAT: Engine("numba", "flat", _build_flat, partial(_open_disco, engine="flat")),
    PYSERINI: Engine("pyserini", "lucene", _build_lucene, _open_pyserini),
    SPLADE_INDEX: Engine("splade_index", "splade-index", _build_splade_index, _open_splade_index),
    SEISMIC: Engine("seismic", "seismic", _build_seismic, _open_seismic),
    BMP: Engine("bmp", "bmp", _build_bmp, _open_bmp),
}


def installed() -> list[str]:
    """Return the names of the engines that can run here."""
    return [name for name, engine in ENGINES.items() if find_spec(engine.module)]


def open_engine(name: str, folder: Path, queries: Queries) -> Ask:
    """Open an engine that was built in a folder."""
    engine = ENGINES[name]
    return engine.open(folder / engine.folder, queries)


def main(action: str, name: str, folder: Path) -> None:
    """Build an engine of the vectors that ``size.json`` in a folder describes, or answer ``queries.json`` with it."""
    engine = ENGINES[name]
    described = json.loads((folder / "size.json").read_text(encoding="utf-8"))
    if action == "build":
        shutil.rmtree(folder / engine.folder, ignore_errors=True)  # what an interrupted build left
        source = MixedVectors(open_vectors(Path(described["vectors"])), described["size"])
        engine.build(source, folder / engine.folder)
        return
    queries = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    ask = open_engine(name, folder, queries)
    for qid in queries:
        ask(qid, min(100, described["size"]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
