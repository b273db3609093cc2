"""Document vectors, random ones or given ones, and the layouts in which the contenders read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from disco_pyserini.impacts import DEFAULT_QUANTISER, ImpactVector
from disco_pyserini.passages import Passage
from disco_pyserini.vectors import VectorSpace, open_vectors, vocabulary_hash
from disco_pyserini.vectors.part_writer import write_parts

VOCABULARY = [f"tok{i}" for i in range(30_522)]
TERMS = 180
QUERY_TERMS = 30


@dataclass(frozen=True)
class DocumentVectors:
    """Vectors in memory, and a word or two on what they are."""

    what: str
    encoder: str
    vocabulary: Sequence[str]
    vectors: Sequence[ImpactVector]

    def dictionaries(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Read the vectors as {token: impact}, with the ids of their documents."""
        for number, vector in enumerate(self.vectors):
            yield f"doc{number}", self._dictionary(vector)

    def queries(self, number: int) -> dict[str, dict[str, int]]:
        """Return so many queries: the heaviest terms of documents all over the collection."""
        queries = {}
        for document in range(0, len(self.vectors), max(1, len(self.vectors) // number)):
            terms, impacts = self.vectors[document]
            heaviest = np.argsort(-impacts.astype(int), kind="stable")[:QUERY_TERMS]
            queries[f"query of doc{document}"] = self._dictionary(ImpactVector(terms[heaviest], impacts[heaviest]))
        return queries

    def write_jsonl(self, folder: Path, files: int = 1) -> None:
        """Write Anserini's JSONL, as so many files of about the same size."""
        folder.mkdir(parents=True)
        records = [
            json.dumps({"id": docid, "contents": "", "vector": vector}) + "\n" for docid, vector in self.dictionaries()
        ]
        for number in range(files):
            (folder / f"vectors{number}.jsonl").write_text("".join(records[number::files]), encoding="utf-8")

    def write_parts(self, folder: Path, size: int | None = None) -> None:
        """Write vector parts; with a ``size``, so many documents, which repeat the vectors as often as it takes."""
        space = VectorSpace(
            encoder=self.encoder,
            document_model=self.encoder,
            revision="",
            vocabulary=vocabulary_hash(self.vocabulary),
            max_length=256,
            quantiser=DEFAULT_QUANTISER,
        )
        passages = (Passage(f"doc{number}", str(number)) for number in range(size or len(self.vectors)))

        def encode(texts: Sequence[str]) -> list[ImpactVector]:
            return [self.vectors[int(text) % len(self.vectors)] for text in texts]

        write_parts(folder, space, self.vocabulary, passages, encode)

    def _dictionary(self, vector: ImpactVector) -> dict[str, int]:
        tokens = map(self.vocabulary.__getitem__, vector.terms.tolist())
        return dict(zip(tokens, vector.impacts.tolist(), strict=True))


def random_vectors(size: int, vocabulary: Sequence[str] = VOCABULARY, encoder: str = "random") -> DocumentVectors:
    """As many terms per passage, impacts and document frequencies as a SPLADE encoder makes on passages, roughly."""
    generator = np.random.default_rng(0)
    chances = 1 / (np.arange(len(vocabulary)) + 50)
    borders = np.cumsum(chances / chances.sum())
    vectors = []
    for length in np.clip(generator.normal(TERMS, TERMS / 4, size), 5, 2 * TERMS).astype(int):
        drawn = np.unique(np.searchsorted(borders, generator.random(3 * length)))
        row = np.sort(generator.permutation(drawn)[:length]).astype(np.int32)
        impacts = np.clip(generator.gamma(2, 25, len(row)), 1, 400).astype(np.uint16)
        vectors.append(ImpactVector(row, impacts))
    return DocumentVectors(f"{size:,} random vectors of about {TERMS} terms", encoder, vocabulary, vectors)


def given_vectors(folder: Path, size: int) -> DocumentVectors:
    """Read the first ``size`` vectors of a folder that `disco encode` wrote, or of Anserini's JSONL."""
    source = open_vectors(folder)
    every = (
        ImpactVector(batch.terms[start:end].copy(), batch.impacts[start:end].copy())
        for batch in source.batches()
        for start, end in zip(batch.offsets[:-1].tolist(), batch.offsets[1:].tolist(), strict=True)
    )
    vectors = list(islice(every, size))
    terms = sum(len(vector.terms) for vector in vectors) / len(vectors)
    what = f"The first {len(vectors):,} vectors of {folder.name}, of {terms:.0f} terms on average"
    return DocumentVectors(what, folder.name, source.vocabulary, vectors)
