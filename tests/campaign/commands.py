"""The commands that write, on inputs small enough for hundreds of runs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).parents[2]

_ENCODE_PARTS = """
import sys
from pathlib import Path
from disco_pyserini.encoding import document_encoder
from disco_pyserini.passages import read_passages
from disco_pyserini.vectors.part_writer import write_parts
from disco_pyserini.vectors.pipeline import space_of
encoder = document_encoder("disco-tiny", device="cpu")
passages = read_passages(sys.argv[1])
write_parts(Path("vectors"), space_of(encoder), encoder.vocabulary, passages, encoder.vectors, part_size=10)
"""

# What `disco data get` does, from a server of the campaign.
_FETCH = """
import sys
from pathlib import Path
from disco_pyserini.datasets.download import fetch
from disco_pyserini.datasets.resources import Resource
url = sys.argv[1]
fetch(
    [
        Resource("plain.bin", (f"{url}/plain.bin",), sys.argv[2]),
        Resource("packed.zip", (f"{url}/packed.zip",), sys.argv[3], archive=True),
    ],
    Path("files"),
)
"""

# A small block, so that there are many runs to sort and to merge.
_IMPORT = """
import sys
from disco_pyserini.vectors import splade_index
splade_index._PER_RUN, splade_index._PER_READ = 2**13, 2**10
sys.argv = ["disco", *sys.argv[1:]]
from disco_pyserini.__main__ import main
main()
"""

# A server that a client asks; it ends when it is told to, after the client has written the answers.
_SERVE = """
import os, signal, sys, threading
from pathlib import Path
import requests
from disco_pyserini.files import write_aside
from disco_pyserini.serving import listening

def ask(address):
    try:
        answers = [
            requests.post(f"{address}/v1/index/search", json={"query": query, "engine": engine}).json()["hits"]
            for engine in ("lucene", "flat") for query in ("the old harbour", "a museum of salt")
        ]
        with write_aside(Path("answers.txt")) as aside:
            aside.write(repr(answers))
    except Exception as problem:
        print(f"error: {problem!r}")
    os.kill(os.getpid(), signal.SIGTERM)

listen = listening.listen
listening.listen = lambda app, host, port, limits, ready: listen(
    app, host, port, limits, lambda address: threading.Thread(target=ask, args=[address], daemon=True).start()
)
sys.argv = ["disco", "serve", "index", "--engine", "lucene", "--engine", "flat", "--port", "0"]
from disco_pyserini.__main__ import main
try:
    main()
except SystemExit as end:
    sys.exit(0 if end.code == 143 and Path("answers.txt").exists() else end.code)
"""

_WORLD = ("data", "demo-world", "--output", "world", "--passages", "224", "--conversations", "1")

_PROGRAM = """
import sys
sys.argv = ["disco", *sys.argv[1:]]
from disco_pyserini.__main__ import main
main()
"""


@dataclass(frozen=True)
class Command:
    """A command that writes into its working folder.

    Attributes:
        name: its name in reports and in the files of failing cases.
        arguments: the words after ``disco``, or ``-c``, a program and its words. ``{inputs}`` is the folder of inputs.
        prepare: puts into the working folder what the command starts from.
        indexes: Lucene indexes that it writes. Their bytes differ from build to build (random segment ids, times), so
            their answers are compared.
        answers: the command that asks such an index, with ``{index}`` and ``{run}``.
        volatile: what may differ in text files, such as times.
        only_names: files of which only the presence is compared, because they hold times.
        chosen: how often it is drawn, compared with others.
    """

    name: str
    arguments: Sequence[str]
    prepare: Callable[[Path, Path], None] = lambda inputs, folder: None
    indexes: Sequence[str] = ()
    answers: Sequence[str] = ("search", "--index", "{index}", "--topics", "{inputs}/topics.tsv", "--output", "{run}")
    volatile: str = ""
    only_names: str = "(?!)"
    chosen: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)

    def content(self, folder: Path) -> dict[str, str]:
        """Digests of all files of the folder, by name; of an index, only its name."""
        found = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            inside = next((index for index in self.indexes if name.startswith(f"{index}/")), None)
            if path.is_symlink() or (path.is_dir() and any(path.iterdir())) or (inside and "/flat" not in name):
                continue
            if path.is_dir() or re.fullmatch(self.only_names, name):
                found[name] = "there"
                continue
            content = path.read_bytes()
            if self.volatile and path.suffix != ".parquet":
                content = re.sub(self.volatile.encode(), b"", content)
            found[name] = hashlib.sha256(content).hexdigest()
        return found


def _an_index(inputs: Path, folder: Path) -> None:
    shutil.copytree(inputs / "index", folder / "index")


def _a_served_index(inputs: Path, folder: Path) -> None:
    shutil.copytree(inputs / "both", folder / "index")


def _recipe(inputs: Path, folder: Path) -> None:
    shutil.copytree(inputs / "small", folder, dirs_exist_ok=True)


def commands(chat: str, files: str, digests: Sequence[str]) -> list[Command]:
    """All commands; ``chat`` and ``files`` are the addresses of servers, ``digests`` the checksums of its two files."""
    flat = ("search", "--engine", "flat", "--index", "{index}", "--topics", "{inputs}/topics.tsv", "--output", "{run}")
    bm25 = ("-c", _BM25, "{index}", "{inputs}/topics.tsv", "{run}")
    corpus, vectors = "{inputs}/world/corpus.jsonl", ("--vectors", "{inputs}/vectors")
    split = ("{inputs}/world", "--split", "test")
    evaluated = ("--run", "{inputs}/run.txt", "--qrels", "{inputs}/world/qrels.test.txt")
    return [
        Command("data demo-world", _WORLD),
        Command("data topics", ("data", "topics", *split, "--output", "topics.tsv", "--overwrite")),
        Command("data qrels", ("data", "qrels", *split, "--output", "qrels.txt", "--overwrite")),
        Command("data get", ("-c", _FETCH, files, *digests), chosen=3),
        Command("encode", ("encode", "--encoder", "disco-tiny", "--corpus", corpus, "--output", "vectors")),
        Command("encode parts", ("-c", _ENCODE_PARTS, corpus), chosen=3),
        Command(
            "import-splade",
            (
                "-c", _IMPORT, "vectors", "import-splade", "{inputs}/splade", "--output", "vectors",
                "--encoder", "disco-tiny",
            ),
            chosen=3,
        ),
        Command("export", ("vectors", "export", *vectors, "--output", "v.jsonl.gz"), volatile=r"\A.{10}"),
        Command("index", ("index", *vectors, "--index", "index"), indexes=["index"], chosen=2),
        Command(
            "index flat", ("index", "--engine", "flat", *vectors, "--index", "index"), answers=flat, indexes=["index"],
            chosen=2,
        ),
        Command("index both", ("index", "--engine", "lucene,flat", *vectors, "--index", "index"), indexes=["index"]),
        Command("index BM25", ("index", "--corpus", corpus, "--index", "index"), indexes=["index"], answers=bm25),
        Command(
            "index update",
            ("index", "--update", "--vectors", "{inputs}/more", "--delete", "{inputs}/gone.txt", "--index", "index"),
            prepare=_an_index,
            indexes=["index"],
            chosen=3,
        ),
        Command(
            "search",
            ("search", "--index", "{inputs}/index", "--topics", "{inputs}/topics.tsv", "--output", "run.txt"),
            chosen=2,
        ),
        Command(
            "search flat",
            (
                "search", "--engine", "flat", "--index", "{inputs}/both", "--topics", "{inputs}/topics.tsv", "--output",
                "run.txt",
            ),
        ),
        Command("serve", ("-c", _SERVE), prepare=_a_served_index, chosen=2),
        Command(
            "teach",
            ("teach", "--index", "{inputs}/index", "--topics", "{inputs}/human.tsv", "--output", "teacher.json"),
        ),
        Command(
            "fuse",
            (
                "fuse", "--teacher", "{inputs}/teacher.json", "--teacher", "{inputs}/teacher2.json", "--rule", "mean",
                "--output", "fused.json",
            ),
        ),
        Command("flops", ("flops", "--topics", "{inputs}/topics.tsv", *vectors, "--output", "costs.json")),
        Command("evaluate", ("evaluate", *evaluated, "--by-depth", "--plot", "plot.png")),
        Command(
            "rewrite",
            (
                "rewrite", "--turns", "{inputs}/world/turns.test.jsonl", "--output", "rewrites.jsonl", "--server", chat,
                "--server-model", "m", "--batch-size", "1",
            ),
            volatile=r'"time": "[^"]*"',
            chosen=2,
        ),
        Command(
            "train",
            ("train", "{inputs}/training.yaml"),
            only_names=r"student/(training_args\.bin|(final/)?README\.md|checkpoint-\d+/.*|trainer_state\.json|.*loss.*)",
            chosen=2,
        ),
        Command(
            "reproduce",
            ("reproduce", "--collection", "small.yaml", "--output", "results", "--report", "report.html"),
            prepare=_recipe,
            only_names=r"calls\.txt|report\.html|results/(.*/)?logs/.*|.*\.log",
            chosen=2,
        ),
        Command(
            "ask",
            ("-c", _PROGRAM, "ask", "what is it?", "--corpus", "{inputs}/documents", "--encoder", "disco-tiny"),
            environment={"PYSERINI_CACHE": "cache"},
            only_names=r"cache/disco-ask/[^/]*/(index-1/.*|state\.json)|cache/disco-ask/.*\.lock",
            chosen=3,
        ),
    ]  # fmt: skip


_BM25 = """
import sys
from disco_pyserini.lucene.bm25 import Bm25Searcher
from disco_pyserini.trec import read_topics, write_run
from pathlib import Path
topics = read_topics(sys.argv[2])
with Bm25Searcher(sys.argv[1]) as searcher:
    write_run(searcher.batch_search(list(topics.values()), list(topics), 1000), Path(sys.argv[3]))
"""

type Run = Callable[..., None]


def make_inputs(folder: Path, run: Run) -> None:
    """Make all inputs; ``run`` runs a command in the folder and fails if it does."""
    from published_index import random_arrays, write_index
    from small import make_small

    run(*_WORLD)
    run("encode", "--encoder", "disco-tiny", "--corpus", "world/corpus.jsonl", "--output", "vectors")
    lines = (folder / "world" / "corpus.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    for number, record in enumerate(records[:30]):
        record["contents"] = records[number + 100]["contents"]
    (folder / "more.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records[:30]))
    (folder / "gone.txt").write_text("".join(f"{record['id']}\n" for record in records[40:60]))
    run("encode", "--encoder", "disco-tiny", "--corpus", "more.jsonl", "--output", "more")
    run("index", "--vectors", "vectors", "--index", "index")
    run("index", "--engine", "lucene,flat", "--vectors", "vectors", "--index", "both")
    run("data", "topics", "world", "--split", "test", "--output", "topics.tsv")
    run("data", "topics", "world", "--split", "test", "--query", "human", "--output", "human.tsv")
    run("search", "--index", "index", "--topics", "topics.tsv", "--output", "run.txt")
    run("teach", "--index", "index", "--topics", "human.tsv", "--output", "teacher.json")
    run("teach", "--index", "index", "--topics", "topics.tsv", "--output", "teacher2.json")
    write_index(folder / "splade", random_arrays(600, 60_000, 2000), [f"p{number}" for number in range(600)])
    (folder / "documents").mkdir()
    for number in range(0, 120, 10):
        texts = [record["contents"] for record in records[number : number + 10]]
        (folder / "documents" / f"{number:03}.txt").write_text("\n\n".join(texts))
    (folder / "small").mkdir()
    make_small(folder / "small")
    (folder / "training.yaml").write_text(_TRAINING.format(inputs=folder))


_TRAINING = """
model: {{document_encoder: disco-tiny, max_length: 64, document_max_length: 64}}
data: {{turns: {inputs}/world/turns.test.jsonl, qrels: {inputs}/world/qrels.test.txt, vectors: {inputs}/vectors}}
teacher: {{files: [{inputs}/teacher.json]}}
sampling: {{candidates: 6, skip: 2, depth: 30}}
arguments:
  output_dir: student
  max_steps: 12
  per_device_train_batch_size: 4
  learning_rate: 1e-3
  save_strategy: steps
  save_steps: 4
  save_total_limit: 1
  logging_steps: 4
  disable_tqdm: true
  use_cpu: true
"""


def random_file(size: int, seed: int) -> bytes:
    """Bytes that do not compress."""
    return np.random.default_rng(seed).bytes(size)
