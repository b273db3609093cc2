"""TREC iKAT 2023 to 2025: the Interactive Knowledge Assistance Track, over ClueWeb22-B.

Turns have ids like ``9-1_3``. Users' statements about themselves (``ptkb``) are not part of the conversation and are
not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from disco_pyserini.conversation import Turn
from disco_pyserini.datasets.benchmark import Benchmark, make_query, need, no_qrels
from disco_pyserini.datasets.json_records import read_array
from disco_pyserini.datasets.resources import Resource, Terms
from disco_pyserini.datasets.turns import Query
from disco_pyserini.trec import Qrels, read_qrels

_COMMIT = "05399308a3cf4eb56b35bed8bee0771e4f8f1404"
_RAW = f"https://raw.githubusercontent.com/irlabamsterdam/iKAT/{_COMMIT}/"
_NIST = "https://trec.nist.gov/data/ikat/"
_TERMS = Terms(
    licence="MIT (topics); the passages are those of ClueWeb22",
    source="https://github.com/irlabamsterdam/iKAT",
    agreement=(
        "The passages are web pages of ClueWeb22-B and are not downloaded here: an organisation signs the licence of "
        "Carnegie Mellon University (https://lemurproject.org/clueweb22/obtain.php), and then gets them, cut into "
        "passages, from the organisers (https://www.trecikat.com/data/)."
    ),
)


def _queries(year: int, folder: Path, split: str) -> Iterator[Query]:
    for topic in read_array(need(f"ikat{year}", folder, f"{year}_{split}_topics.json")):
        conversation, history = topic.label("number"), list[Turn]()
        # The 2025 fields are named responses and user_utterance.
        for turn in topic.records("turns" if "turns" in topic.fields else "responses"):
            utterance = turn.text("utterance" if "utterance" in turn.fields else "user_utterance")
            response = turn.optional("response")
            human = turn.optional("resolved_utterance")
            yield make_query(conversation, turn.label("turn_id"), history, utterance, response, human=human)
            history.append(Turn(utterance, response))


def _qrels(year: int, judged: str | None, folder: Path, split: str) -> Qrels:
    if split != "test" or not judged:
        raise no_qrels(f"ikat{year}", split)
    return read_qrels(need(f"ikat{year}", folder, judged))


def _ikat(
    year: int, splits: dict[str, int], checksums: dict[str, tuple[str, int]], qrels: tuple[str, str] | None = None
) -> Benchmark:
    resources = [
        Resource(f"{year}_{split}_topics.json", (f"{_RAW}{year}/data/{year}_{split}_topics.json",), f"md5:{md5}", size)
        for split, (md5, size) in checksums.items()
    ]
    if qrels:
        resources.append(Resource(qrels[0], (_NIST + qrels[0],), f"md5:{qrels[1]}"))
    return Benchmark(
        name=f"ikat{year}",
        title=f"TREC iKAT {year}, personal conversations over ClueWeb22-B",
        terms=_TERMS,
        resources=tuple(resources),
        splits=splits,
        queries=partial(_queries, year),
        qrels=partial(_qrels, year, qrels[0] if qrels else None),
    )


IKAT2023 = _ikat(
    2023,
    {"test": 332, "train": 95},
    {"test": ("684fa0197cdec8c3cfb6a2e586ab83f6", 362388), "train": ("2460490e1cce648f1ec3aab87b3cb40c", 101792)},
    ("2023-qrels.all-turns.txt", "79dc121bab25b2245e52a53263e5ad1f"),
)
IKAT2024 = _ikat(
    2024,
    {"test": 218},
    {"test": ("ad45bc6e7add2081d69ea60a0a4d1203", 277603)},
    ("2024-qrels.txt", "57f958903ed1c12bbac207f62800814f"),
)
IKAT2025 = _ikat(2025, {"test": 188}, {"test": ("16f8444a8d0a8dfe0090f478f185a63c", 234733)})
