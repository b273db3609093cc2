"""QReCC: conversations built on questions of TREC CAsT, QuAC and Natural Questions, with human rewrites.

The turns come from the SCAI-QReCC-21 shared task, which also has the judgments, or from the original release. Turns
have ids like ``74_2``. Some turn numbers differ between the two: the shared task numbers the turns of a conversation
without gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from disco_pyserini.conversation import Turn
from disco_pyserini.datasets.benchmark import Benchmark, find, make_query, need, no_qrels, turns_of
from disco_pyserini.datasets.json_records import JsonObject, read_array
from disco_pyserini.datasets.resources import Resource, Terms
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError
from disco_pyserini.passages import Passage, read_passages
from disco_pyserini.trec import Qrels

_NAME = "qrecc"
_COMMIT = "cf44d03cb6676f7414471cec509d4a6c6858b0d3"
_SCAI = "https://zenodo.org/records/5543685/files/"
_PASSAGES = "passages"


def _files(split: str) -> tuple[str, str]:
    scai = {"train": "training", "test": "test"}[split]
    return f"scai-qrecc21-{scai}-turns.json", f"qrecc_data/qrecc_{split}.json"


def _queries(folder: Path, split: str) -> Iterator[Query]:
    if split == "test" and not any(find(folder, path) for path in _files(split)):
        questions = find(folder, "questions.json")
        if questions:
            return _turns(questions, _truth(find(folder, "ground-truth.json")))
    return _turns(need(_NAME, folder, *_files(split)), {})


def _truth(path: Path | None) -> dict[tuple[int, int], JsonObject]:
    return {_key(record): record for record in read_array(path)} if path else {}


def _key(record: JsonObject) -> tuple[int, int]:
    return record.number("Conversation_no"), record.number("Turn_no")


def _turns(path: Path, truth: dict[tuple[int, int], JsonObject]) -> Iterator[Query]:
    """Read the turns of a file. Without ``Context``, a turn's history is the preceding turns of its conversation.

    The first text of a ``Context`` may be the first question or its rewrite: it is used unchanged.
    """
    current, earlier = -1, list[Turn]()
    for record in read_array(path):
        conversation, turn = _key(record)
        if conversation != current:
            current, earlier = conversation, []
        context = turns_of(record.texts("Context"), record.where) if "Context" in record.fields else earlier
        known = [record, *(filter(None, [truth.get((conversation, turn))]))]
        question, answer = record.text("Question"), _first(known, "Truth_answer", "Answer")
        yield make_query(
            str(conversation),
            turn,
            context,
            question,
            answer,
            human=_first(known, "Truth_rewrite", "Rewrite"),
            transformer=_first(known, "Transformer_rewrite"),
        )
        earlier = [*context, Turn(question, answer)]


def _first(records: list[JsonObject], *names: str) -> str | None:
    return next((text for record in records for name in names if (text := record.optional(name))), None)


def _qrels(folder: Path, split: str) -> Qrels:
    paths = (_files(split)[0], *(["ground-truth.json"] if split == "test" else []))
    if find(folder, _files(split)[1]) and not any(find(folder, path) for path in paths):
        raise no_qrels(
            _NAME, split, f"the original release has none, those of the shared task are in {paths[0]}, which is missing"
        )
    qrels: Qrels = {}
    for record in read_array(need(_NAME, folder, *paths)):
        conversation, turn = _key(record)
        if passages := record.texts("Truth_passages"):
            qrels[f"{conversation}_{turn}"] = {_passage_id(passage): 1 for passage in passages}
    return qrels


def _passage_id(spelled: str) -> str:
    """Return a passage id (a URL with a number) with white space escaped as ``%20``."""
    return "%20".join(spelled.split())


def _passages(folder: Path, split: str) -> Iterator[Passage]:
    files = sorted(path for path in (folder / _PASSAGES).rglob("*.jsonl*") if path.is_file())
    if not files:
        raise InputError(
            f"{_NAME}: expected the passages as JSONL files in {folder / _PASSAGES}, found none: "
            f"`disco data get {_NAME}` can fetch them"
        )
    for file in files:
        yield from read_passages(str(file), spell=_passage_id)


QRECC = Benchmark(
    name=_NAME,
    title="QReCC, 14 thousand conversations with human rewrites, over 54 million passages of the web",
    terms=Terms(licence="CC BY-SA 3.0", source="https://github.com/apple/ml-qrecc"),
    resources=(
        *(Resource(_files(split)[0], (f"{_SCAI}{_files(split)[0]}?download=1",)) for split in ("train", "test")),
        Resource(
            "qrecc_data.zip",
            (f"https://github.com/apple/ml-qrecc/raw/{_COMMIT}/dataset/qrecc_data.zip",),
            archive=True,
        ),
        Resource(f"{_PASSAGES}/passages.zip", (f"{_SCAI}passages.zip?download=1",), archive=True, required=False),
    ),
    splits={"train": 63_501, "test": 16_451},
    queries=_queries,
    qrels=_qrels,
    passages=_passages,
)
