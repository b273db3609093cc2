"""The page, and the routes behind it: which words count, why a score, a rewrite, the index in numbers, judged turns."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from disco_pyserini.encoding import Reading
from disco_pyserini.errors import DiscoError
from disco_pyserini.rewriting import ChatServer, clean, default_prompt
from disco_pyserini.search.explanation import Explanation
from disco_pyserini.search.index_manifest import read_impact_manifest
from disco_pyserini.search.searcher import BatchEncoder, ReadingEncoder
from disco_pyserini.serving.indexes import ServedIndex
from disco_pyserini.serving.models import ErrorResponse, Question, Term
from disco_pyserini.serving.page_models import (
    AboutIndex,
    ExplainRequest,
    ExplainResponse,
    JudgedTurns,
    ReadMessage,
    ReadRequest,
    ReadResponse,
    ReadWord,
    RewriteResponse,
)
from disco_pyserini.serving.problems import Problem
from disco_pyserini.serving.routes import ERRORS, KEY, conversation_or_text, service_of
from disco_pyserini.serving.service import reading_index

_PAGE = Path(str(files("disco_pyserini.serving"))) / "page"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

inside = APIRouter(prefix="/v1", tags=["look inside"], responses=ERRORS, dependencies=[KEY])


@dataclass(frozen=True, slots=True)
class Extras:
    """What the page can show in addition.

    Attributes:
        rewriter: the language model that rewrites the last question.
        judged: judged turns by the name of their index.
    """

    rewriter: ChatServer | None = None
    judged: Mapping[str, JudgedTurns] = field(default_factory=dict)


def add_page(app: FastAPI, extras: Extras) -> None:
    """Add the page and its routes to an application."""
    app.state.extras = extras
    app.include_router(inside)
    app.add_api_route("/", _index, include_in_schema=False)
    app.mount("/page", _PageFiles(directory=_PAGE), name="page")


async def _index() -> FileResponse:
    return FileResponse(_PAGE / "index.html", headers=_HEADERS)


class _PageFiles(StaticFiles):
    """The files of the page, with headers that keep a browser from running or loading anything else."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See starlette."""
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response


@inside.get("/{index}/about")
async def about(request: Request, index: str) -> AboutIndex:
    """Return an index in numbers, and what the server offers for it."""
    service, extras = service_of(request), _extras(request)

    def describe(served: ServedIndex) -> AboutIndex:
        manifest = read_impact_manifest(served.path)
        space = manifest.space if manifest else None
        encoder: Any = next(iter(served.encoders.values()))
        return AboutIndex(
            index=served.name,
            documents=served.documents,
            postings=manifest.postings if manifest else None,
            megabytes=round(sum(file.stat().st_size for file in served.path.rglob("*") if file.is_file()) / 1e6, 3),
            texts=manifest.raw if manifest else None,
            document_encoder=space.encoder if space else None,
            encoders=list(served.encoders),
            max_length=getattr(encoder, "max_length", None),
            backend=getattr(encoder, "backend", None),
            engines=served.engines,
            most_hits=service.limits.hits,
            rewriter=extras.rewriter.name if extras.rewriter else None,
            judged=served.name in extras.judged,
        )

    return await service.call(index, describe)


@inside.post("/{index}/read")
async def read(request: Request, index: str, wanted: ReadRequest) -> ReadResponse:
    """Return which word of a conversation gives each term of its query, and which words have no weight."""
    query, ignored = conversation_or_text(wanted, "conversation", service_of(request))

    def answer(served: ServedIndex) -> ReadResponse:
        encoder = _encoder(served, wanted.encoder)
        if not isinstance(encoder, ReadingEncoder):
            raise Problem(
                400, "unknown_encoder", f"{type(encoder).__name__} does not say which words weights come from"
            )
        began = perf_counter()
        reading = encoder.read(query)
        return _response(reading, ignored, 1000 * (perf_counter() - began))

    return await service_of(request).call(index, answer)


@inside.post("/{index}/explain")
async def explain(request: Request, index: str, wanted: ExplainRequest) -> ExplainResponse:
    """Return the score of any document for a question, term by term; the terms add up to it exactly."""
    query, _ = conversation_or_text(wanted, wanted.query_form, service_of(request))

    def answer(served: ServedIndex) -> ExplainResponse:
        [vector] = _encoder(served, wanted.encoder).encode_batch([query])
        with reading_index(served):
            impacts = served.searcher.searcher.explain(vector, wanted.docid)
            text = served.searcher.doc(wanted.docid)
        if impacts is None:
            raise Problem(
                404, "unknown_document", f"index {index}: has no document {wanted.docid!r:.200}: check the id"
            )
        explanation = Explanation.of(wanted.docid, impacts)
        return ExplainResponse(
            docid=wanted.docid,
            score=explanation.score,
            text=text,
            terms=[
                Term(token=t.token, query_impact=t.query_impact, document_impact=t.document_impact, score=t.score)
                for t in explanation.terms
            ],
        )

    return await service_of(request).call(index, answer)


@inside.post(
    "/{index}/rewrite", responses={502: {"model": ErrorResponse, "description": "The language model gave no rewrite."}}
)
async def rewrite(request: Request, index: str, wanted: Question) -> RewriteResponse:
    """Return the last question as the configured language model rewrites it, and how long that took."""
    service, rewriter = service_of(request), _extras(request).rewriter
    service.indexes.get(index)
    if rewriter is None:
        raise Problem(404, "no_rewriter", "no language model is configured: start the server with --rewrite-server")
    query, _ = conversation_or_text(wanted, "conversation", service)
    if isinstance(query, str):
        return RewriteResponse(rewrite=query, model=rewriter.name, milliseconds=0)
    prompt = default_prompt().fill(query)
    began = perf_counter()
    try:
        # Not in a search thread: a language model takes seconds.
        [answer] = await asyncio.to_thread(lambda: list(rewriter.answers([("question", prompt)])))
    except DiscoError as problem:
        raise Problem(502, "rewriter_failed", str(problem)) from problem
    text = clean(answer.text or "")
    if not text:
        raise Problem(502, "rewriter_failed", f"{rewriter.name} gave no rewrite: {answer.reason or answer.text!r:.200}")
    return RewriteResponse(rewrite=text, model=rewriter.name, milliseconds=1000 * (perf_counter() - began))


@inside.get("/{index}/turns")
async def turns(request: Request, index: str) -> JudgedTurns:
    """Return the judged turns: where the conversation wins and loses against the rewrite."""
    extras = _extras(request)
    service_of(request).indexes.get(index)
    if index not in extras.judged:
        raise Problem(404, "no_judged_turns", f"index {index}: has no judged turns here: start the server with --turns")
    return extras.judged[index]


def _extras(request: Request) -> Extras:
    extras: Extras = request.app.state.extras
    return extras


def _encoder(served: ServedIndex, name: str | None) -> BatchEncoder:
    return served.encoder(next(iter(served.encoders)) if name is None else name)


def _response(reading: Reading, ignored: list[str], milliseconds: float) -> ReadResponse:
    utterances = []
    for said in reading.utterances:
        words = [
            ReadWord(
                text=word.text,
                start=word.start,
                weight=word.weight,
                terms=dict(word.terms),
                kept=word.kept,
                read=word.read,
            )
            for word in said.words
        ]
        utterances.append(
            ReadMessage(turn=said.turn, speaker=said.speaker, text=said.text, weight=said.weight, words=words)
        )
    return ReadResponse(
        utterances=utterances,
        terms=dict(reading.terms),
        kept=dict(reading.kept),
        added=dict(reading.added),
        elsewhere=dict(reading.elsewhere),
        dropped=[word.text for _, word in reading.dropped()],
        ignored=ignored,
        milliseconds=round(milliseconds, 3),
    )
