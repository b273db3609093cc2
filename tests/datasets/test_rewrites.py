"""Rewrites by language models from files of every kind, and from a hub."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from disco_pyserini.conversation import Conversation
from disco_pyserini.datasets.rewrites import read_rewrites, with_form
from disco_pyserini.datasets.turns import Query, topic_texts, write_turns
from disco_pyserini.errors import DiscoError, InputError

REWRITES = {"1_1": "who was king?", "9-1_2": 'when did "Olav"\u2028 die?', "3": "a\ttab"}
RECORD = {"model": "m", "prompt": "p", "time": "t"}
FILES = {
    "r.tsv": "".join(f"{qid}\t{text}\n" for qid, text in REWRITES.items()),
    "r.txt": "\ufeff" + "\r\n".join(f"{qid}\t{text}" for qid, text in REWRITES.items()) + "\n\n",
    "r.json": json.dumps(REWRITES),
    "r.jsonl": "".join(json.dumps({"qid": qid, "rewrite": text, **RECORD}) + "\n" for qid, text in REWRITES.items()),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_kind_of_file(tmp_path: Path, name: str, packed: bool) -> None:
    content = FILES[name].encode()
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content) if packed else content)
    assert read_rewrites(path) == REWRITES


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.tsv", "1\ta\n2 b\n", r"r\.tsv:2: expected qid<TAB>rewrite, found '2 b'"),
        ("r.tsv", "1\ta\n1\tb\n", r"r\.tsv:2: query id '1' was already rewritten"),
        ("r.tsv", "1\ta\n2\t \n", r"r\.tsv:2: the rewrite of '2' is empty"),
        ("r.tsv", "\n", r"r\.tsv: expected rewrites, found none"),
        ("r.json", '{"1": "a", "1": "b"}', r"r\.json: record 2: query id '1' was already rewritten"),
        ("r.json", '{"1": {"x": "b"}}', r"r\.json: record 1: expected '1' to be a text that is not empty"),
        ("r.json", '["a"]', r"r\.json: expected a JSON object of rewrites by query id, found list"),
        ("r.json", "{", r"r\.json: expected a JSON object of rewrites by query id: Expecting"),
        ("r.jsonl", '{"qid": "1"}\n', r"r\.jsonl:1: expected a field 'rewrite', found only: qid"),
        ("r.csv", "1,a\n", r"r\.csv: expected rewrites in a file that ends with \.jsonl, \.json, \.tsv, \.txt"),
    ],
)
def test_malformed_files(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        read_rewrites(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.tsv: cannot be read: No such file"):
        read_rewrites(tmp_path / "gone.tsv")
    with pytest.raises(InputError, match=r"llm:hf:nobody: expected llm:hf:OWNER/NAME"):
        read_rewrites("hf:nobody")
    for name in ("hf:a/b/../../c.tsv", "hf:../b/c.tsv", "hf:a/../c.tsv"):
        with pytest.raises(DiscoError, match=r"the hub did not deliver .*\.tsv"):
            read_rewrites(name)


QUERIES = [Query(qid, "c", Conversation.from_history("who?")) for qid in ("1_1", "1_2", "9-1_2")]


def test_joined_by_id(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(FILES["r.json"])
    form = f"llm:{tmp_path / 'r.json'}"
    queries, surplus = with_form(QUERIES, form)
    texts, missing = topic_texts(queries, form)
    assert (texts["1_1"], texts["9-1_2"], missing, surplus) == (
        "who was king?",
        'when did "Olav" die?',
        ["1_2"],
        ["3"],
    )
    (tmp_path / "r.json").write_text('{"x": "y"}')
    with pytest.raises(InputError, match=r"none of its 1 rewrites belongs to these turns: its ids are like 'x'"):
        with_form(QUERIES, form)


@contextmanager
def hub(files: dict[str, bytes]) -> Iterator[str]:
    """A server that answers as the hub does for the data set owner/rewrites."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            path = self.path.partition("?")[0]
            name = path.removeprefix("/datasets/owner/rewrites/resolve/main/")
            kind = "application/json"
            if path == "/api/datasets/owner/rewrites":
                listed = {"id": "owner/rewrites", "sha": "a" * 40, "siblings": [{"rfilename": name} for name in files]}
                content = json.dumps(listed).encode()
            elif path.startswith("/api/datasets/owner/rewrites/tree/main"):
                listing = [{"type": "file", "path": name, "size": 1, "oid": "b" * 40} for name in files]
                content = json.dumps(listing).encode()
            elif name in files:
                content, kind = files[name], "application/octet-stream"
            else:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", "a" * 40)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
def test_from_a_hub(tmp_path: Path) -> None:
    write_turns(QUERIES, tmp_path / "turns.jsonl")

    def topics(form: str, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
        with hub({name: content.encode() for name, content in files.items()}) as url:
            environment = {**os.environ, "HF_ENDPOINT": url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hf")}
            command = ["-m", "disco_pyserini", "data", "topics", str(tmp_path), "--query", form]
            command += ["--output", str(tmp_path / "topics.tsv"), "--overwrite"]
            return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True)

    readme = {"README.md": "# Rewrites", ".gitattributes": ""}
    done = topics("llm:hf:owner/rewrites", {**readme, "r.tsv": FILES["r.tsv"]})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "topics.tsv").read_text() == '1_1\twho was king?\n9-1_2\twhen did "Olav" die?\n'
    assert "left out, without a llm:hf:owner/rewrites rewrite: 1 query: 1_2" in done.stderr
    assert f"rewrites of no turn in {tmp_path}: 1 query: 3" in done.stderr
    several = {**readme, "dev/r.json": FILES["r.json"], "test/r.json": "{}"}
    done = topics("llm:hf:owner/rewrites", several)
    assert done.returncode == 2
    assert "has 2 files that may hold rewrites: name one, as in llm:hf:owner/rewrites/dev/r.json" in done.stderr
    assert topics("llm:hf:owner/rewrites/dev/r.json", several).returncode == 0
    done = topics("llm:hf:owner/nothing", readme)
    assert done.returncode == 1
    assert "error: the hub did not deliver the list of files of the data set owner/nothing" in done.stderr
