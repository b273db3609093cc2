"""Clients of one server for a long time, while its index is swapped and some disconnect: no error, flat memory."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

import psutil

from campaign.forked import REPOSITORY

CLIENTS = 32

_SEARCH = "/v1/docs/search"
_WORDS = ["harbour", "salt", "choir", "chapel", "museum", "sunday", "old", "exports", "sings", "opens", "ten"]
_GROWTH = 1.15
"""The last third's median memory may be this much more than that of the third before."""


@dataclass
class _Load:
    port: int
    end: float
    seen: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def client(self, seed: str) -> None:
        chooser = random.Random(seed)
        while time.monotonic() < self.end and not self.problems:
            body = json.dumps(
                {"query": " ".join(chooser.choices(_WORDS, k=4)), "explain": chooser.random() < 0.2}
            ).encode()
            try:
                if chooser.random() < 0.05:
                    self._leave(body, chooser)
                    self.seen["left"] += 1
                else:
                    self._ask(body)
            except OSError as problem:
                self.problems.append(f"{type(problem).__name__}: {problem}")

    def _ask(self, body: bytes) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("POST", _SEARCH, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.seen[str(answer.status)] += 1
        # 429 says that too many wait, which a slow machine may answer.
        if answer.status not in (200, 429):
            self.problems.append(f"status {answer.status}: {content[:300]!r}")

    def _leave(self, body: bytes, chooser: random.Random) -> None:
        """Disconnect within the request or before the answer."""
        fields = ["Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        head = "\r\n".join([f"POST {_SEARCH} HTTP/1.1", *fields, "\r\n"])
        whole = head.encode() + body
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.sendall(whole[: chooser.choice([9, len(head), len(whole) - 3, len(whole)])])


def campaign(seed: int, seconds: float, clients: int = CLIENTS, engine: str = "lucene") -> bool:
    """Run the soak; print and return whether nothing went wrong."""
    from running import PASSAGES, make_index

    with tempfile.TemporaryDirectory(prefix="campaign-") as name:
        folder = Path(name)
        make_index(folder / "docs")
        make_index(folder / "other", PASSAGES | {"latest": "the choir sings in the chapel tonight, a choir"})
        command = [sys.executable, "-m", "disco_pyserini", "serve", "docs", "--port", "0", "--engine", engine]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert server.stdout is not None and server.stderr is not None
        said: list[str] = []
        listening = threading.Thread(target=lambda: said.extend(server.stderr or ()))
        listening.start()
        try:
            port = int(re.findall(r":(\d+)$", server.stdout.readline().strip())[0])
            load = _Load(port, time.monotonic() + seconds)
            samples = _swap(load, folder, psutil.Process(server.pid), seed, clients)
        finally:
            server.send_signal(signal.SIGTERM)
            code = server.wait(120)
            listening.join()
    first, last = (
        [*zip(*part, strict=True)]
        for part in (samples[len(samples) // 3 : 2 * len(samples) // 3], samples[-(len(samples) // 3) :])
    )
    memory, handles, threads = ([median(part[i]) for part in (first, last)] for i in range(3))
    print(
        f"soak: {engine}, {clients} clients, {seconds:.0f} s, seed {seed}: {dict(load.seen)}; memory "
        f"{memory[0]:.0f} to {memory[1]:.0f} MiB, handles {handles[0]:.0f} to {handles[1]:.0f}, "
        f"threads {threads[0]:.0f} to {threads[1]:.0f}; exit code {code}",
        flush=True,
    )
    for problem in [*load.problems[:5], *said[:20]]:
        print(f"  {problem}", flush=True)
    # The handles of the moment are those of open connections.
    flat = memory[1] <= _GROWTH * memory[0] and handles[1] <= handles[0] + clients and threads[1] <= threads[0] + 4
    return flat and not load.problems and not said and code in (0, 143)


def _swap(
    load: _Load, folder: Path, server: psutil.Process, seed: int, clients: int
) -> list[tuple[float, float, float]]:
    """Let clients ask, and swap the index every second; return samples of MiB, handles and threads."""
    threads = [threading.Thread(target=load.client, args=(f"{seed}/{i}",)) for i in range(clients)]
    for thread in threads:
        thread.start()
    samples = []
    while time.monotonic() < load.end and not load.problems:
        (folder / "docs").rename(folder / "aside")
        (folder / "other").rename(folder / "docs")
        (folder / "aside").rename(folder / "other")
        connection = HTTPConnection("127.0.0.1", load.port, timeout=120)
        connection.request("POST", "/v1/docs/reload")
        answer = connection.getresponse()
        if answer.status != 200:
            load.problems.append(f"reload: status {answer.status}: {answer.read()!r:.300}")
        connection.close()
        load.seen["swaps"] += 1
        samples.append((server.memory_info().rss / 2**20, float(server.num_fds()), float(server.num_threads())))
        time.sleep(1)
    for thread in threads:
        thread.join(120)
        if thread.is_alive():
            load.problems.append("a client waits for its answer")
    return samples
