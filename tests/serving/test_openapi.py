"""Requests that schemathesis makes of the server's own description: no 5xx, and answers as described."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from campaign.in_process import make_app
from hypothesis import HealthCheck, settings


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
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    @given(case=operation.as_strategy())  # type: ignore[attr-defined]
    @settings(max_examples=settings.default.max_examples // 10, suppress_health_check=list(HealthCheck))
    def answers(case: object) -> None:
        # A description cannot say that an index is served, or a document in it: what fits it may still be refused.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])  # type: ignore[attr-defined]

    answers()
