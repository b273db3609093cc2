"""Pyserini's own servers, with an index and an encoder of ours."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import anyio
import pytest
from mcp import StdioServerParameters, stdio_client
from mcp.client import Client
from small_indexes import PluginEnvironment

from disco_pyserini import DiscoSearcher, build_index

pytestmark = pytest.mark.slow

PASSAGES = {"salt": "the harbour exports salt", "choir": "a choir sings in the old chapel", "bell": "the old bell"}
CONFIGURATION = """
indexes:
  docs:
    path: index
    index_type: impact
    encoder: disco
  two:
    path: index
    index_type: impact
    encoder: disco
    base_index: texts
  texts: index
"""


@pytest.fixture(scope="module", name="folder")
def folder_with_configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("servers")
    passages = [{"id": docid, "contents": text} for docid, text in PASSAGES.items()]
    build_index(passages, folder / "index", encoder="disco-tiny")
    (folder / "servers.yaml").write_text(CONFIGURATION, encoding="utf-8")
    return folder


@pytest.mark.parametrize("option", [[], ["--no-prebuilt-indexes"]], ids=["prebuilt", "no-prebuilt"])
def test_the_rest_server(
    folder: Path, plugin_environment: PluginEnvironment, warm_python: str, option: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["-m", "pyserini.server.rest", "--config", "servers.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [warm_python, *command, *option], cwd=folder, env=plugin_environment, stdout=log, stderr=log
        )
    try:
        wait_for(port, process)
        with DiscoSearcher(folder / "index") as searcher:
            expected = [(hit.docid, hit.score, PASSAGES[hit.docid]) for hit in searcher.search("old choir", k=2)]
        for name in ("docs", "two"):
            answer = get(port, f"/v1/{name}/search?query=old%20choir&hits=2")
            assert [(hit["docid"], hit["score"], hit["doc"]) for hit in answer["candidates"]] == expected
            assert get(port, f"/v1/{name}/doc/salt")["doc"] == PASSAGES["salt"]
    finally:
        process.terminate()
        process.wait(60)


def test_the_mcp_server(folder: Path, plugin_environment: PluginEnvironment, warm_python: str) -> None:
    parameters = StdioServerParameters(
        command=warm_python,
        args=["-m", "pyserini.server.mcp", "--config", "servers.yaml"],
        env=plugin_environment,
        cwd=folder,
    )

    async def use() -> tuple[str, str]:
        async with Client(stdio_client(parameters)) as client:
            found = await client.call_tool("search", {"query": "old choir", "index": "docs", "hits": 1})
            document = await client.call_tool("get_document", {"docid": "salt", "index": "docs"})
            return found.content[0].text, document.content[0].text

    found, document = anyio.run(use)
    assert "DocID: choir" in found and PASSAGES["choir"] in found
    assert PASSAGES["salt"] in document


def get(port: int, path: str) -> dict[str, list[dict[str, object]]]:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=120) as answer:
        found: dict[str, list[dict[str, object]]] = json.load(answer)
        return found


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 170
    while True:
        try:
            get(port, "/")
            return
        except URLError:
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
