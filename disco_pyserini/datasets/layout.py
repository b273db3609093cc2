"""Collections in the common layout: a folder with ``corpus.jsonl``, ``turns.jsonl`` and ``qrels.txt``.

A collection with several splits has ``turns.SPLIT.jsonl`` and ``qrels.SPLIT.txt`` for each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from disco_pyserini.datasets.benchmark import Benchmark, no_qrels
from disco_pyserini.datasets.resources import Terms
from disco_pyserini.datasets.turns import Query, read_turns, write_turns
from disco_pyserini.errors import InputError
from disco_pyserini.files import write_aside
from disco_pyserini.passages import Passage, read_passages
from disco_pyserini.trec import Qrels, read_qrels, write_qrels

WHOLE = "all"
"""Name of the only split of an undivided collection."""


def common_layout(path: Path) -> Benchmark | None:
    """Return the collection in a folder, or the one split in a file of turns; None if there are no turns."""
    if path.is_file():
        files = [path]
    else:
        files = [file for file in sorted(path.glob("turns*.jsonl")) if file.stem.count(".") < 2]
    if not files:
        return None
    turns = {file.stem.partition(".")[2] or WHOLE: file for file in files}

    def queries(folder: Path, split: str) -> Iterator[Query]:
        return read_turns(turns[split])

    def qrels(folder: Path, split: str) -> Qrels:
        judged = folder / ("qrels.txt" if split == WHOLE else f"qrels.{split}.txt")
        if not judged.is_file():
            raise no_qrels(str(path), split, f"there is no {judged}")
        return read_qrels(judged)

    def passages(folder: Path, split: str) -> Iterator[Passage]:
        corpus = folder / "corpus.jsonl"
        if not corpus.is_file():
            raise InputError(f"{path}: expected the passages in {corpus}, found no such file")
        return read_passages(str(corpus))

    return Benchmark(
        name=str(path),
        title="a collection in the common layout",
        terms=Terms(licence="not known", source=str(path)),
        resources=(),
        splits=dict.fromkeys(turns),
        queries=queries,
        qrels=qrels,
        passages=passages,
    )


def write_collection(
    passages: Iterable[Passage], splits: Mapping[str, tuple[Iterable[Query], Qrels]], folder: Path
) -> None:
    """Write a collection in the common layout: its passages, and the turns and judgments of each split."""
    with write_aside(folder / "corpus.jsonl") as lines:
        for passage in passages:
            record = {"id": passage.id, "contents": passage.contents}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    for split, (queries, qrels) in splits.items():
        write_turns(queries, folder / f"turns.{split}.jsonl")
        write_qrels(qrels, folder / f"qrels.{split}.txt")
