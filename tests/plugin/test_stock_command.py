"""Pyserini's own search command, unchanged, with our encoders. A new process takes a quarter of a minute."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checkpoints import WORDS, make_checkpoint
from small_indexes import Run, Tiny, Vectors

from disco_pyserini.lucene.bm25 import Bm25Searcher, build_bm25_index
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.passages import Passage
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.trec import write_run

pytestmark = pytest.mark.slow


def test_runs_equal_those_of_disco_searcher(tiny: Tiny, tmp_path: Path, run_python: Run, run_warm_python: Run) -> None:
    with DiscoSearcher(tiny.index) as searcher:
        qids = sorted(tiny.texts)
        results = searcher.batch_search([tiny.texts[qid] for qid in qids], qids, k=100, threads=2)
    write_run(results, tmp_path / "expected.txt")
    expected = (tmp_path / "expected.txt").read_bytes()
    assert len(expected.splitlines()) > 1000
    stock, ours = ["pyserini.search.lucene"], ["disco_pyserini", "search"]
    together, alone = ["--batch-size", "64", "--threads", "4"], ["--batch-size", "1"]
    # The command of this package needs no .pth file: the plugin that it would start is switched off.
    for number, (run, program, options, plugin) in enumerate(
        [
            (run_python, stock, together, "1"),
            (run_warm_python, stock, alone, "1"),
            (run_warm_python, ours, together, "0"),
        ]
    ):
        output = tmp_path / f"run{number}.txt"
        command = ["-m", *program, "--impact", "--encoder", "disco", "--index", str(tiny.index)]
        command += ["--topics", str(tiny.topics), "--output", str(output), "--hits", "100", *options]
        done = run(*command, DISCO_PYSERINI_PLUGIN=plugin)
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stderr
        assert output.read_bytes() == expected


def test_collections_as_topics(tiny: Tiny, tmp_path: Path, run_warm_python: Run) -> None:
    """``COLLECTION/SPLIT/QUERY``: the same runs as from the topics file, with our encoder and with BM25."""
    turns = [
        {"qid": qid, "conversation_id": qid, "history": [], "utterance": text, "manual_rewrite": text.upper()}
        for qid, text in zip(["007", "10", "9", "9-1_2"], tiny.texts.values(), strict=False)
    ]
    (tmp_path / "own").mkdir()
    lines = [json.dumps(turn) + "\n" for turn in turns]
    (tmp_path / "own" / "turns.jsonl").write_text("".join(lines))
    # As the publisher of iKAT has it: topics with a number, turns with another.
    topics = [
        {"number": number, "turns": [{"turn_id": 1, "utterance": turn["utterance"], "resolved_utterance": "x"}]}
        for number, turn in enumerate(turns)
    ]
    folder = tmp_path / "cache" / "disco" / "ikat2024"
    folder.mkdir(parents=True)
    (folder / "2024_test_topics.json").write_text(json.dumps(topics))
    texts = [str(turn["utterance"]) for turn in turns]
    (tmp_path / "llm.tsv").write_text(f"0_1\t{texts[0]}\n2_1\t{texts[2]}\n9_1\tof no turn\n")
    build_bm25_index([Passage(f"p{i}", text) for i, text in enumerate(tiny.texts.values())], tmp_path / "bm25")
    disco = ["--impact", "--encoder", "disco", "--index", str(tiny.index)]
    bm25 = ["--bm25", "--index", str(tmp_path / "bm25")]

    own, ikat = [str(turn["qid"]) for turn in turns], [f"{number}_1" for number in range(len(turns))]
    cases = [
        (disco, f"{tmp_path}/own/all/utterance", dict(zip(own, texts, strict=True)), "4 topics; left out"),
        (disco, "ikat2024/test/conversation", dict(zip(ikat, texts, strict=True)), "4 topics; left out"),
        (bm25, "ikat2024/utterance", dict(zip(ikat, texts, strict=True)), "4 topics; left out"),
        (
            bm25,
            f"ikat2024/test/llm:{tmp_path / 'llm.tsv'}",
            {"0_1": texts[0], "2_1": texts[2]},
            "2 topics; left out, without this rewrite: 2; rewrites of no turn: 1",
        ),
    ]
    runs: dict[str, list[str]] = {}
    for number, (options, name, _, _) in enumerate(cases):
        runs[f"{number}"] = [*options, "--topics", name, "--output", f"{tmp_path}/{number}.txt", "--hits", "20"]
    refused = {
        "split": [*disco, "--topics", "ikat2024/dev/human", "--output", f"{tmp_path}/no.txt"],
        "query": [*bm25, "--topics", "ikat2024/test/human2", "--output", f"{tmp_path}/no.txt"],
        "files": [*bm25, "--topics", "cast2022/test/human", "--output", f"{tmp_path}/no.txt"],
        "theirs": [*bm25, "--topics", "no/such/topics", "--output", f"{tmp_path}/no.txt"],
    }
    given = {"commands": {**runs, **refused}}
    done = run_warm_python("-c", COMMANDS, json.dumps(given), PYSERINI_CACHE=str(tmp_path / "cache"))
    results = json.loads(done.stdout.rpartition("RESULTS ")[2])
    for number, (options, _, expected, counts) in enumerate(cases):
        code, said = results[f"{number}"]
        assert code == 0 and counts in said, said
        with DiscoSearcher(tiny.index) if options is disco else Bm25Searcher(tmp_path / "bm25") as searcher:
            qids = sorted(expected)
            hits = searcher.batch_search([expected[qid] for qid in qids], qids, 20)
        write_run(hits, tmp_path / "expected.txt")
        assert (tmp_path / f"{number}.txt").read_bytes() == (tmp_path / "expected.txt").read_bytes()
    for name, message in (
        ("split", "error: ikat2024: expected a split (test), found 'dev'"),
        ("query", "error: no query has a rewrite named 'human2': there are human"),
        ("files", "error: cast2022: expected 2022_evaluation_topics_tree_v1.0.json"),
    ):
        code, said = results[name]
        assert code == 2 and message in said and "Traceback" not in said
    code, said = results["theirs"]
    assert "no/such/topics" in str(code) and "Topic" in str(code)
    assert not (tmp_path / "no.txt").exists()


COMMANDS = """
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
print("RESULTS", json.dumps(results))
"""

MANY = (
    COMMANDS
    + """
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
os.environ["DISCO_QUERY_TERMS"] = "2"
results["fields"] = refused(searcher.search, "river", 10, {"contents": 2.0})
searcher.object.set_rm3()
results["rm3"] = refused(searcher.batch_search, ["river"], ["1"])
searcher.object.unset_rm3()
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

from disco_pyserini.passages import Passage
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
)


def test_pruned_search(tiny: Tiny, tmp_path: Path, run_warm_python: Run) -> None:
    with DiscoSearcher(tiny.index) as searcher:
        qids = sorted(tiny.texts)
        results = searcher.batch_search([tiny.texts[qid] for qid in qids], qids, k=20, query_terms=1)
    write_run(results, tmp_path / "expected.txt")
    command = ["-m", "disco_pyserini", "search", "--query-terms", "1", "--impact", "--encoder", "disco"]
    command += ["--index", str(tiny.index), "--topics", str(tiny.topics), "--hits", "20"]
    done = run_warm_python(*command, "--output", str(tmp_path / "run.txt"), DISCO_PYSERINI_PLUGIN="0")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run.txt").read_bytes() == (tmp_path / "expected.txt").read_bytes()


def test_errors_and_the_library(tiny: Tiny, tmp_path: Path, run_warm_python: Run) -> None:
    other = make_checkpoint(tmp_path / "other", words=[*WORDS, "queen"])
    build_index(Vectors({"a": {"x": 1}, "b": {"y": 1}}, raw=True), tmp_path / "raw", store_raw=True)
    build_bm25_index([Passage("p", "a king")], tmp_path / "text")
    (tmp_path / "empty").mkdir()
    (tmp_path / "old.txt").write_text("an older run")
    topics = {"tab": "1\ta\tb\n", "no text": "1\ta\n2\t\n", "twice": "1\ta\n1\tb\n"}
    for name, text in topics.items():
        (tmp_path / f"{name}.tsv").write_text(text)

    def command(encoder: str = "disco", index: Path = tiny.index, topics: Path = tiny.topics) -> list[str]:
        options = {"encoder": encoder, "index": index, "topics": topics, "output": tmp_path / "old.txt"}
        return ["--impact", *(str(word) for name, value in options.items() for word in (f"--{name}", value))]

    expected = {
        "no index": (command(index=tmp_path / "empty"), "found neither disco.json nor a file segments_N in it"),
        "nothing there": (command(index=tmp_path / "gone"), "gone: expected the folder of an index or the name of"),
        "misfit": (command(f"disco:{other}"), f"the query encoder {other} does not fit the index {tiny.index}"),
        "no encoder": (command("disco-tinny"), "unknown encoder 'disco-tinny': did you mean 'disco-tiny'? (disco enc"),
        "text index": (command(index=tmp_path / "text"), "text: expected an impact index, found a BM25 index"),
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
    done = run_warm_python("-c", MANY, json.dumps(given))
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
    message = "DISCO_QUERY_TERMS is for searches of one field without feedback, found --fields, --rm3 or --rocchio"
    assert results["fields"] == results["rm3"] == message
    assert results["idf"] == ["Idf", True, False]
