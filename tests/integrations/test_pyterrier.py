"""The PyTerrier transformers: in experiments, next to pyterrier-splade, and with PyTerrier's Java."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
import pyterrier as pt
import pytest
from integration_data import ANSWER, HISTORY, QUESTION, SmallWorld
from ir_measures import R, nDCG

from disco_pyserini import Conversation, DiscoSearcher, InputError, evaluate, open_collection, query_encoder
from disco_pyserini.integrations.pyterrier import CONVERSATION, DiscoRetriever, QueryEncoder, qrels, topics

REPOSITORY = Path(__file__).parents[2]


def test_an_experiment(world: SmallWorld, searcher: DiscoSearcher) -> None:
    """PyTerrier's measures are those of our own evaluation."""
    forms = ("conversation", "utterance")
    collection = open_collection(str(world.folder))
    table = pt.Experiment(
        [DiscoRetriever(searcher, k=50, form=form) for form in forms],
        topics(collection, "test"),
        qrels(collection, "test"),
        [nDCG @ 3, R @ 10],
        names=list(forms),
    ).set_index("name")
    queries = list(collection.queries("test"))
    for form in forms:
        found = searcher.batch_search([query.text(form) for query in queries], [query.qid for query in queries], k=50)
        run = {qid: {hit.docid: hit.score for hit in hits} for qid, hits in found.items()}
        ours = evaluate(run, collection.qrels("test"), ["nDCG@3", "R@10"])
        assert table.loc[form, "nDCG@3"] == pytest.approx(ours.mean("nDCG@3"))
        assert table.loc[form, "R@10"] == pytest.approx(ours.mean("R@10"))
    assert table.loc["conversation", "nDCG@3"] > table.loc["utterance", "nDCG@3"] + 0.2


def test_conversations_and_texts(searcher: DiscoSearcher) -> None:
    messages = [
        {"role": "user", "content": HISTORY[0]},
        {"role": "assistant", "content": HISTORY[1]},
        {"role": "user", "content": QUESTION},
    ]
    conversations = [Conversation.from_messages(messages), messages]
    frame = pd.DataFrame({"qid": ["b", "a"], CONVERSATION: conversations, "other": [1, 2]}, index=[7, 7])
    found = DiscoRetriever(searcher, k=2, text=True)(frame)
    hits = searcher.search(conversations[0], k=2)
    assert list(found.columns) == ["qid", CONVERSATION, "other", "docno", "score", "rank", "text"]
    assert found["qid"].tolist() == ["b", "b", "a", "a"]
    assert found["docno"].tolist() == [hit.docid for hit in hits] * 2
    assert found["rank"].tolist() == [0, 1, 0, 1]
    assert found["text"].tolist() == [searcher.doc(hit.docid) for hit in hits] * 2
    assert found["docno"][0] == ANSWER
    alone = DiscoRetriever(searcher, k=2).search(QUESTION)
    assert alone["docno"].tolist() == [hit.docid for hit in searcher.search(QUESTION, k=2)]
    assert alone["docno"][0] != ANSWER


def test_in_pipelines(searcher: DiscoSearcher) -> None:
    retriever = DiscoRetriever(searcher, k=5)
    assert (retriever % 2).search(QUESTION)["docno"].tolist() == retriever.search(QUESTION)["docno"].tolist()[:2]
    double = (2 * retriever).search(QUESTION)
    assert double["score"].tolist() == (2 * retriever.search(QUESTION)["score"]).tolist()
    empty = retriever(pd.DataFrame({"qid": [], "query": []}))
    assert empty.empty and {"docno", "score", "rank"} <= set(empty.columns)
    assert pt.inspect.transformer_outputs(retriever, ["qid", "query"]) == ["qid", "query", "docno", "score", "rank"]
    assert pt.inspect.transformer_outputs(QueryEncoder("disco-tiny"), ["qid", "query"]) == [
        "qid",
        "query",
        "query_toks",
    ]


def test_the_query_encoder_does_what_pyterrier_splade_does(world: SmallWorld) -> None:
    # Not in the extra `dev`, since its licence is for non-commercial use.
    pyterrier_splade = pytest.importorskip("pyterrier_splade")
    frame = topics(str(world.folder), "test")
    theirs = pyterrier_splade.Splade(str(query_encoder("disco-tiny").folder), device="cpu").query_encoder()(frame)
    ours = QueryEncoder("disco-tiny", form="utterance")(frame)
    assert list(ours.columns) == list(theirs.columns)
    for mine, expected in zip(ours["query_toks"], theirs["query_toks"], strict=True):
        assert mine == pytest.approx(expected, abs=1e-3)
    conversations = QueryEncoder("disco-tiny")(frame)
    assert [len(one) for one in conversations["query_toks"]] != [len(one) for one in ours["query_toks"]]


def test_bad_input(searcher: DiscoSearcher) -> None:
    retriever = DiscoRetriever(searcher)
    with pytest.raises(pt.validate.InputValidationError, match="missing_columns"):
        retriever(pd.DataFrame({"qid": ["1"]}))
    with pytest.raises(InputError, match="query 1: expected a text in the column query, found ' '"):
        retriever(pd.DataFrame({"qid": ["1"], "query": [" "]}))
    with pytest.raises(InputError, match="unknown query form 'all'"):
        DiscoRetriever(searcher, form="all")(pd.DataFrame({"qid": ["1"], CONVERSATION: [[message("user", "hello")]]}))
    with pytest.raises(InputError, match="expected at least one user message"):
        retriever(pd.DataFrame({"qid": ["1"], CONVERSATION: [[message("system", "hello")]]}))


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def test_pyterrier_finds_the_initializer() -> None:
    setup = (REPOSITORY / "setup.cfg").read_text(encoding="utf-8")
    [(module, name)] = re.findall(r"^pyterrier\.java\.init =\n    \S+ = ([\w.]+):(\w+)$", setup, flags=re.MULTILINE)
    initializer = getattr(import_module(module), name)()
    assert isinstance(initializer, pt.java.JavaInitializer)
    assert initializer.condition()


@pytest.mark.slow
def test_a_java_that_pyterrier_starts(world: SmallWorld, searcher: DiscoSearcher) -> None:
    """PyTerrier's own steps up to the start of Java. (The rest needs Terrier's jar, which it downloads from Maven.)"""
    code = f"""
import jnius_config, pyterrier
from pyterrier.java import CoreJavaInit, Java24Init
from disco_pyserini import DiscoSearcher
from disco_pyserini.integrations.pyterrier import DiscoRetriever
from disco_pyserini.plugin.pyterrier_java import PyseriniJar
for initializer in sorted([CoreJavaInit(), Java24Init(), PyseriniJar()], key=lambda one: one.priority()):
    initializer.pre_init(jnius_config)
import jnius
assert "python[pyterrier]" in jnius.autoclass("java.lang.System").getProperty("sun.java.command")
with DiscoSearcher({str(world.index)!r}) as searcher:
    print(DiscoRetriever(searcher, k=1).search({QUESTION!r})["docno"][0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == searcher.search(QUESTION, k=1)[0].docid
