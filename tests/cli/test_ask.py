"""`disco ask` and `disco chat`, in the process of the test where that is enough."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from disco_pyserini.cli.main import app
from disco_pyserini.cli.shared import printable
from disco_pyserini.errors import DiscoError

SYSTEM = {"role": "system", "content": "Be nice."}
QUESTION = {"role": "user", "content": "Where is Warsaw?"}


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "poland.md").write_text("# Poland\n\nWarsaw is the capital of Poland.\x1b[31m\n")
    (folder / "france.txt").write_text("Paris is the capital of France.")
    return folder


def run(*arguments: object, input: str = "") -> str:
    done = CliRunner().invoke(app, [*map(str, arguments), "--backend", "torch"], input=input)
    if isinstance(done.exception, DiscoError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def saved(folder: Path, content: Any) -> Path:
    path = folder / "chat.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_an_answer_has_text_score_source_and_terms(corpus: Path) -> None:
    found = run("ask", "--corpus", corpus, "Where is Warsaw?", "--hits", 1)
    lines = found.splitlines()
    assert lines[0].startswith("1. poland.md#1  (score ")
    assert "warsaw" in lines[1] and lines[1].startswith("   matched: ")
    assert "   Warsaw is the capital of Poland.\ufffd[31m" in lines and "\x1b" not in found


def test_the_file_of_a_passage_with_an_id_of_its_own_is_named(corpus: Path) -> None:
    (corpus / "costs and more.csv").write_text("id,text\n7,Hotels in Warsaw cost money.\n")
    found = run("ask", "--corpus", corpus, "What do hotels cost?", "--hits", 1)
    assert found.startswith("1. 7  (from costs and more.csv, score ")
    hits = json.loads(run("ask", "--corpus", corpus, "Warsaw?", "--hits", 2, "--json"))["hits"]
    assert {hit["id"]: hit["source"] for hit in hits} == {"7": "costs and more.csv", "poland.md#1": "poland.md"}


def test_json_adds_up(corpus: Path) -> None:
    answer = json.loads(run("ask", "--corpus", corpus, "Where is Warsaw?", "--json"))
    best = answer["hits"][0]
    assert answer["question"] == "Where is Warsaw?" and best["id"] == "poland.md#1"
    assert sum(term["score"] for term in best["terms"]) == round(best["score"])
    assert best["text"].startswith("# Poland")


def test_a_chat_file_is_the_context(corpus: Path, tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "x"}}
    messages = [
        SYSTEM,
        {"role": "user", "content": [{"type": "text", "text": "Tell me about Paris"}, image]},
        {"role": "assistant", "content": "A town."},
    ]
    for content in (messages, {"model": "gpt", "messages": messages}):
        found = run("ask", "And its country?", "--corpus", corpus, "--chat", saved(tmp_path, content), "--json")
        assert json.loads(found)["hits"][0]["id"] == "france.txt#1"
    found = run("ask", "--corpus", corpus, "--chat", saved(tmp_path, [QUESTION]), "--json")
    assert json.loads(found)["question"] == "Where is Warsaw?"


def test_a_chat_remembers_and_begins_anew(corpus: Path) -> None:
    found = run(
        "chat", "--corpus", corpus, "--json", input="Where is Warsaw?\n\nWhich country?\n/new\nParis?\n/quit\nno\n"
    )
    turns = [json.loads(line) for line in found.splitlines()]
    assert [turn["question"] for turn in turns] == ["Where is Warsaw?", "Which country?", "Paris?"]
    assert [turn["hits"][0]["id"] for turn in turns] == ["poland.md#1", "poland.md#1", "france.txt#1"]
    terms = [{term["token"] for term in turn["hits"][0]["terms"]} for turn in turns]
    assert "warsaw" in terms[1] and "warsaw" not in terms[2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[", "expected messages as JSON, found what is not JSON"),
        (b"\xff", "what is not JSON"),
        (b"[" * 100_000, "what is not JSON"),
        (3, "expected a JSON list of messages"),
        ({"model": "x"}, "expected a JSON list of messages"),
        ([], "expected at least one user message, found no messages"),
        ([SYSTEM], "expected at least one user message, found only messages with the roles system"),
        ([{"role": "robot", "content": "x"}], "message 1: unknown role 'robot'"),
        ([{"role": "user", "content": " "}], "the last user message has no text"),
        ([{"role": "user"}], "message 1: expected a dict with 'role' and 'content'"),
    ],
)
def test_bad_chats_are_named_before_anything_is_encoded(
    corpus: Path, tmp_path: Path, content: object, message: str
) -> None:
    with pytest.raises(DiscoError, match=message) as stop:
        run("ask", "--corpus", corpus, "--chat", saved(tmp_path, content))
    assert stop.value.exit_code == 2 and not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", " ", "--corpus", "x"], "the question is empty"),
        (["ask", "--corpus", "x"], "expected a question, or --chat"),
        (["ask", "q"], "expected either --corpus, documents to ask, or --index"),
        (["chat", "--corpus", "x", "--index", "y"], "expected either --corpus"),
        (["ask", "q", "--corpus", "nonesuch"], "no such file or folder"),
        (["ask", "q", "--index", "nonesuch"], "expected the folder of an index, found nothing"),
        (["ask", "q", "--corpus", "x", "--engine", "nonesuch"], "unknown engine"),
        (["ask", "--corpus", "x", "--chat", "nonesuch.json"], "cannot be read: No such file"),
    ],
)
def test_bad_arguments(arguments: list[str], message: str) -> None:
    with pytest.raises(DiscoError, match=message):
        run(*arguments)


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    text = "a\x1b]0;owned\x07b\x9bc\u202ed\te\r\nf\rg\x00é東\n"
    assert printable(text) == "a\ufffd]0;owned\ufffdb\ufffdc\ufffdd    e\nf\ufffdg\ufffdé東\n"


@pytest.mark.slow
def test_an_index_is_asked_from_a_pipe_in_a_new_process(warm_python: str, demo: Path) -> None:
    command = [warm_python, "-m", "disco_pyserini", "chat", "--index", str(demo / "index"), "--hits", "2"]
    done = subprocess.run(command, input="salt trade\n", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("> salt trade\n\n1. ") and "\n2. " in done.stdout


@pytest.mark.slow
def test_an_index_is_updated_on_the_command_line(tmp_path: Path) -> None:
    for name, lines in {"old": {"a": "Warsaw", "b": "Paris"}, "new": {"b": "Rome", "c": "Oslo"}}.items():
        records = [json.dumps({"id": docid, "contents": text}) for docid, text in lines.items()]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(records))
        encode = ["encode", "--encoder", "disco-tiny", "--corpus", tmp_path / f"{name}.jsonl"]
        run(*encode, "--output", tmp_path / name)
    (tmp_path / "ids.txt").write_text("a\n\n")
    index = ["index", "--index", str(tmp_path / "index")]

    def disco(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*index, *arguments])
        assert done.exit_code == 0, done.exception
        return done.stdout

    disco("--vectors", str(tmp_path / "old"))
    found = disco("--update", "--vectors", str(tmp_path / "new"), "--delete", str(tmp_path / "ids.txt"))
    assert "2 documents (before: 2)" in found
    answer = json.loads(run("ask", "rome oslo", "--index", tmp_path / "index", "--json"))
    assert {hit["id"]: hit["text"] for hit in answer["hits"]} == {"b": "Rome", "c": "Oslo"}
    assert isinstance(CliRunner().invoke(app, [*index, "--delete", "x"]).exception, DiscoError)
