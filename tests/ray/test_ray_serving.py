"""Ray Serve on a real cluster of several nodes: the answers of one index, also while replicas die or are replaced."""

from __future__ import annotations

import asyncio
import ctypes
import shutil
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from threading import Event

import pytest
from ray_cluster import SmallCluster

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.lucene import jvm
from disco_pyserini.passages import Passage
from disco_pyserini.ray.cluster import connected
from disco_pyserini.ray.serving import Replicas
from disco_pyserini.search import DiscoSearcher, Hit, build_index, build_shards
from disco_pyserini.serving.indexes import IndexSettings, open_index
from disco_pyserini.serving.limits import Limits
from disco_pyserini.serving.service import Service
from disco_pyserini.vectors import encode_corpus

SHARDS = 2
TEXTS = ["the harbour exports salt", "a choir sings in the old chapel", "the museum opens on sunday"]
PASSAGES = [Passage(f"p{number}", f"{TEXTS[number % 3]} {TEXTS[number % 2]}") for number in range(60)]
LATER_PASSAGES = [Passage(f"later{number}", f"{TEXTS[number % 3]} {TEXTS[-number % 2]}") for number in range(40)]
QUESTIONS = [*TEXTS, "harbour museum", "the choir of the harbour", "is the museum old"]
QIDS = [str(number) for number in range(len(QUESTIONS))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One index, the same one in shards, and another one in shards."""
    folder = tmp_path_factory.mktemp("served")
    for vectors, passages in (("vectors", PASSAGES), ("later-vectors", LATER_PASSAGES)):
        for number in range(SHARDS):  # one part each
            encode_corpus(passages, folder / vectors, "disco-tiny", shard_id=number, shard_num=SHARDS)
    build_index(folder / "vectors", folder / "one", engine="flat")
    build_shards(folder / "vectors", folder / "shards", SHARDS, engine="flat")
    build_shards(folder / "later-vectors", folder / "later", SHARDS, engine="flat")
    return folder


@pytest.fixture(scope="module")
def serve(cluster: SmallCluster) -> Iterator[None]:
    """The cluster that this process is connected to; it runs Java already."""
    from ray import serve

    jvm.start()
    before = handlers()
    with connected(cluster.address):
        assert handlers() == before, "Java ends the process at its next null pointer"
        yield
        serve.shutdown()
    assert handlers() == before


def handlers() -> tuple[object, ...]:
    """The handlers of SIGSEGV and SIGTERM: the first member of ``struct sigaction``, and Python's."""
    action = ctypes.create_string_buffer(256)
    found = []
    for number in (signal.SIGSEGV, signal.SIGTERM):
        ctypes.CDLL(None).sigaction(number, None, action)
        found.append(action.raw[: ctypes.sizeof(ctypes.c_void_p)])
    return *found, signal.getsignal(signal.SIGTERM)


@pytest.fixture(scope="module")
def expected(folder: Path) -> list[Sequence[Hit]]:
    with DiscoSearcher(folder / "one", engine="flat") as searcher:
        return list(searcher.batch_search(QUESTIONS, QIDS, k=30).values())


@pytest.mark.slow
def test_the_answers_of_one_index_while_replicas_die(
    cluster: SmallCluster, serve: None, folder: Path, expected: list[Sequence[Hit]]
) -> None:
    open_searcher = Replicas(number=2, seconds=120).open
    with DiscoSearcher(folder / "shards", engine="flat", open_searcher=open_searcher) as searcher:
        assert list(searcher.batch_search(QUESTIONS, QIDS, k=30).values()) == expected
        [hit, *_] = searcher.search(QUESTIONS[0])
        assert hit.text and hit.text == searcher.doc(hit.docid)
        with DiscoSearcher(folder / "one", engine="flat") as one:
            assert searcher.explain(QUESTIONS[0], hit.docid) == one.explain(QUESTIONS[0], hit.docid)
        running = cluster.processes("ServeReplica:disco-")
        assert len(running) >= 2 * SHARDS
        with ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(searcher.search, question, 30) for question in QUESTIONS * 20]
            for process in running[:2]:
                process.kill()
            assert [answer.result() for answer in answers] == expected * 20


@pytest.mark.slow
def test_replaced_shards_lose_no_request(
    cluster: SmallCluster, serve: None, folder: Path, expected: list[Sequence[Hit]], tmp_path: Path
) -> None:
    """Requests that were accepted before get the old answers, those after it the new ones, those between either."""
    settings = IndexSettings(engine="flat", open_searcher=Replicas(1, 120).open)
    path = shutil.copytree(folder / "shards", tmp_path / "served")

    async def answers() -> tuple[list[list[str]], list[list[str]], list[list[str]]]:
        served = await asyncio.to_thread(open_index, "docs", path, settings)
        service = Service([served], settings, replace(Limits(), waiting=10_000, seconds=300))

        async def ask(question: str) -> list[str]:
            return [found.hit.docid for found in (await service.search("docs", [question], 30)).hits[0]]

        before = [asyncio.create_task(ask(question)) for question in QUESTIONS * 10]
        await asyncio.sleep(0)  # they are accepted
        path.rename(tmp_path / "old")
        shutil.copytree(folder / "later", path)
        reload = asyncio.create_task(service.reload("docs"))
        between = []
        while not reload.done():
            between += await asyncio.gather(*map(ask, QUESTIONS))
        assert await reload is not served
        after = [await ask(question) for question in QUESTIONS]
        asked_before = list(await asyncio.gather(*before))
        await service.close()
        return asked_before, between, after

    with DiscoSearcher(folder / "later", engine="flat") as searcher:
        later = [[hit.docid for hit in hits] for hits in searcher.batch_search(QUESTIONS, QIDS, k=30).values()]
    old = [[hit.docid for hit in hits] for hits in expected]
    before, between, after = asyncio.run(answers())
    assert before == old * 10 and after == later
    assert len(between) >= len(old) and between[: len(old)] == old
    assert all(found in pair for found, pair in zip(between, cycle(zip(old, later, strict=True)), strict=False))
    for process in cluster.processes("ServeReplica:disco-"):
        process.wait(60)


@pytest.mark.slow
def test_replicas_that_die_while_they_start(
    cluster: SmallCluster, serve: None, folder: Path, expected: list[Sequence[Hit]]
) -> None:
    """As all do that Ray starts on a dead node, until it finds out; after three of them, it gives up."""
    killed: set[int] = set()
    opened = Event()

    def kill() -> None:
        while len(killed) < 4 and not opened.wait(0.01):
            for process in cluster.processes("ServeReplica:disco-"):
                if process.pid not in killed:
                    process.kill()
                    killed.add(process.pid)

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill)
        try:
            searcher = DiscoSearcher(folder / "one", engine="flat", open_searcher=Replicas(1, 120).open)
        finally:
            opened.set()
        killing.result()
    with searcher:
        assert len(killed) == 4
        assert list(searcher.batch_search(QUESTIONS, QIDS, k=30).values()) == expected


@pytest.mark.slow
def test_a_folder_that_is_not_an_index(serve: None, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the folder of an index, found nothing"):
        DiscoSearcher(folder / "nothing", engine="flat", open_searcher=Replicas().open)
    with pytest.raises(DiscoError, match=r"cannot serve a shard: \S*no-index: \S*InputError: \S*no-index: expected"):
        DiscoSearcher([folder / "one", tmp_path / "no-index"], engine="flat", open_searcher=Replicas().open)
