"""A Ray cluster whose nodes have a network of their own: network namespaces, joined by a bridge. It needs root.

Unlike the nodes of ``ray_cluster``, these can lose the network while their processes go on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_BRIDGE = "disco-br"
_PORT = 6379
_OPTIONS = ["--block", "--include-log-monitor=false", "--object-store-memory=104857600", "--disable-usage-stats"]


def _ip(*arguments: str, check: bool = True) -> str:
    return subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True).stdout


class NamespaceCluster:
    """A head without cores, and nodes with one core each.

    Args:
        nodes: their number.
        folder: a folder for Ray's files, with a short path: there are sockets in it.
    """

    def __init__(self, nodes: int, folder: Path) -> None:
        self.address = f"10.97.0.1:{_PORT}"
        self.prefix = ["ip", "netns", "exec", "disco-0"]
        self._nodes = list(range(1, nodes + 1))
        self._folder = folder

    def start(self) -> None:
        _ip("link", "add", _BRIDGE, "type", "bridge")
        _ip("link", "set", _BRIDGE, "up")
        for number in [0, *self._nodes]:
            name, link = f"disco-{number}", f"disco-v{number}"
            _ip("netns", "add", name)
            _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", link, "master", _BRIDGE, "up")
            _ip("-n", name, "address", "add", f"10.97.0.{number + 1}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")
        self._start(0)
        for number in self._nodes:
            self._start(number)

    def kill_worker(self) -> bool:
        """Kill a process that encodes; False if none is running."""
        for number in self._nodes:
            for process in self._processes(number):
                if "EncodingWorker.encode" in " ".join(process.cmdline()):
                    process.kill()
                    return True
        return False

    def kill_node(self) -> None:
        """Cut a node off for half a minute; then kill everything on it, and start it again."""
        number = self._nodes.pop(0)
        _ip("link", "set", f"disco-v{number}", "down")
        time.sleep(30)
        self._kill(number)
        _ip("link", "set", f"disco-v{number}", "up")
        self._start(number)
        self._nodes.append(number)

    def shutdown(self) -> None:
        for number in [*self._nodes, 0]:
            self._kill(number)
            _ip("netns", "delete", f"disco-{number}", check=False)
            _ip("link", "delete", f"disco-v{number}", check=False)
        _ip("link", "delete", _BRIDGE, check=False)

    def _start(self, number: int) -> None:
        where = ["--address", self.address, "--num-cpus", "1"]
        if number == 0:
            where = ["--head", "--port", str(_PORT), "--num-cpus", "0", "--include-dashboard", "false"]
            where += ["--temp-dir", str(self._folder)]
        ip = ["--node-ip-address", f"10.97.0.{number + 1}"]
        command = ["ip", "netns", "exec", f"disco-{number}", str(Path(sys.executable).with_name("ray")), "start"]
        path = self._folder / f"node-{number}.log"
        with path.open("wb") as log:
            process = subprocess.Popen([*command, *_OPTIONS, *where, *ip], stdout=log, stderr=log)
        while "Ray runtime started" not in (said := path.read_text()):
            if process.poll() is not None:
                raise SystemExit(f"node {number} did not start: {said}")
            time.sleep(0.5)

    def _processes(self, number: int) -> list[psutil.Process]:
        found = []
        for pid in map(int, _ip("netns", "pids", f"disco-{number}", check=False).split()):
            try:
                found.append(psutil.Process(pid))
            except psutil.NoSuchProcess:
                continue
        return found

    def _kill(self, number: int) -> None:
        for process in self._processes(number):
            process.kill()


@contextmanager
def namespace_cluster(nodes: int, folder: Path) -> Iterator[NamespaceCluster]:
    os.environ |= {"RAY_worker_register_timeout_seconds": "300", "RAY_agent_register_timeout_ms": "300000"}
    os.environ["RAY_AUTH_MODE"] = "disabled"  # whether this machine has a token or not
    folder.mkdir()
    cluster = NamespaceCluster(nodes, folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.shutdown()
