"""Replacing an index while it is searched, and ending while questions wait."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

from running import PASSAGES, Slow, make_index, serve, wait_until

from disco_pyserini import DiscoError


def test_an_index_is_replaced_without_a_lost_request(tmp_path: Path) -> None:
    place = make_index(tmp_path / "docs")
    new = make_index(tmp_path / "new", PASSAGES | {"latest": "the choir sings in the chapel tonight, a choir"})
    found: list[Counter[str]] = [Counter(), Counter()]
    with serve({"docs": place}) as server:
        old = server.app.state.service.indexes.get("docs")
        done = threading.Event()

        def ask(seen: Counter[str]) -> None:
            while not done.is_set():
                answer = server.search(query="choir tonight", hits=1)
                seen[answer.json["hits"][0]["docid"] if answer.status == 200 else str(answer.status)] += 1

        threads = [threading.Thread(target=ask, args=(seen,)) for seen in found]
        for thread in threads:
            thread.start()
        wait_until(lambda: all(seen["choir"] > 5 for seen in found))
        place.rename(tmp_path / "old")
        new.rename(place)
        answer = server.post("/v1/docs/reload", None)
        assert answer.status == 200 and answer.json["documents"] == 5
        wait_until(lambda: all(seen["latest"] > 5 for seen in found))
        done.set()
        for thread in threads:
            thread.join()
        assert all(seen.keys() == {"choir", "latest"} for seen in found)
        try:
            old.searcher.search("choir")
        except DiscoError as problem:
            assert "closed" in str(problem)
        else:
            raise AssertionError("the old index is still open")


def test_a_replaced_index_answers_what_it_accepted(docs: Path, slow: Slow) -> None:
    answers: list[int] = []
    with serve({"docs": docs}, encoder=slow) as server:
        thread = threading.Thread(target=lambda: answers.append(server.search(query="choir").status))
        thread.start()
        wait_until(lambda: slow.batches)
        assert server.post("/v1/docs/reload", None).status == 200
        slow.may_go_on.set()
        thread.join()
    assert answers == [200]


def test_ending_finishes_what_was_accepted(docs: Path, slow: Slow) -> None:
    answers: list[int] = []
    with serve({"docs": docs}, encoder=slow) as server:
        threads = [
            threading.Thread(target=lambda: answers.append(server.search(query="choir").status)) for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: server.metric("disco_queue_length") == 5)
        server.server.should_exit = True
        wait_until(lambda: not server.server.servers or not any(s.is_serving() for s in server.server.servers))
        assert not answers
        slow.may_go_on.set()
        for thread in threads:
            thread.join()
    assert answers == [200] * 5
