"""The FastAPI application: routes, errors in one shape, the page with the interface's description."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from disco_pyserini.serving import routes
from disco_pyserini.serving.gate import Gate, response
from disco_pyserini.serving.indexes import IndexSettings, ServedIndex
from disco_pyserini.serving.limits import Limits
from disco_pyserini.serving.page_routes import Extras, add_page
from disco_pyserini.serving.problems import Problem
from disco_pyserini.serving.service import Service

_PROTECTED = ("/v1", "/metrics")


def create_app(
    indexes: Sequence[ServedIndex],
    settings: IndexSettings,
    limits: Limits | None = None,
    keys: Sequence[str] = (),
    cors_origins: Sequence[str] = (),
    extras: Extras | None = None,
) -> FastAPI:
    """Return the application that serves open indexes.

    Args:
        indexes: the open indexes; the application closes them when it ends.
        settings: how they were opened, to open them again.
        limits: bounds on requests.
        keys: accepted API keys; without any, everybody may search.
        cors_origins: origins whose pages may call the server from a browser.
        extras: what the page can show in addition.
    """
    limits = limits or Limits()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = service = Service(indexes, settings, limits)
        yield
        await service.close()

    app = FastAPIOffline(  # its page with the description loads nothing from other hosts
        title="DiSCo search",
        version=version("disco-pyserini"),
        description="Conversational search. GET routes answer as Pyserini's and Anserini's REST servers do.",
        lifespan=lifespan,
        redoc_url=None,
        static_url="/docs/static",
    )
    app.include_router(routes.v1)
    app.include_router(routes.operation)
    add_page(app, extras or Extras())
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    if cors_origins:
        from fastapi.middleware.cors import CORSMiddleware

        app.add_middleware(CORSMiddleware, allow_origins=list(cors_origins), allow_methods=["*"], allow_headers=["*"])

    def answered(route: str, status: int, seconds: float) -> None:
        app.state.service.metrics.answered(route, status, seconds)

    app.add_middleware(Gate, limits=limits, keys=keys, protected=_PROTECTED, answered=answered)
    describe = app.openapi

    def describe_own_errors() -> dict[str, Any]:
        description = describe()
        for path in description["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)  # FastAPI's; ours is 400
        for name in ("HTTPValidationError", "ValidationError"):
            description["components"]["schemas"].pop(name, None)
        return description

    app.openapi = describe_own_errors  # type: ignore[method-assign]
    return app


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return response(problem)


async def _invalid(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    errors = problem.errors()
    if any(error["type"] == "json_invalid" for error in errors):
        return response(Problem(400, "invalid_json", f"expected JSON, found none: {errors[0]['ctx']['error']}"))
    texts = [f"{'.'.join(map(str, error['loc'][1:])) or error['loc'][0]}: {error['msg']}" for error in errors[:3]]
    return response(Problem(400, "invalid_request", "; ".join(texts)))


_NAMES = {400: "invalid_json", 404: "unknown_route", 405: "method_not_allowed"}


async def _http(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    name = _NAMES.get(problem.status_code, "invalid_request")
    message = f"{request.method} {request.url.path}: {problem.detail}: /docs lists the routes"
    return response(Problem(problem.status_code, name, message, problem.headers))
