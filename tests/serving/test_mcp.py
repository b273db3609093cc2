"""The MCP server, used with the official client over both transports, and started as the documentation says."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import StdioServerParameters, stdio_client
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from running import CONVERSATION, PASSAGES, run_server
from small_indexes import REPOSITORY

from disco_pyserini.serving.indexes import IndexSettings
from disco_pyserini.serving.limits import Limits
from disco_pyserini.serving.listening import open_indexes, server_for
from disco_pyserini.serving.mcp_server import create_server, http_app

PAGE = REPOSITORY / "docs" / "serve.md"


async def use_tools(client: Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert tools.keys() == {"search_conversation", "get_document"}
    assert tools["search_conversation"].input_schema["required"] == ["messages"]
    found = await client.call_tool("search_conversation", {"messages": CONVERSATION, "hits": 2})
    assert not found.is_error and found.structured_content
    passages = found.structured_content["passages"]
    # With 8-bit integers, the order of the two can change.
    assert {passage["docid"] for passage in passages} == {"notes/old#2", "salt"}
    assert all(passage["text"] == PASSAGES[passage["docid"]] for passage in passages)
    assert json.loads(found.content[0].text) == found.structured_content
    document = await client.call_tool("get_document", {"docid": "notes/old#2"})
    assert document.structured_content and document.structured_content["text"] == PASSAGES["notes/old#2"]


async def misuse_tools(client: Client) -> None:
    for tool, arguments, name in (
        ("get_document", {"docid": "nothing"}, "unknown_document"),
        ("get_document", {"docid": "salt", "index": "nothing"}, "unknown_index"),
        ("search_conversation", {"messages": []}, "invalid_messages"),
        ("search_conversation", {"messages": CONVERSATION, "hits": 10**6}, "invalid_hits"),
        ("search_conversation", {"messages": [{"role": "pirate", "content": "arr"}]}, "unknown role"),
    ):
        answer = await client.call_tool(tool, arguments)
        assert answer.is_error and name in answer.content[0].text
    await use_tools(client)


async def ask_partly(client: Client) -> None:
    arguments = {"messages": CONVERSATION, "index": "partial"}
    found = await client.call_tool("search_conversation", arguments)
    assert found.structured_content
    assert "salt" in {passage["docid"] for passage in found.structured_content["passages"]} <= {"salt", "museum"}
    [missing] = found.structured_content["missing_shards"]
    assert missing.endswith("shard-00001")


def with_client(target: Any, *uses: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Client(target) as client:
            for use in uses:
                await use(client)

    anyio.run(run)


@pytest.mark.slow
def test_a_host_starts_it_as_the_documentation_says(
    docs: Path, partial: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    [snippet] = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    [server] = json.loads(snippet)["mcpServers"].values()
    assert server["command"] == "disco"
    arguments = [str(docs) if argument == "/path/to/my-index" else argument for argument in server["args"]]
    assert str(docs) in arguments
    arguments += [f"partial={partial}", "--allow-partial"]
    variables = {
        "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "PYSERINI_CACHE": str(tmp_path),
    }
    host = StdioServerParameters(command=server["command"], args=arguments, env=variables)
    with_client(stdio_client(host), use_tools, ask_partly)


def test_streamable_http(docs: Path) -> None:
    settings, limits = IndexSettings(), Limits()
    server = create_server(open_indexes({"docs": docs}, settings), settings, limits)
    app = http_app(server, "127.0.0.1", limits, ["the-key"])
    with run_server(server_for(app, limits)) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        assert httpx2.post(url, json={}).status_code == 401
        headers = {"Authorization": "Bearer the-key"}
        # Another host in the request means that a page of another site sent it (DNS rebinding).
        assert httpx2.post(url, json={}, headers={**headers, "Host": "evil.example"}).status_code == 421
        client = httpx2.AsyncClient(headers=headers)
        with_client(streamable_http_client(url, http_client=client), misuse_tools)
