"""A real Ray cluster on this machine: every node is a few processes, which can be killed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psutil

_PORTS = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port", "runtime_env_agent_port")


class SmallCluster:
    """Nodes with one core each, and a head without any."""

    prefix: Sequence[str] = ()
    """What a command that uses the cluster starts with."""

    def __init__(self, nodes: int) -> None:
        from ray.cluster_utils import Cluster

        # A busy machine starts a node's processes slowly.
        os.environ |= {
            "RAY_agent_register_timeout_ms": "300000",
            "RAY_worker_register_timeout_seconds": "300",
            "RAY_enable_worker_prestart": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",
        }
        self._cluster = Cluster()
        _patiently(lambda: self._cluster.add_node(num_cpus=0, include_dashboard=False, **self._options()))
        self._nodes = [self._new_node() for _ in range(nodes)]
        self._cluster.wait_for_nodes(300)

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def kill_worker(self) -> bool:
        """Kill a process that encodes, or one that waits for passages if none does; False if there is neither."""
        for process in [*self.processes("EncodingWorker.encode"), *self.processes("ray::EncodingWorker")]:
            process.kill()
            return True
        return False

    def processes(self, name: str) -> list[psutil.Process]:
        """Return the processes of this cluster that do what has this name."""
        found = []
        for process in psutil.process_iter():
            try:
                if any(name in part for part in process.cmdline()) and self._is_ours(process):
                    found.append(process)
            except psutil.Error:  # ended meanwhile
                continue
        return found

    def _is_ours(self, process: psutil.Process) -> bool:
        session = self._cluster.head_node.get_session_dir_path()
        return any(session in part for parent in process.parents() for part in parent.cmdline())

    @contextmanager
    def another_node(self, **environment: str) -> Iterator[None]:
        """Add a node whose processes have other environment variables, for a time."""
        node = _patiently(lambda: self._cluster.add_node(num_cpus=1, env_vars=environment, **self._options()))
        yield
        self._cluster.remove_node(node, allow_graceful=False)

    def kill_node(self) -> None:
        """Kill the oldest node, with everything on it, and add a new one."""
        self._cluster.remove_node(self._nodes.pop(0), allow_graceful=False)
        self._nodes.append(self._new_node())

    def lose_node(self, node_id: str) -> None:
        """Kill a node, with everything on it."""
        [node] = [node for node in self._nodes if node.node_id == node_id]
        self._nodes.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)

    def add_node(self) -> None:
        self._nodes.append(self._new_node())
        self._cluster.wait_for_nodes(300)

    def kill_head(self) -> None:
        """Kill the head node: it knows where everything is."""
        self._cluster.remove_node(self._cluster.head_node, allow_graceful=False)

    def shutdown(self) -> None:
        self._cluster.shutdown()

    def _new_node(self) -> Any:
        return _patiently(lambda: self._cluster.add_node(num_cpus=1, wait=False, **self._options()))

    def _options(self) -> dict[str, Any]:
        # With ports of its own, a node does not wait for its agents to find some.
        sockets = [socket.socket() for _ in _PORTS]
        for each in sockets:
            each.bind(("", 0))
        ports = [each.getsockname()[1] for each in sockets]
        for each in sockets:
            each.close()
        memory = {"object_store_memory": 100 * 2**20, "include_log_monitor": False}
        return memory | dict(zip(_PORTS, ports, strict=True))


def _patiently(start: Callable[[], Any]) -> Any:
    """Start a node, again if Ray gives up after its 30 seconds, which a busy machine can need."""
    for attempt in range(5):
        try:
            return start()
        except Exception as problem:
            if attempt == 4 or "timed out during startup" not in str(problem):
                raise


@contextmanager
def small_cluster(nodes: int) -> Iterator[SmallCluster]:
    cluster = SmallCluster(nodes)
    try:
        yield cluster
    finally:
        cluster.shutdown()
