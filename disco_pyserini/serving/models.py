"""What the routes read and write, as pydantic models; FastAPI documents them in /openapi.json."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_EXAMPLE = [
    {"role": "user", "content": "What does shutil.copy do?"},
    {"role": "assistant", "content": "It copies a file."},
    {"role": "user", "content": "Does it keep the permissions?"},
]


def _check_unicode(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as problem:
            raise ValueError("expected Unicode text, found half of a surrogate pair") from problem
    return text


Text = Annotated[str, AfterValidator(_check_unicode)]
"""JSON can hold halves of surrogate pairs, which are not text."""


class Part(BaseModel):
    """A part of a message's content."""

    type: str = Field(description="text, or another type, which is not read")
    text: Text | None = None


class Message(BaseModel):
    """A chat message, as OpenAI's and most other chat interfaces exchange them. Further fields are ignored."""

    role: str = Field(description="user, assistant, system, developer, tool or function. Only the first two are read.")
    content: Text | list[Text | Part] | None = Field(None, description="Text, or a list of parts.")


class Question(BaseModel):
    """Something to search for: chat messages, or a text."""

    model_config = ConfigDict(extra="forbid")

    messages: list[Message] | None = Field(
        None, description="The conversation so far, oldest message first.", examples=[_EXAMPLE]
    )
    query: Text | None = Field(None, description="A question that needs no history, instead of messages.")


class SearchRequest(Question):
    """One question, or several in ``queries``."""

    queries: list[Question] | None = Field(None, description="Several questions, instead of messages or query.")
    hits: int = Field(10, description="How many documents to return for each question.")
    explain: bool = Field(False, description="Also return the terms of each score.")
    query_form: str = Field(
        "conversation",
        description="How much of the messages to read: conversation, user-turns, last:N (turns) or utterance.",
    )
    encoder: str | None = Field(None, description="A query encoder that is served; by default the server's first.")
    engine: str | None = Field(None, description="An engine that is served; by default the server's first.")
    query_terms: int | None = Field(
        None,
        ge=1,
        description="Retrieve candidates with this many of the query's highest-weighted terms, then rescore them with "
        "all: not exact.",
    )


class Term(BaseModel):
    """What one token adds to a score."""

    token: str
    query_impact: int
    document_impact: int
    score: int = Field(description="query_impact × document_impact")


class FoundDocument(BaseModel):
    """A document that a search returned."""

    docid: str
    score: float
    rank: int
    text: str | None = Field(description="The stored text; null if the index stores no texts.")
    terms: list[Term] | None = Field(None, description="With explain: the terms that add up to the score.")


class SearchResult(BaseModel):
    """The answer to one question."""

    hits: list[FoundDocument]
    terms: dict[str, int] | None = Field(
        None, description="With explain: the query vector, impacts by token, highest first."
    )
    ignored: list[str] = Field(description="What was not read, such as images in messages.")
    missing_shards: list[str] = Field(
        default=[], description="Shards that did not answer; only if the server allows partial answers."
    )


class Milliseconds(BaseModel):
    """How long the work took, without waiting. Requests that arrive together are encoded together."""

    encode: float
    search: float


class SearchResponse(SearchResult):
    """The answer to a request with one question."""

    index: str
    encoder: str
    milliseconds: Milliseconds


class BatchResponse(BaseModel):
    """The answer to a request with several questions."""

    index: str
    encoder: str
    results: list[SearchResult] = Field(description="One for each of queries, in their order.")
    milliseconds: Milliseconds


class QueryText(BaseModel):
    """The query of a GET request, in Pyserini's shape."""

    text: str


class Candidate(BaseModel):
    """A hit, in Pyserini's shape."""

    docid: str
    score: float
    rank: int
    doc: str | None


class PyseriniSearchResponse(BaseModel):
    """The answer to a GET search, as Pyserini's and Anserini's servers give it."""

    api: Literal["v1"] = "v1"
    index: str
    query: QueryText
    candidates: list[Candidate]


class DocumentResponse(BaseModel):
    """A document, as Pyserini's and Anserini's servers return it."""

    api: Literal["v1"] = "v1"
    index: str
    docid: str
    doc: str | None


class IndexStatus(BaseModel):
    """An index that is served."""

    index: str
    documents: int | None = Field(description="null for an index built by another tool")
    encoders: list[str]
    engine: str


class Status(BaseModel):
    """What /ready returns."""

    status: Literal["ready"] = "ready"
    indexes: list[IndexStatus]


class ErrorResponse(BaseModel):
    """Every error."""

    error: str = Field(description="What was expected, what was found, and what to do.")
    name: str = Field(description="A name for programs, such as unknown_index.")
