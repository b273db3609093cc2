"""Writes indexes in the layout of the published SPLADE index of TopiOCQA. Also run as a script by tests:

``published_index.py INDEX OUTPUT [--kill-at EVENT] [--rss]``
"""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from word_vectors import SPACE, VOCABULARY, kill_at

from disco_pyserini.vectors import Manifest, splade_index

type Arrays = Mapping[int, tuple[NDArray[np.integer], NDArray[np.floating]]]


def write_index(folder: Path, arrays: Arrays, ids: Sequence[Any], protocol: int = 4) -> Path:
    """Write the arrays (documents and weights by term) and the ids as the public SPLADE repository does."""
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "array_index.h5py", "w") as file:
        file.create_dataset("dim", data=len(arrays))
        for term, (documents, weights) in arrays.items():
            file.create_dataset(f"index_doc_id_{term}", data=documents)
            file.create_dataset(f"index_doc_value_{term}", data=weights)
    with (folder / "doc_ids.pkl").open("wb") as file:
        pickle.dump(ids, file, protocol)
    return folder


def random_arrays(passages: int, postings: int, terms: int, seed: int = 0) -> Arrays:
    """Postings of random documents, more of them for the first terms than for the last, as in natural language."""
    random = np.random.default_rng(seed)
    shares = 1 / np.arange(10, 10 + terms)
    lengths = np.minimum(np.maximum(shares / shares.sum() * postings, 1).astype(int), passages)
    arrays = {}
    for term in random.permutation(terms).tolist():
        documents = np.unique(random.integers(0, passages, lengths[term], np.int32))
        arrays[term] = documents, random.exponential(0.6, len(documents)).astype(np.float32)
    return arrays


def import_index(folder: Path, output: Path) -> Manifest:
    index = splade_index.open_splade_index(folder)
    splade_index.sort_postings(index, output, SPACE, VOCABULARY)
    return splade_index.write_vectors(index, output, SPACE, VOCABULARY)


if __name__ == "__main__":
    source, target, *rest = sys.argv[1:]
    splade_index._PER_RUN, splade_index._PER_READ = 2**17, 2**14
    if rest[:1] == ["--kill-at"]:
        kill_at(str(Path(target).parent), int(rest[1]))
    import_index(Path(source), Path(target))
    if rest == ["--rss"]:
        # Not ru_maxrss, which begins with the memory of the process that started this one.
        [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        print(int(peak) * 1024)
