"""A small collection with its index: the first conversations of the demo world, and some of its passages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

import pytest
from integration_data import ANSWER, SmallWorld

from disco_pyserini import DiscoSearcher, build_index, open_collection
from disco_pyserini.datasets.layout import write_collection

# Haystack sends statistics of use otherwise.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

TURNS = 16
OTHER_PASSAGES = 100


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> SmallWorld:
    folder = tmp_path_factory.mktemp("world") / "small"
    demo = open_collection("demo-world")
    turns = list(islice(demo.queries("test"), TURNS))
    qrels = {turn.qid: demo.qrels("test")[turn.qid] for turn in turns}
    wanted = {docid for judged in qrels.values() for docid in judged} | {ANSWER}
    passages = list(demo.passages("test"))
    kept = [one for number, one in enumerate(passages) if one.id in wanted or number < OTHER_PASSAGES]
    write_collection(kept, {"test": (turns, qrels)}, folder)
    build_index(kept, folder.parent / "index", encoder="disco-tiny")
    return SmallWorld(folder, folder.parent / "index")


@pytest.fixture(scope="session")
def searcher(world: SmallWorld) -> Iterator[DiscoSearcher]:
    with DiscoSearcher(world.index) as opened:
        yield opened
