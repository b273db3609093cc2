"""Random document vectors shaped like those of a SPLADE encoder, on disk in both layouts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from disco_pyserini.datasets.collection import Passage
from disco_pyserini.impacts import DEFAULT_QUANTISER, ImpactVector
from disco_pyserini.vectors import VectorSpace, vocabulary_hash
from disco_pyserini.vectors.writer import write_parts

VOCABULARY = [f"tok{i}" for i in range(30_522)]
TERMS = 180


class RandomVectors:
    """As many terms per passage, impacts and document frequencies as a SPLADE encoder makes on passages, roughly."""

    def __init__(
        self,
        size: int,
        seed: int = 0,
        terms: int = TERMS,
        vocabulary: Sequence[str] = VOCABULARY,
        encoder: str = "random",
    ) -> None:
        self.vocabulary = vocabulary
        self.encoder = encoder
        generator = np.random.default_rng(seed)
        chances = 1 / (np.arange(len(VOCABULARY)) + 50)
        borders = np.cumsum(chances / chances.sum())
        self.vectors: list[ImpactVector] = []
        for length in np.clip(generator.normal(terms, terms / 4, size), 5, 2 * terms).astype(int):
            drawn = np.unique(np.searchsorted(borders, generator.random(3 * length)))
            row = np.sort(generator.permutation(drawn)[:length]).astype(np.int32)
            impacts = np.clip(generator.gamma(2, 25, len(row)), 1, 400).astype(np.uint16)
            self.vectors.append(ImpactVector(row, impacts))

    def dictionaries(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Read the vectors as {token: impact}, with the ids of their documents."""
        for number, (terms, impacts) in enumerate(self.vectors):
            tokens = map(self.vocabulary.__getitem__, terms.tolist())
            yield f"doc{number}", dict(zip(tokens, impacts.tolist(), strict=True))

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
        space = VectorSpace(self.encoder, "random", "", vocabulary_hash(self.vocabulary), 256, DEFAULT_QUANTISER)
        passages = (Passage(f"doc{number}", str(number)) for number in range(size or len(self.vectors)))

        def encode(texts: Sequence[str]) -> list[ImpactVector]:
            return [self.vectors[int(text) % len(self.vectors)] for text in texts]

        write_parts(folder, space, self.vocabulary, passages, encode)
