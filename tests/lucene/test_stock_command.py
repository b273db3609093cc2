"""Pyserini's own search command, unchanged, with our encoders. Each of these processes takes a quarter of a minute."""

from __future__ import annotations

import json
from pathlib import Path

from checkpoints import WORDS, make_checkpoint

from disco_pyserini.lucene.index import build_index
from disco_pyserini.lucene.searcher import DiscoSearcher, write_run

from .conftest import Run, Tiny, Vectors


def test_runs_equal_those_of_disco_searcher(tiny: Tiny, tmp_path: Path, run_python: Run) -> None:
    with DiscoSearcher(tiny.index) as searcher:
        qids = sorted(tiny.texts)
        results = searcher.batch_search([tiny.texts[qid] for qid in qids], qids, k=100, threads=2)
    write_run(results, tmp_path / "expected.txt")
    expected = (tmp_path / "expected.txt").read_bytes()
    assert len(expected.splitlines()) > 1000
    stock, ours = ["pyserini.search.lucene"], ["disco_pyserini", "search"]
    together, alone = ["--batch-size", "64", "--threads", "4"], ["--batch-size", "1"]
    # The command of this package needs no .pth file: the plugin that it would start is switched off.
    for number, (program, options, plugin) in enumerate(
        [(stock, together, "1"), (stock, alone, "1"), (ours, together, "0")]
    ):
        output = tmp_path / f"run{number}.txt"
        command = ["-m", *program, "--impact", "--encoder", "disco", "--index", str(tiny.index)]
        command += ["--topics", str(tiny.topics), "--output", str(output), "--hits", "100", *options]
        done = run_python(*command, DISCO_PYSERINI_PLUGIN=plugin)
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stderr
        assert output.read_bytes() == expected


MANY = """
import contextlib, io, json, os, runpy, sys

def command(*arguments):
    sys.argv = ["pyserini.search.lucene", *arguments]
    said = io.StringIO()
    main = sys.modules["__main__"]
    code = 0
    try:
        with contextlib.redirect_stderr(said):
            runpy.run_module("pyserini.search.lucene", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException as problem:
        code, said = repr(problem), io.StringIO()
    finally:
        sys.modules["__main__"] = main
    return code, said.getvalue()

given = json.loads(sys.argv[1])
results = {name: command(*arguments) for name, arguments in given["commands"].items()}

from disco_pyserini import Conversation, DiscoQueryEncoder, DiscoSearcher, InputError
from pyserini.query_iterator import DefaultQueryIterator
from pyserini.search.lucene import LuceneImpactSearcher, LuceneSearcher

def hits(found):
    return [(hit.docid, hit.score) for hit in found]

def refused(function, *arguments):
    try:
        function(*arguments)
    except InputError as problem:
        return str(problem)

index, model = given["index"], given["model"]
conversation = Conversation.from_history("when did he die", [("who was king", None)])
searcher = LuceneImpactSearcher(index, DiscoQueryEncoder(model))
ours = DiscoSearcher(index, "disco")
batch = searcher.batch_search([conversation, "river"], ["a", "b"], 20, 2)
results["library"] = [
    hits(searcher.search(conversation, 20)) == hits(batch["a"]) == hits(ours.search(conversation, 20)) != [],
    hits(batch["b"]) == hits(ours.search("river", 20)),
    refused(LuceneImpactSearcher, index, "disco:" + given["other"]),
    refused(LuceneImpactSearcher, index, DiscoQueryEncoder(given["other"])),
]
os.environ["DISCO_QUERY_TERMS"] = "2"
batch = searcher.batch_search([conversation, "river"], ["a", "b"], 20, 2)
results["pruned"] = [
    hits(searcher.search(conversation, 20)) == hits(batch["a"]) == hits(ours.search(conversation, 20, 2)) != [],
    hits(batch["b"]) == hits(ours.search("river", 20, 2)),
]
os.environ["DISCO_QUERY_TERMS"] = "few"
results["few"] = refused(searcher.search, "river")
del os.environ["DISCO_QUERY_TERMS"]

everything = LuceneImpactSearcher._compute_idf(index)
results["idf"] = [
    type(searcher.idf).__name__,
    dict(searcher.idf) == everything == {token: searcher.idf[token] for token in everything},
    "no such token" in searcher.idf,
]
DefaultQueryIterator.from_topics(given["twice"])
results["topics"] = [refused(LuceneImpactSearcher, index, "disco") for _ in range(2)]
results["document"] = json.loads(LuceneSearcher(given["raw"]).doc("a").raw())

from disco_pyserini.datasets.collection import Passage
from disco_pyserini.lucene.bm25 import Bm25Searcher, build_bm25_index
from pathlib import Path
texts = ["kings of Norway", "king Harald", "Norway is a country of kings and rivers", "kings of Norway"]
passages = [Passage(f"p{i}", text) for i, text in enumerate(texts)]
build_bm25_index(passages, Path(given["bm25"]))
stock = LuceneSearcher(given["bm25"]).batch_search(["king", "Norway rivers"], ["1", "2"], 10, 2)
mine = Bm25Searcher(given["bm25"]).batch_search(["king", "Norway rivers"], ["1", "2"], 10, 2)
results["bm25"] = all(hits(stock[qid]) == hits(mine[qid]) != [] for qid in mine)
print("RESULTS", json.dumps(results))
"""


def test_pruned_search(tiny: Tiny, tmp_path: Path, run_python: Run) -> None:
    with DiscoSearcher(tiny.index) as searcher:
        qids = sorted(tiny.texts)
        results = searcher.batch_search([tiny.texts[qid] for qid in qids], qids, k=20, query_terms=1)
    write_run(results, tmp_path / "expected.txt")
    command = ["-m", "disco_pyserini", "search", "--query-terms", "1", "--impact", "--encoder", "disco"]
    command += ["--index", str(tiny.index), "--topics", str(tiny.topics), "--hits", "20"]
    done = run_python(*command, "--output", str(tmp_path / "run.txt"), DISCO_PYSERINI_PLUGIN="0")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run.txt").read_bytes() == (tmp_path / "expected.txt").read_bytes()


def test_errors_and_the_library(tiny: Tiny, tmp_path: Path, run_python: Run) -> None:
    other = make_checkpoint(tmp_path / "other", words=[*WORDS, "queen"])
    build_index(Vectors({"a": {"x": 1}, "b": {"y": 1}}, raw=True), tmp_path / "raw", store_raw=True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "old.txt").write_text("an older run")
    topics = {"tab": "1\ta\tb\n", "no text": "1\ta\n2\t\n", "twice": "1\ta\n1\tb\n"}
    for name, text in topics.items():
        (tmp_path / f"{name}.tsv").write_text(text)

    def command(encoder: str = "disco", index: Path = tiny.index, topics: Path = tiny.topics) -> list[str]:
        options = {"encoder": encoder, "index": index, "topics": topics, "output": tmp_path / "old.txt"}
        return ["--impact", *(str(word) for name, value in options.items() for word in (f"--{name}", value))]

    expected = {
        "no index": (command(index=tmp_path / "empty"), "found no file segments_N in it"),
        "nothing there": (command(index=tmp_path / "gone"), "gone: expected the folder of an index or the name of"),
        "misfit": (command(f"disco:{other}"), f"the query encoder {other} does not fit the index {tiny.index}"),
        "no model": (command("disco:/no/such/model"), "/no/such/model"),
        "tab": (command(topics=tmp_path / "tab.tsv"), "tab.tsv:1: expected qid<TAB>text with exactly one tab, found 2"),
        "no text": (command(topics=tmp_path / "no text.tsv"), "no text.tsv:2: empty query"),
        "twice": (command(topics=tmp_path / "twice.tsv"), "twice.tsv:2: query id '1' is used twice"),
    }
    given = {
        "commands": {name: arguments for name, (arguments, _) in expected.items()},
        "index": str(tiny.index),
        "model": str(tiny.model),
        "other": str(other),
        "raw": str(tmp_path / "raw"),
        "bm25": str(tmp_path / "bm25"),
        "twice": str(tmp_path / "twice.tsv"),
    }
    done = run_python("-c", MANY, json.dumps(given))
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout.rpartition("RESULTS ")[2])
    for name, (_, message) in expected.items():
        code, said = results[name]
        lines = [line for line in said.splitlines() if line.startswith("error: ")]
        assert (code, len(lines)) == (2, 1), (name, code, said)
        assert message in lines[0] and "Traceback" not in said
    assert (tmp_path / "old.txt").read_text() == "an older run"
    conversations, texts, *refusals = results["library"]
    assert conversations and texts
    assert all("does not fit the index" in refusal for refusal in refusals)
    assert results["topics"] == [f"{tmp_path}/twice.tsv:2: query id '1' is used twice: ids must be unique", None]
    assert results["document"] == {"id": "a", "contents": "text of\na"}
    assert results["bm25"]
    assert results["pruned"] == [True, True]
    assert results["few"] == "expected DISCO_QUERY_TERMS to be a number of query terms, found 'few'"
    assert results["idf"] == ["Idf", True, False]
