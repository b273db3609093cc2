"""Threads that search, read, close, reopen, swap and collect garbage at once: right answers or a named error, no crash.

As a script: ``threads.py SECONDS SEED [THREADS [ENGINE]]``. A crash ends it with a signal, a hang with exit code 3.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

THREADS = 64
_QUERIES = 40
_LONGEST = 300


def campaign(seed: int, seconds: float, threads: int = THREADS) -> bool:
    """Run both engines, each in a process of its own; return whether nothing went wrong."""
    sound = True
    for engine in ("lucene", "flat"):
        words = [__file__, str(seconds / 2), str(seed), str(threads), engine]
        code = subprocess.run([sys.executable, *words]).returncode
        if code:
            print(f"threads: {engine}: exit code {code}")
        sound = sound and not code
    return sound


class _Index:
    """An index, and what it answers to a single thread."""

    def __init__(self, path: Path, engine: str, queries: dict[str, dict[str, int]]) -> None:
        from small_indexes import LookUp

        from disco_pyserini.search.searcher import DiscoSearcher

        self.path, self.encoder, self.engine = path, LookUp(queries), engine
        with self.open() as searcher:
            self.found = {qid: [(hit.docid, hit.score) for hit in searcher.search(qid, 10)] for qid in queries}
            self.texts = {hits[0][0]: searcher.doc(hits[0][0]) for hits in self.found.values() if hits}
            self.scores = {qid: searcher.explain(qid, hits[0][0]).score for qid, hits in self.found.items() if hits}
        assert isinstance(searcher, DiscoSearcher)

    def open(self) -> object:
        from disco_pyserini.search.searcher import DiscoSearcher

        return DiscoSearcher(self.path, self.encoder, self.engine)


class _Stress:
    def __init__(self, indexes: list[_Index], seconds: float) -> None:
        self.indexes = indexes
        self.places = [[index, index.open()] for index in indexes for _ in range(2)]
        self.end = time.monotonic() + seconds
        self.done: Counter[str] = Counter()
        self.problems: list[str] = []

    def run(self, seed: str) -> None:
        chooser = random.Random(seed)
        while time.monotonic() < self.end and not self.problems:
            action = chooser.choices(
                ["search", "batch", "text", "explain", "swap", "close", "collect", "thread"],
                [30, 8, 10, 10, 2, 2, 1, 3],
            )[0]
            try:
                self._act(action, chooser)
            except BaseException as problem:
                if "closed" in str(problem) and type(problem).__name__ == "DiscoError":
                    action += ", closed"
                else:
                    self.problems.append(f"{action}: {type(problem).__name__}: {problem}")
            self.done[action] += 1

    def _act(self, action: str, chooser: random.Random) -> None:
        place = chooser.choice(self.places)
        index, searcher = place
        qid = chooser.choice(sorted(index.found))
        if action == "search":
            self._check(index, qid, searcher.search(qid, 10))
        elif action == "batch":
            qids = chooser.sample(sorted(index.found), 5)
            for one, hits in searcher.batch_search(qids, qids, 10, threads=chooser.choice([1, 2, 3])).items():
                self._check(index, one, hits)
        elif action == "text":
            docid = chooser.choice(sorted(index.texts))
            if searcher.doc(docid) != index.texts[docid]:
                raise AssertionError(f"another text of {docid}")
        elif action == "explain" and index.found[qid]:
            if searcher.explain(qid, index.found[qid][0][0]).score != index.scores[qid]:
                raise AssertionError(f"another explanation of {qid}")
        elif action == "swap":
            other = chooser.choice(self.indexes)
            place[:] = [other, other.open()]
            if chooser.random() < 0.5:
                searcher.close()  # else garbage
        elif action == "close":
            searcher.close()
            place[:] = [index, index.open()]
        elif action == "collect":
            gc.collect()
        elif action == "thread":
            # A thread that lives for one search and leaves the JVM to itself.
            found: list[object] = []
            thread = threading.Thread(target=lambda: found.append(self._try(searcher, qid)))
            thread.start()
            thread.join()
            if not isinstance(found[0], Exception):
                self._check(index, qid, found[0])
            elif "closed" not in str(found[0]):
                raise found[0]

    @staticmethod
    def _try(searcher: object, qid: str) -> object:
        try:
            return searcher.search(qid, 10)  # type: ignore[attr-defined]
        except Exception as problem:
            return problem

    @staticmethod
    def _check(index: _Index, qid: str, hits: object) -> None:
        found = [(hit.docid, hit.score) for hit in hits]  # type: ignore[attr-defined]
        if found != index.found[qid]:
            raise AssertionError(f"another answer to {qid}: {found[:3]} instead of {index.found[qid][:3]}")


def _run(seconds: float, seed: int, number: int, engine: str) -> None:
    from small_indexes import Vectors, random_vectors

    from disco_pyserini.search import build_index

    faulthandler.enable()
    faulthandler.dump_traceback_later(seconds + _LONGEST, exit=True)
    queries = {f"q{i}": vector for i, vector in enumerate(random_vectors(_QUERIES, 12, seed=3))}
    with tempfile.TemporaryDirectory() as folder:
        indexes = []
        for name in ("one", "other"):
            documents = {f"{name}{i}": vector for i, vector in enumerate(random_vectors(400, 30, seed=len(name)))}
            build_index(Vectors(documents, raw=True), Path(folder) / name, engine=engine)
            indexes.append(_Index(Path(folder) / name, engine, queries))
        stress = _Stress(indexes, seconds)
        sys.setswitchinterval(1e-5)
        threads = [threading.Thread(target=stress.run, args=(f"{seed}/{i}",)) for i in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds + _LONGEST)
        hung = sum(thread.is_alive() for thread in threads)
    print(f"threads: {engine}: {number} threads, {seconds:.0f} s, seed {seed}: {dict(stress.done)}", flush=True)
    for problem in stress.problems:
        print(f"  {problem:.500}", flush=True)
    if hung:
        print(f"  {hung} threads hang", flush=True)
        faulthandler.dump_traceback()
        os._exit(3)
    sys.exit(bool(stress.problems))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[2]))
    rest = sys.argv[3:]
    _run(float(sys.argv[1]), int(sys.argv[2]), int(rest[0]) if rest else THREADS, rest[1] if rest[1:] else "lucene")
