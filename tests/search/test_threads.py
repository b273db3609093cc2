"""Threads that search at once find what one thread finds: pyjnius by itself mixes their calls up, or crashes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_indexes import LookUp, Vector, Vectors

from disco_pyserini.errors import DiscoError
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.search import build_index as build
from disco_pyserini.search.searcher import DiscoSearcher

FIRST_SEARCH_ON_THREADS = """
import sys, threading
from disco_pyserini.lucene import jvm
from disco_pyserini.search.searcher import DiscoSearcher

jnius = jvm.start()
autoclass, unguarded = jnius.reflect.autoclass, set()

def watched(name, *args, **kwargs):
    known = jnius.MetaJavaClass.get_javaclass(name.replace(".", "/"), classparams=(True, True))
    if not known and not jvm.shared_classes._is_owned():
        unguarded.add(name)
    return autoclass(name, *args, **kwargs)

class Encoder:
    def encode_batch(self, texts):
        return [{"a": 3, "b": 2, text: 5} for text in texts]

queries = [f"only{i}" for i in range(64)]
with DiscoSearcher(sys.argv[1], Encoder()) as searcher:
    jnius.autoclass = jnius.reflect.autoclass = watched
    sys.setswitchinterval(1e-6)
    searcher.batch_search(queries, queries, threads=16)
    found = searcher.batch_search(queries, queries, threads=16, query_terms=1)
    assert [hits[0].docid for hits in found.values()] == queries
    assert not unguarded, unguarded
"""


@pytest.fixture(name="often")
def threads_that_alternate_often() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.slow
def test_the_first_search_of_a_process_may_be_on_threads(tmp_path: Path) -> None:
    documents = {f"only{i}": {"a": 1 + i % 7, "b": 1 + i % 3, f"only{i}": 9} for i in range(200)}
    build_index(Vectors(documents | {"none": {"c": 1}}), tmp_path / "index")
    subprocess.run([sys.executable, "-c", FIRST_SEARCH_ON_THREADS, str(tmp_path / "index")], check=True, timeout=60)


@pytest.mark.usefixtures("often")
def test_searchers_of_two_indexes_at_once(tmp_path: Path) -> None:
    tokens = [f"t{i}" for i in range(60)]
    queries: dict[str, Vector] = {
        f"q{i}": {token: 1 + (i * j) % 9 for j, token in enumerate(tokens)} for i in range(20)
    }
    searchers = []
    for name, known in ("even", tokens[::2]), ("odd", tokens[1::2]):
        documents = {f"{name}{i}": {known[i % 30]: 5, known[(7 * i + 1) % 30]: 3} for i in range(100)}
        build_index(Vectors(documents, raw=True), tmp_path / name)
        searchers.append((name, documents))

    def use(name: str, documents: dict[str, Vector]) -> list[object]:
        with DiscoSearcher(tmp_path / name, LookUp(queries)) as searcher:
            return [searcher.search(query) for query in queries] + [searcher.doc(docid) for docid in documents]

    alone = [use(*searcher) for searcher in searchers]
    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(lambda searcher: use(*searcher), searchers)) == alone


@pytest.mark.parametrize("engine", ["lucene", "flat"])
def test_tasks_of_asyncio_search_in_threads_while_the_searcher_is_closed(tmp_path: Path, engine: str) -> None:
    queries: dict[str, Vector] = {f"q{i}": {f"t{i}": 2, f"t{i + 1}": 1} for i in range(20)}
    documents = {f"d{i}": {f"t{i}": 5, f"t{i + 2}": 3} for i in range(30)}
    build(Vectors(documents), tmp_path / "index", engine=engine)
    searcher = DiscoSearcher(tmp_path / "index", LookUp(queries), engine)
    alone = {qid: searcher.search(qid) for qid in queries}

    async def ask(qid: str, times: int) -> list[object]:
        return [await asyncio.to_thread(searcher.search, qid) for _ in range(times)]

    async def main() -> None:
        found = await asyncio.gather(*(ask(qid, 3) for qid in queries))
        assert found == [[alone[qid]] * 3 for qid in queries]
        tasks = [asyncio.create_task(ask(qid, 10**6)) for qid in queries]
        await asyncio.sleep(0.05)
        await asyncio.to_thread(searcher.close)
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(ended, DiscoError) and "closed" in str(ended), ended

    asyncio.run(asyncio.wait_for(main(), 60))
