"""Ray Serve on a real cluster of several nodes: the answers of one index, also while replicas die or are replaced."""

from __future__ import annotations

import asyncio
import ctypes
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

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
QUESTIONS = [*TEXTS, "harbour museum", "the choir of the harbour", "is the museum old"]
QIDS = [str(number) for number in range(len(QUESTIONS))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One index, and the same one in shards."""
    folder = tmp_path_factory.mktemp("served")
    for number in range(SHARDS):  # one part each
        encode_corpus(PASSAGES, folder / "vectors", "disco-tiny", shard_id=number, shard_num=SHARDS)
    build_index(folder / "vectors", folder / "one", engine="flat")
    build_shards(folder / "vectors", folder / "shards", SHARDS, engine="flat")
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
def test_a_replaced_index_loses_no_request(
    cluster: SmallCluster, serve: None, folder: Path, expected: list[Sequence[Hit]]
) -> None:
    settings = IndexSettings(engine="flat", open_searcher=Replicas(1, 120).open)

    async def answer() -> list[list[str]]:
        served = await asyncio.to_thread(open_index, "docs", folder / "one", settings)
        service = Service([served], settings, replace(Limits(), waiting=10_000, seconds=300))
        asked = [asyncio.create_task(service.search("docs", [question], 30)) for question in QUESTIONS * 10]
        new = await service.reload("docs")
        assert new is not served
        asked += [asyncio.create_task(service.search("docs", [question], 30)) for question in QUESTIONS]
        found = [[found.hit.docid for found in (await task).hits[0]] for task in asked]
        await service.close()
        return found

    assert asyncio.run(answer()) == [[hit.docid for hit in hits] for hits in expected * 11]
    for process in cluster.processes("ServeReplica:disco-"):
        process.wait(60)


@pytest.mark.slow
def test_a_folder_that_is_not_an_index(serve: None, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the folder of an index, found nothing"):
        DiscoSearcher(folder / "nothing", engine="flat", open_searcher=Replicas().open)
    with pytest.raises(DiscoError, match=r"Ray cannot serve a shard: .*no-index"):
        DiscoSearcher([folder / "one", tmp_path / "no-index"], engine="flat", open_searcher=Replicas().open)
