"""Closing under a search, threads that end, and forks: what Java itself answers with exceptions, crashes or hangs."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from small_indexes import LookUp, Vectors

from disco_pyserini.errors import DiscoError
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.lucene.in_use import InUse
from disco_pyserini.search.searcher import DiscoSearcher

QUERIES = {"q": {"a": 3, "b": 1}}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "index"
    build_index(Vectors({"d1": {"a": 1}, "d2": {"a": 2, "b": 3}, "d3": {"c": 1}}, raw=True), path)
    return path


def test_closing_waits_for_the_calls_that_run() -> None:
    in_use, order = InUse(Path("x")), []
    with in_use.call():
        closing = threading.Thread(target=lambda: order.append(("closed", in_use.end())))
        closing.start()
        time.sleep(0.1)
        order.append(("searched", True))
    closing.join(10)
    assert order == [("searched", True), ("closed", True)]
    assert not in_use.end()
    with pytest.raises(DiscoError, match="x: the searcher is closed"), in_use.call():
        pass


def test_a_searcher_is_closed_while_others_search(small: Path) -> None:
    """They get hits, or the error for closed searchers; never one of Java's exceptions."""
    problems: list[str] = []

    def use(searcher: DiscoSearcher) -> None:
        try:
            while True:
                assert [hit.docid for hit in searcher.search("q")] == ["d2", "d1"]
                searcher.explain("q", "d2")
                searcher.doc("d1")
        except DiscoError as problem:
            if "closed" not in str(problem):
                problems.append(str(problem))
        except BaseException as problem:
            problems.append(repr(problem))

    for _ in range(5):
        searcher = DiscoSearcher(small, LookUp(QUERIES))
        threads = [threading.Thread(target=use, args=(searcher,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.02)
        searcher.close()
        for thread in threads:
            thread.join(60)
    assert problems == []


FOREIGN = """
import sys, threading
from small_indexes import LookUp
from disco_pyserini.search.searcher import DiscoSearcher
searcher = DiscoSearcher(sys.argv[1], LookUp({"q": {"a": 3, "b": 1}}))
found = []
thread = threading.Thread(target=lambda: found.append([hit.docid for hit in searcher.search("q")]))
thread.start()
thread.join()
assert found == [["d2", "d1"]], found
print("searched")
"""


@pytest.mark.slow
def test_a_process_ends_after_a_search_on_another_thread(small: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", FOREIGN, small]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert (done.returncode, done.stdout) == (0, "searched\n"), done.stderr


def _search(path: Path) -> str:
    try:
        with DiscoSearcher(path, LookUp(QUERIES)) as searcher:
            return searcher.search("q")[0].docid
    except DiscoError as problem:
        return str(problem)


@pytest.mark.slow
def test_spawned_processes_search_and_forked_ones_get_an_error(small: Path) -> None:
    assert _search(small) == "d2"  # Java runs
    for method, expected in ("fork", "Java cannot run in both"), ("spawn", "d2"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert expected in pool.apply_async(_search, (small,)).get(120), method


@pytest.mark.slow
def test_an_open_searcher_in_a_fork_gets_an_error(small: Path) -> None:
    with DiscoSearcher(small, LookUp(QUERIES)) as searcher:
        questions = [lambda: searcher.search("q"), lambda: searcher.doc("d1"), lambda: searcher.explain("q", "d2")]

        def ask(answers: multiprocessing.SimpleQueue[str]) -> None:
            for question in questions:
                try:
                    answers.put(str(question()))
                except DiscoError as problem:
                    answers.put(str(problem))

        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()
        process = context.Process(target=ask, args=(answers,))
        process.start()
        found = [answers.get() for _ in questions]
        process.join(60)
        assert all("Java cannot run in both" in answer for answer in found), found
        assert searcher.search("q")[0].docid == "d2"
