"""Requests that schemathesis makes of the server's own description: no 5xx, and answers as described."""

from __future__ import annotations

from pathlib import Path

import pytest
from campaign.in_process import make_app
from hypothesis import HealthCheck, settings

schemathesis = pytest.importorskip("schemathesis")


@pytest.mark.slow
def test_the_server_keeps_to_its_description(tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    app = make_app(tmp_path)
    with TestClient(app):  # type: ignore[arg-type]
        schema = schemathesis.openapi.from_asgi("/openapi.json", app)
        operations = [operation.ok() for operation in schema.get_all_operations()]
        assert len(operations) > 5
        for operation in operations:
            _try(operation)


def _try(operation: object) -> None:
    from hypothesis import given

    @given(case=operation.as_strategy())  # type: ignore[attr-defined]
    @settings(max_examples=settings.default.max_examples // 4, suppress_health_check=list(HealthCheck))
    def answers(case: object) -> None:
        case.call_and_validate()  # type: ignore[attr-defined]

    answers()
