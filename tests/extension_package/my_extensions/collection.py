"""Chats with customer support, answered from help articles."""

from collections.abc import Iterator
from pathlib import Path

from disco_pyserini.conversation import Turn
from disco_pyserini.datasets.benchmark import Benchmark, make_query, need
from disco_pyserini.datasets.json_records import read_objects
from disco_pyserini.datasets.resources import Resource, Terms
from disco_pyserini.datasets.turns import Query
from disco_pyserini.passages import Passage, read_passages
from disco_pyserini.trec import Qrels, read_qrels

NAME = "support-chats"
SITE = "https://chats.example.org"


def queries(folder: Path, split: str) -> Iterator[Query]:
    """Read one query for each question of a customer, with the questions and answers before it."""
    for chat in read_objects(need(NAME, folder, f"{split}.jsonl")):
        history: list[Turn] = []
        for number, turn in enumerate(chat.records("turns"), 1):
            question, answer = turn.text("question"), turn.optional("answer")
            yield make_query(chat.label("chat"), number, history, question, answer, human=turn.optional("rewrite"))
            history.append(Turn(question, answer))


def qrels(folder: Path, split: str) -> Qrels:
    """Read the judgments."""
    return read_qrels(need(NAME, folder, f"{split}.qrels.txt"))


def passages(folder: Path, split: str) -> Iterator[Passage]:
    """Read the help articles, which all splits share."""
    return read_passages(str(need(NAME, folder, "articles.jsonl")))


SUPPORT_CHATS = Benchmark(
    name=NAME,
    title="Chats with customer support, answered from help articles",
    terms=Terms(licence="CC BY 4.0", source=SITE),
    resources=tuple(
        Resource(path, (f"{SITE}/{path}",))
        for path in ("train.jsonl", "train.qrels.txt", "test.jsonl", "test.qrels.txt", "articles.jsonl")
    ),
    splits={"train": None, "test": None},
    queries=queries,
    qrels=qrels,
    passages=passages,
)
