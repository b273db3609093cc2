"""CANARD: QuAC questions with stand-alone human rewrites. It has no passages and no judgments.

Each conversation is about a section of a Wikipedia article. CANARD's ``History`` begins with the titles of the article
and the section. They are read as the first turn, so the first question has depth 2. Turns have ids like
``C_2d211835213b45588ad5ca868ce7fabd_0_1``: dialogue id, underscore, question number.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path

from disco_pyserini.datasets.benchmark import Benchmark, make_query, need, no_qrels, turns_of
from disco_pyserini.datasets.json_records import JsonObject, read_array
from disco_pyserini.datasets.resources import Resource, Terms
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError
from disco_pyserini.trec import Qrels

_NAME = "canard"


def _queries(folder: Path, split: str) -> Iterator[Query]:
    records = read_array(need(_NAME, folder, f"CANARD_Release/{split}.json"))
    for record, following in pairwise(chain(records, [None])):
        if record is None:
            return
        history = record.texts("History")
        if len(history) < 2:
            raise InputError(f"{record.where}: expected the titles of article and section in History, found {history}")
        yield make_query(
            record.label("QuAC_dialog_id"),
            record.number("Question_no"),
            turns_of(history, record.where),
            record.text("Question"),
            _answer(record, following),
            human=record.text("Rewrite"),
        )


def _answer(record: JsonObject, following: JsonObject | None) -> str | None:
    """Return the answer to a question. Only the history of the dialogue's next question contains it."""
    if following is None or following.fields.get("QuAC_dialog_id") != record.fields.get("QuAC_dialog_id"):
        return None
    return following.texts("History")[-1] or None


def _qrels(folder: Path, split: str) -> Qrels:
    raise no_qrels(_NAME, split)


CANARD = Benchmark(
    name=_NAME,
    title="CANARD, questions of QuAC rewritten by people to stand alone",
    terms=Terms(licence="CC BY-SA 4.0", source="https://sites.google.com/view/qanta/projects/canard"),
    resources=(
        Resource(
            "CANARD_Release.zip",
            ("https://obj.umiacs.umd.edu/elgohary/CANARD_Release.zip",),
            "md5:c9bba7c6bb898f669383415b54fd6ffd",
            archive=True,
        ),
    ),
    splits={"train": 31_526, "dev": 3_430, "test": 5_571},
    queries=_queries,
    qrels=_qrels,
    first_turn_is_title=True,
)
