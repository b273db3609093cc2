"""One cluster for all tests of a run: its start takes longer than most of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ray_cluster import SmallCluster, small_cluster

os.environ.setdefault("RAY_raylet_start_wait_time_s", "300")  # a busy machine needs more than 30; before the import
pytest.importorskip("ray")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCluster]:
    """Two nodes, each of them several processes on this machine, and a head."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYSERINI_CACHE", str(tmp_path_factory.mktemp("nodes")))
        with small_cluster(nodes=2) as cluster:
            yield cluster
