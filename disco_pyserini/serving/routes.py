"""The routes of the server: search, documents, reloading, health."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response, Security
from fastapi.security import APIKeyHeader

from disco_pyserini.search import searcher
from disco_pyserini.serving import metrics
from disco_pyserini.serving.indexes import ServedIndex
from disco_pyserini.serving.models import (
    BatchResponse,
    Candidate,
    DocumentResponse,
    ErrorResponse,
    FoundDocument,
    IndexStatus,
    Milliseconds,
    PyseriniSearchResponse,
    QueryText,
    Question,
    SearchRequest,
    SearchResponse,
    SearchResult,
    Status,
    Term,
)
from disco_pyserini.serving.problems import Problem
from disco_pyserini.serving.service import Answer, Found, Service, conversation_of

_DECIMALS = 6
_MESSAGES = [
    {"role": "user", "content": "What does shutil.copy do?"},
    {"role": "assistant", "content": "It copies a file."},
    {"role": "user", "content": "Does it keep the permissions?"},
]
_EXAMPLES: dict[str, Any] = {
    "a conversation": {"value": {"messages": _MESSAGES, "hits": 3}},
    "why each document": {"value": {"messages": _MESSAGES, "hits": 3, "explain": True}},
    "the last question alone": {"value": {"messages": _MESSAGES, "hits": 3, "query_form": "utterance"}},
    "a text": {"value": {"query": "copy a file with its permissions", "hits": 3}},
    "several questions": {"value": {"queries": [{"messages": _MESSAGES}, {"query": "copy a folder"}], "hits": 3}},
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": description}
    for status, description in {
        400: "The request is malformed.",
        401: "An API key is missing (only if the server has keys).",
        404: "There is no such index or document.",
        413: "The request or the history is too long.",
        429: "Too many requests are waiting; Retry-After says how many seconds to wait.",
        503: "The index cannot be searched.",
        504: "It took too long.",
    }.items()
}

# Only for the description: the gate checks keys.
KEY = Security(APIKeyHeader(name="X-API-Key", auto_error=False, description="Only if the server has keys."))

v1 = APIRouter(prefix="/v1", tags=["search"], responses=ERRORS, dependencies=[KEY])
operation = APIRouter(tags=["operation"])

MaxDocLength = Annotated[int | None, Query(ge=1, description="Cut the text after this many characters.")]
Parse = Annotated[bool, Query(description="The text; if false, the stored record as a string.")]


def service_of(request: Request) -> Service:
    """Return what answers the requests of an application."""
    service: Service = request.app.state.service
    return service


@v1.post("/{index}/search")
async def search(
    request: Request, index: str, wanted: Annotated[SearchRequest, Body(openapi_examples=_EXAMPLES)]
) -> SearchResponse | BatchResponse:
    """Search with a conversation, a text, or several of them."""
    service = service_of(request)
    single = wanted.queries is None
    questions = [wanted] if wanted.queries is None else wanted.queries
    if not single and (wanted.messages is not None or wanted.query is not None):
        raise _not_one("messages, query or queries")
    if not 1 <= len(questions) <= service.limits.queries:
        raise Problem(400, "invalid_request", f"expected 1 to {service.limits.queries} queries, found {len(questions)}")
    queries, ignored = zip(*(conversation_or_text(one, wanted.query_form, service) for one in questions), strict=True)
    answer = await service.search(
        index, queries, wanted.hits, wanted.encoder, wanted.explain, wanted.engine, wanted.query_terms
    )
    results = [
        SearchResult(
            hits=[_document(rank, found) for rank, found in enumerate(hits, 1)],
            terms=terms,
            ignored=left,
            missing_shards=list(missing),
        )
        for hits, terms, left, missing in zip(
            answer.hits, _terms(answer, wanted.explain), ignored, answer.missing_shards, strict=True
        )
    ]
    times = Milliseconds(encode=_milliseconds(answer.encode_seconds), search=_milliseconds(answer.search_seconds))
    if single:
        result = results[0]
        return SearchResponse(
            index=index,
            encoder=answer.encoder,
            hits=result.hits,
            terms=result.terms,
            ignored=result.ignored,
            missing_shards=result.missing_shards,
            milliseconds=times,
        )
    return BatchResponse(index=index, encoder=answer.encoder, results=results, milliseconds=times)


@v1.get("/{index}/search")
async def search_as_pyserini(
    request: Request,
    response: Response,
    index: str,
    query: Annotated[str, Query(description="The text to search with.", examples=["copy a file"])],
    hits: int = 10,
    parse: Parse = True,
    max_doc_length: MaxDocLength = None,
    k1: float | None = None,
    b: float | None = None,
) -> PyseriniSearchResponse:
    """Search with a text, in the format of Pyserini's and Anserini's REST servers. k1 and b are for BM25: refused."""
    if k1 is not None or b is not None:
        raise Problem(400, "invalid_request", "k1 and b are for BM25 indexes, found an impact index: leave them out")
    _check_parse(parse, max_doc_length)
    answer = await service_of(request).search(index, [_text(query)], hits)
    if answer.missing_shards[0]:
        response.headers["X-Missing-Shards"] = ", ".join(answer.missing_shards[0])
    return PyseriniSearchResponse(
        index=index,
        query=QueryText(text=query),
        candidates=[
            Candidate(
                docid=found.hit.docid,
                score=round(found.hit.score, _DECIMALS),
                rank=rank,
                doc=_doc(found.hit.docid, found.text, parse, max_doc_length),
            )
            for rank, found in enumerate(answer.hits[0], 1)
        ],
    )


@v1.get("/{index}/doc/{docid:path}")
async def document(
    request: Request, index: str, docid: str, parse: Parse = True, max_doc_length: MaxDocLength = None
) -> DocumentResponse:
    """Return a document, in the format of Pyserini's and Anserini's REST servers."""
    _check_parse(parse, max_doc_length)
    text = await service_of(request).document(index, docid)
    return DocumentResponse(index=index, docid=docid, doc=_doc(docid, text, parse, max_doc_length))


@v1.post("/{index}/reload")
async def reload(request: Request, index: str) -> IndexStatus:
    """Open the folder of an index again, after a new index was put there. No request is lost."""
    return _status(await service_of(request).reload(index))


@operation.get("/health")
async def health() -> dict[str, str]:
    """Whether the server runs."""
    return {"status": "alive"}


@operation.get("/ready", responses={503: {"model": ErrorResponse, "description": "The folder of an index vanished."}})
async def ready(request: Request) -> Status:
    """Whether the server can answer, and the indexes that it serves."""
    service = service_of(request)
    service.check_ready()
    return Status(indexes=[_status(index) for index in service.indexes])


@operation.get("/metrics", response_class=Response)
async def show_metrics(request: Request) -> Response:
    """Counts and times, in Prometheus' text format."""
    return Response(service_of(request).metrics.text(), media_type=metrics.CONTENT_TYPE)


def conversation_or_text(question: Question, form: str, service: Service) -> tuple[searcher.Query, list[str]]:
    """Return what a question asks with, and what was ignored in its messages.

    Raises:
        Problem: it has both messages and a query or neither, or they are malformed.
    """
    if (question.messages is None) == (question.query is None):
        raise _not_one("messages or query")
    if question.messages is not None:
        messages = [message.model_dump() for message in question.messages]
        return conversation_of(messages, form, service.limits)
    return _text(question.query or ""), []


def _text(query: str) -> str:
    if not query.strip():
        raise Problem(400, "invalid_query", "expected a query with text, found none")
    return query


def _not_one(names: str) -> Problem:
    return Problem(400, "invalid_request", f"expected exactly one of {names}")


def _check_parse(parse: bool, max_doc_length: int | None) -> None:
    if max_doc_length is not None and not parse:
        raise Problem(400, "invalid_request", "max_doc_length cuts parsed documents: leave out parse=false")


def _doc(docid: str, text: str | None, parse: bool, length: int | None) -> str | None:
    if text is None or parse:
        return text and text[:length]
    return json.dumps({"id": docid, "contents": text}, ensure_ascii=False)


def _document(rank: int, found: Found) -> FoundDocument:
    terms = None
    if found.explanation is not None:
        terms = [
            Term(token=t.token, query_impact=t.query_impact, document_impact=t.document_impact, score=t.score)
            for t in found.explanation.terms
        ]
    score = round(found.hit.score, _DECIMALS)
    return FoundDocument(docid=found.hit.docid, score=score, rank=rank, text=found.text, terms=terms)


def _terms(answer: Answer, explain: bool) -> list[dict[str, int] | None]:
    if not explain:
        return [None] * len(answer.vectors)
    return [dict(sorted(vector.items(), key=lambda term: (-term[1], term[0]))) for vector in answer.vectors]


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)


def _status(index: ServedIndex) -> IndexStatus:
    return IndexStatus(
        index=index.name, documents=index.documents, encoders=list(index.encoders), engine=index.searcher.engine
    )
