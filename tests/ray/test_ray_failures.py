"""What is said of clusters that cannot be reached, and of workers that died."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from disco_pyserini.cli.main import app
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.ray.cluster import connected
from disco_pyserini.ray.failures import cause

RayActorError = pytest.importorskip("ray.exceptions").RayActorError


def test_wrong_addresses() -> None:
    for address in ("cluster", "host:99999", "http://host:80"):
        with pytest.raises(InputError, match="expected --ray with local, auto, HOST:PORT"), connected(address):
            pass
    refused = r"no Ray cluster answers at 127\.0\.0\.1:9: Connection refused"
    with pytest.raises(DiscoError, match=refused), connected("127.0.0.1:9"):
        pass


def test_what_killed_a_worker() -> None:
    killed = "Worker exit type: {} Worker exit detail: Some common causes include: (1) SIGKILL by the OOM killer"
    assert cause(RayActorError(error_msg=killed.format("SYSTEM_ERROR"))).startswith(
        "the worker died: Worker exit detail"
    )
    assert cause(RayActorError(error_msg=killed.format("NODE_OUT_OF_MEMORY"))).startswith("out of memory")


def test_shards_are_not_served_over_ray_client() -> None:
    result = CliRunner().invoke(app, ["serve", "index", "--ray", "ray://127.0.0.1:9"])
    assert isinstance(result.exception, InputError)
    assert "let this machine join the cluster with `ray start --address HOST:PORT`" in str(result.exception)
