"""Searching from Python, runs, and BM25."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest
from small_indexes import LookUp, Tiny, Vector, Vectors

from disco_pyserini.conversation import Conversation
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.lucene.bm25 import Bm25Searcher, build_bm25_index
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.lucene.lucene_searcher import LuceneSearcher
from disco_pyserini.passages import Passage
from disco_pyserini.search.hits import Hit
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.trec import write_run


def test_threads_and_batches_change_nothing(tiny: Tiny) -> None:
    qids, texts = list(tiny.texts), list(tiny.texts.values())
    with DiscoSearcher(tiny.index) as searcher:
        together = searcher.batch_search(texts, qids, k=50, threads=4)
        assert list(together) == qids
        assert sum(map(len, together.values())) > 1000
        for qid, text in tiny.texts.items():
            assert searcher.search(text, k=50) == together[qid]


def test_conversations(tiny: Tiny) -> None:
    conversation = Conversation.from_history("when did he die", [("who was king", "he")])
    with DiscoSearcher(tiny.index) as searcher:
        hits = searcher.search(conversation, k=3)
        assert len(hits) == 3
        assert hits == searcher.search("when did he die [SEP] he [SEP] who was king", k=3)


def test_terms_of_all_documents_are_dropped(tmp_path: Path) -> None:
    documents: dict[str, Vector] = {"a": {"x": 1, "all": 9}, "b": {"y": 1, "all": 9}}
    build_index(Vectors(documents), tmp_path / "index")
    queries: dict[str, Vector] = {"q": {"x": 2, "all": 5}, "all": {"all": 5}, "none": {}}
    with DiscoSearcher(tmp_path / "index", LookUp(queries)) as searcher:
        results = searcher.batch_search(list(queries), list(queries))
    assert results == {"q": [Hit("a", 2.0)], "all": [], "none": []}


def test_ids_of_queries(tiny: Tiny) -> None:
    with DiscoSearcher(tiny.index) as searcher:
        with pytest.raises(InputError, match="found 1 ids for 2 queries"):
            searcher.batch_search(["a", "b"], ["1"])
        with pytest.raises(InputError, match="query id '1' is used twice"):
            searcher.batch_search(["a", "b"], ["1", "1"])


def test_encoder_objects_must_fit(tiny: Tiny, index: Path) -> None:
    class Other(LookUp):
        vocabulary = ("some", "thing")
        quantiser = None
        model_name = "other/model"

    with pytest.raises(InputError, match="the query encoder other/model does not fit"):
        DiscoSearcher(tiny.index, Other({}))
    DiscoSearcher(index, Other({})).close()


def test_runs_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "run.txt"
    write_run({"q2": [Hit("b", 2.0), Hit(" a ", 1 / 3)], "q1": [], "q0": [Hit("c", 7)]}, path, tag="T")
    expected = "q2 Q0 b 1 2.000000 T\nq2 Q0 a 2 0.333333 T\nq0 Q0 c 1 7.000000 T\n"
    assert path.read_bytes() == expected.encode()
    with pytest.raises(AttributeError):
        write_run({"q": [None]}, path)  # type: ignore[list-item]
    assert path.read_bytes() == expected.encode()
    assert [file.name for file in tmp_path.iterdir()] == ["run.txt"]


@pytest.mark.parametrize("number", [0, -1])
def test_numbers_below_one(tiny: Tiny, number: int) -> None:
    with DiscoSearcher(tiny.index) as searcher:
        with pytest.raises(InputError, match=f"expected k to be at least 1, found {number}"):
            searcher.search("king", k=number)
        with pytest.raises(InputError, match=f"expected threads to be at least 1, found {number}"):
            searcher.batch_search(["king"], ["1"], threads=number)
        with pytest.raises(InputError, match=f"expected query_terms to be at least 1, found {number}"):
            searcher.search("king", query_terms=number)
    with closing(LuceneSearcher(tiny.index)) as engine:
        with pytest.raises(InputError, match=f"expected k to be at least 1, found {number}"):
            engine.search([{"king": 1}], number)
        with pytest.raises(InputError, match=f"expected threads to be at least 1, found {number}"):
            engine.search([{"king": 1}], 1, threads=number)


def test_a_closed_searcher_says_so(tiny: Tiny) -> None:
    searcher = DiscoSearcher(tiny.index)
    [hit] = searcher.search("king", k=1)
    searcher.close()
    searcher.close()
    closed = re.escape(f"{tiny.index}: the searcher is closed: search and read texts before closing it")
    for use in (
        lambda: searcher.search("king"),
        lambda: searcher.batch_search(["king", "he"], ["1", "2"], threads=2),
        lambda: searcher.explain("king", hit.docid),
        lambda: searcher.doc(hit.docid),
        lambda: hit.text,
    ):
        with pytest.raises(DiscoError, match=closed):
            use()


def test_explaining_an_unknown_document(tiny: Tiny) -> None:
    with DiscoSearcher(tiny.index) as searcher, pytest.raises(InputError, match="the index has no document 'd400'"):
        searcher.explain("king", "d400")


PASSAGES = [
    Passage("p1", "The kings of Norway were crowned in Trondheim."),
    Passage("p2", "Crowning a king takes place in a cathedral\nof Norway."),
    Passage("p3", "東京 is the capital of Japan 𝔘."),
    Passage("p4", "The kings of Norway were crowned in Trondheim."),
    Passage("p5", ""),
]


def test_bm25(tmp_path: Path) -> None:
    assert build_bm25_index(PASSAGES, tmp_path / "index") == 5
    with Bm25Searcher(tmp_path / "index") as searcher:
        for number in (0, -1):
            with pytest.raises(InputError, match=f"expected k to be at least 1, found {number}"):
                searcher.batch_search(["japan"], ["1"], k=number)
            with pytest.raises(InputError, match=f"expected threads to be at least 1, found {number}"):
                searcher.batch_search(["japan"], ["1"], threads=number)
        results = searcher.batch_search(["kings of Norway crowned", "japan", "the"], ["1", "2", "3"], threads=2)
        assert [hit.text for hit in results["1"]] == [PASSAGES[place].contents for place in (0, 3, 1)]
        assert searcher.text("p6") is None
    assert [hit.docid for hit in results["1"]] == ["p1", "p4", "p2"]
    scores = [hit.score for hit in results["1"]]
    # Anserini lowers the second of two equal scores by a millionth.
    assert scores[0] == pytest.approx(scores[1] + 1e-6, abs=1e-7) and scores[1] > scores[2] > 0
    assert [hit.docid for hit in results["2"]] == ["p3"]
    assert results["3"] == []
    searcher.close()
    with pytest.raises(DiscoError, match="index: the searcher is closed"):
        searcher.batch_search(["japan"], ["1"])
    with pytest.raises(DiscoError, match="index: the searcher is closed"):
        _ = results["2"][0].text
    build_bm25_index(PASSAGES, str(tmp_path / "without"), store_raw=False)
    with Bm25Searcher(tmp_path / "without") as searcher:
        assert [hit.text for hit in searcher.batch_search(["japan"], ["1"])["1"]] == [None]


def test_bm25_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'p1' belongs to more than one passage"):
        build_bm25_index([*PASSAGES, PASSAGES[0]], tmp_path / "index")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="expected the folder of an index"):
        Bm25Searcher(tmp_path / "index")
    (tmp_path / "file").write_text("")
    with pytest.raises(DiscoError):
        build_bm25_index(PASSAGES, tmp_path / "file" / "index")
