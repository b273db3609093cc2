"""A real S3 server on localhost, with one empty bucket: the fixture `bucket`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import boto3
import pytest
import requests


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The URL of an empty bucket, with everything in the environment that its users need."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    name = "".join(letter for letter in request.node.name.lower() if letter.isalnum())[-60:]
    boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}"


@contextmanager
def credentials_checked(server: str) -> Iterator[None]:
    """Let the server refuse requests with unknown keys for the time of a ``with`` block."""
    set_limit = partial(requests.post, f"{server}/moto-api/reset-auth", headers={"Content-Type": "text/plain"})
    before = set_limit(data="0").json()["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"]
    try:
        yield
    finally:
        set_limit(data=before).raise_for_status()
