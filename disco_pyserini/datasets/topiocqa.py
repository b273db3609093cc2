"""TopiOCQA: conversations that switch topic, over Wikipedia passages.

Turns have ids like ``12_3``, passages are numbered from 1. The turns come from the original release or, if it is
missing, from the DPR training files, which store a conversation as one text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from disco_pyserini.conversation import SEPARATOR, Turn
from disco_pyserini.datasets.benchmark import Benchmark, find, make_query, merge_rewrites, need, turns_of
from disco_pyserini.datasets.json_records import JsonObject, read_array
from disco_pyserini.datasets.resources import Resource, Terms
from disco_pyserini.datasets.turns import Query
from disco_pyserini.passages import Passage, read_passages
from disco_pyserini.trec import Qrels

_NAME = "topiocqa"
_PASSAGES = "data/wikipedia_split/full_wiki_segments.tsv"
_VARIANTS = ("all_history", "original", "rewrites_t5_qrecc")


def _original(split: str) -> str:
    return f"topiocqa_{split}.json"


def _retriever(variant: str, split: str) -> str:
    return f"data/retriever/{variant}/{split}.json"


def _queries(folder: Path, split: str) -> Iterator[Query]:
    base = (
        find(folder, _original(split))
        or find(folder, _retriever("all_history", split), parts=2)
        or need(_NAME, folder, _original(split), _retriever("all_history", split))
    )
    queries = _original_queries(base) if base.name == _original(split) else _retriever_queries(base)
    rewrites = find(folder, _retriever("rewrites_t5_qrecc", split), parts=2)
    return merge_rewrites(queries, _t5(rewrites)) if rewrites else queries


def _original_queries(path: Path) -> Iterator[Query]:
    for record in read_array(path):
        turn, context = record.number("Turn_no"), record.texts("Context")
        if len(context) != 2 * (turn - 1):
            raise record.wrong("Context", f"the {turn - 1} questions and answers before turn {turn}", context)
        yield make_query(
            str(record.number("Conversation_no")),
            turn,
            turns_of(context, record.where),
            record.text("Question"),
            record.optional("Answer"),
        )


def _retriever_queries(path: Path) -> Iterator[Query]:
    conversation, text, pieces = -1, "", list[str]()
    for record in read_array(path):
        before = text if record.number("conv_id") == conversation else ""
        conversation, turn = record.number("conv_id"), record.number("turn_id")
        text = " ".join(record.text("question").split())
        if turn == 1:
            pieces = [text]
        elif before and text.startswith(f"{before} {SEPARATOR} "):
            # Only the last separator is reliable: answers may contain separators too.
            answer, _, question = text.removeprefix(f"{before} {SEPARATOR} ").rpartition(SEPARATOR)
            pieces = [*pieces, answer.strip(), question.strip()]
        else:
            pieces = [piece.strip() for piece in text.split(SEPARATOR)]
        if len(pieces) != 2 * turn - 1:
            raise record.wrong("question", f"{turn} questions and the {turn - 1} answers between them", text)
        answers = record.texts("answers") if "answers" in record.fields else []
        history = turns_of(pieces[:-1], record.where)
        yield make_query(str(conversation), turn, history, pieces[-1], answers[0] if answers else None)


def _t5(path: Path) -> Iterator[Query]:
    no_history: list[Turn] = []
    for record in read_array(path):
        text = record.text("question")
        yield make_query(str(record.number("conv_id")), record.number("turn_id"), no_history, text, t5=text)


def _qrels(folder: Path, split: str) -> Qrels:
    places = [find(folder, _original(split))]
    places += [find(folder, _retriever(variant, split), parts=2) for variant in _VARIANTS]
    for path in filter(None, places):
        qrels = {f"{turn}": {gold: 1} for turn, gold in map(_gold, read_array(path)) if gold}
        if qrels:
            return qrels
    need(_NAME, folder, _original(split), *(_retriever(variant, split) for variant in _VARIANTS))
    raise AssertionError


def _gold(record: JsonObject) -> tuple[str, str | None]:
    """Return a turn's id, and the id of the passage that answers it."""
    if "Conversation_no" in record.fields:
        turn = f"{record.number('Conversation_no')}_{record.number('Turn_no')}"
        gold = record.fields.get("Gold_passage")
        return turn, _passage_id(JsonObject(f"{record.where}, Gold_passage", gold).label("id")) if gold else None
    turn = f"{record.number('conv_id')}_{record.number('turn_id')}"
    positive = record.records("positive_ctxs")
    return turn, _passage_id(positive[0].label("passage_id")) if positive else None


def _passage_id(spelled: str) -> str:
    """Return a passage's number, which may also be written ``wiki:7`` or ``doc7``."""
    return spelled.removeprefix("wiki:").removeprefix("doc")


def _passages(folder: Path, split: str) -> Iterator[Passage]:
    return read_passages(str(need(_NAME, folder, _PASSAGES, f"{_PASSAGES}.gz")), spell=_passage_id)


def _zenodo(record: int, path: str, required: bool = True) -> Resource:
    return Resource(path, (f"https://zenodo.org/records/{record}/files/{path}?download=1",), required=required)


TOPIOCQA = Benchmark(
    name=_NAME,
    title="TopiOCQA, conversations that switch topic, over 25.7 million passages of Wikipedia",
    terms=Terms(licence="CC BY-NC-SA 4.0", source="https://github.com/McGill-NLP/topiocqa"),
    resources=(
        _zenodo(7709644, "topiocqa_train.json"),
        _zenodo(7709644, "topiocqa_dev.json"),
        *(
            _zenodo(6151011, _retriever(variant, split), required=False)
            for variant in _VARIANTS
            for split in ("train", "dev")
        ),
        _zenodo(6149599, _PASSAGES, required=False),
        # SPLADE vectors of the passages, published with DiSCo, for `disco vectors import-splade`.
        Resource(
            "splade-index/index.tar.gz",
            ("https://surfdrive.surf.nl/files/index.php/s/TV9RLEYQqXA2Z04/download",),
            archive=True,
            required=False,
        ),
    ),
    splits={"train": 45_450, "dev": 2_514},
    queries=_queries,
    qrels=_qrels,
    passages=_passages,
)
