"""Indexes as tools of the Model Context Protocol, for chat assistants: over stdio, or streamable HTTP."""

# Not `from __future__ import annotations`: the library reads the types of the tools' arguments.
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field
from starlette.types import ASGIApp

from disco_pyserini.serving.gate import Gate
from disco_pyserini.serving.indexes import IndexSettings, ServedIndex
from disco_pyserini.serving.limits import Limits
from disco_pyserini.serving.models import Message
from disco_pyserini.serving.problems import Problem
from disco_pyserini.serving.service import Service, conversation_of

PATH = "/mcp"


class Passage(BaseModel):
    """A passage that was found."""

    docid: str
    score: float
    text: str | None = Field(description="null if the index stores no texts")


class Passages(BaseModel):
    """What was found, best first."""

    index: str
    passages: list[Passage]
    ignored: list[str] = Field(description="What was not read, such as images in messages.")
    missing_shards: list[str] = Field(description="Parts of the index that did not answer; usually none.")


class Document(BaseModel):
    """A document of an index."""

    index: str
    docid: str
    text: str | None = Field(description="null if the index stores no texts")


def create_server(indexes: Sequence[ServedIndex], settings: IndexSettings, limits: Limits) -> MCPServer[Service]:
    """Return an MCP server with the tools ``search_conversation`` and ``get_document``.

    Args:
        indexes: the open indexes, at least one; the server closes them when it ends.
        settings: how they were opened.
        limits: bounds on requests.
    """

    @asynccontextmanager
    async def lifespan(_: MCPServer[Service]) -> AsyncIterator[Service]:
        service = Service(indexes, settings, limits)
        try:
            yield service
        finally:
            with anyio.CancelScope(shield=True):
                await service.close()

    names = [index.name for index in indexes]
    server = MCPServer(
        "disco",
        title="DiSCo search",
        version=version("disco-pyserini"),
        instructions=(
            f"Searches the documents of {', '.join(names)}. Pass the messages of the conversation as they are to "
            "search_conversation: it understands follow-up questions, so do not rewrite them."
        ),
        lifespan=lifespan,
        log_level="WARNING",
    )
    index_field = Field(description=f"The index: {', '.join(names)}.", json_schema_extra={"enum": list[Any](names)})

    @server.tool(title="Search with the conversation", structured_output=True)
    async def search_conversation(
        context: Context[Service, Any],
        messages: Annotated[
            list[Message],
            Field(description="The conversation so far, oldest message first, ending with the user's question."),
        ],
        hits: Annotated[int, Field(description="How many passages to return.")] = 5,
        index: Annotated[str, index_field] = names[0],
    ) -> Passages:
        """Find passages that answer the user's last message. Pass all earlier ones, unchanged: it may refer to them."""
        service = context.request_context.lifespan_context
        try:
            conversation, ignored = conversation_of(
                [message.model_dump() for message in messages], "conversation", service.limits
            )
            answer = await service.search(index, [conversation], hits)
        except Problem as problem:
            raise ToolError(f"{problem.name}: {problem}") from problem
        passages = [
            Passage(docid=found.hit.docid, score=round(found.hit.score, 6), text=found.text) for found in answer.hits[0]
        ]
        missing = list(answer.missing_shards[0])
        return Passages(index=index, passages=passages, ignored=ignored, missing_shards=missing)

    @server.tool(title="Read a document", structured_output=True)
    async def get_document(
        context: Context[Service, Any],
        docid: Annotated[str, Field(description="The id of the document, as search_conversation returns it.")],
        index: Annotated[str, index_field] = names[0],
    ) -> Document:
        """Return the text of a document by its id."""
        service = context.request_context.lifespan_context
        try:
            return Document(index=index, docid=docid, text=await service.document(index, docid))
        except Problem as problem:
            raise ToolError(f"{problem.name}: {problem}") from problem

    return server


def run_stdio(server: MCPServer[Service]) -> None:
    """Answer on standard output what comes on standard input, until that ends."""
    anyio.run(server.run_stdio_async)


def http_app(server: MCPServer[Service], host: str, limits: Limits, keys: Sequence[str]) -> ASGIApp:
    """Return an application that serves `PATH` over streamable HTTP.

    Args:
        server: the MCP server.
        host: the address that it will be bound to. On a local one, requests that name another host are refused.
        limits: bounds on requests.
        keys: accepted API keys, as for `disco_pyserini.serving.app.create_app`.
    """
    app = server.streamable_http_app(streamable_http_path=PATH, stateless_http=True, json_response=True, host=host)
    return Gate(app, limits, keys, ("/",))
