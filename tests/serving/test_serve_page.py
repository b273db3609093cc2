"""The commands of docs/serve.md, with a server that is started as that page says."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import make_index
from small_indexes import REPOSITORY

pytestmark = pytest.mark.slow

PAGE = (REPOSITORY / "docs" / "serve.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module", name="server")
def started_server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    folder = tmp_path_factory.mktemp("page")
    make_index(folder / "my-index")
    command = [sys.executable, "-m", "disco_pyserini", "serve", "my-index", "--port", "0"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        shown = re.fullmatch(r"serving my-index on (http://127\.0\.0\.1:\d+)\n", line)
        assert shown, process.communicate()
        yield shown[1], process.pid
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)
    assert rest == ("", "") and process.returncode in (0, 130)


def run(command: str, address: str) -> list[dict[str, object]]:
    """Run a command of the page, and return the JSON values that it printed."""
    assert "http://127.0.0.1:8081" in command
    command = command.replace("curl ", "curl -sS --fail-with-body ").replace("http://127.0.0.1:8081", address)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    decoder, values, text = json.JSONDecoder(), [], done.stdout
    while text:
        value, end = decoder.raw_decode(text)
        values.append(value)
        text = text[end:].lstrip()
    return values


def test_the_commands_of_the_page(server: tuple[str, int]) -> None:
    conversation, several, pyserini = (run(command, server[0]) for command in COMMANDS)
    assert {hit["docid"] for hit in conversation[0]["hits"]} == {"notes/old#2", "salt"}  # type: ignore[index, attr-defined]
    first, second = conversation_hits(several)
    assert (first["docid"], second["docid"]) == ("choir", "museum") and first["terms"]
    assert pyserini[0]["candidates"][0]["docid"] == "notes/old#2"  # type: ignore[index]
    assert pyserini[1]["doc"] == "the harbour exports salt"


def conversation_hits(answers: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    for result in answers[0]["results"]:  # type: ignore[attr-defined]
        yield result["hits"][0]


def test_the_port_is_taken(
    server: tuple[str, int], warm_python: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    make_index(tmp_path / "my-index")
    command = [warm_python, "-m", "disco_pyserini", "serve", "my-index", "--port", server[0].rpartition(":")[2]]
    variables = {**environment, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("error: cannot listen on 127.0.0.1, port "), done.stderr
    assert done.stdout == ""


def test_every_status_is_on_the_page(server: tuple[str, int]) -> None:
    room = REPOSITORY / "disco_pyserini" / "serving"
    source = "".join(path.read_text(encoding="utf-8") for path in room.glob("*.py"))
    names = set(re.findall(r'Problem\(\s*\d+,\s*"(\w+)"', source)) | set(re.findall(r'\d+: "(\w+_\w+)"', source))
    assert len(names) > 15
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
