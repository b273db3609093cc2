"""A load generator: clients that send GET requests one after the other, all at the same time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Load:
    """What clients saw: seconds from request to answer, and the seconds of the whole run."""

    latencies: Sequence[float]
    seconds: float

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency that this share of the requests stayed below, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def send(port: int, paths: Sequence[str], clients: int, attempts: int = 1) -> tuple[Load, list[Any]]:
    """Send each request once, and return what was measured and the answers, as JSON, in the order of the requests.

    A request that fails is sent again, up to ``attempts`` times in all; its latency is that of all of them.

    Raises:
        SystemExit: an answer is not 200.
    """
    return asyncio.run(_send(port, paths, clients, attempts))


async def _send(port: int, paths: Sequence[str], clients: int, attempts: int) -> tuple[Load, list[Any]]:
    waiting = iter(enumerate(paths))
    latencies: list[float] = []
    answers: list[Any] = [None] * len(paths)
    began = perf_counter()
    await asyncio.gather(*(_client(port, waiting, latencies, answers, attempts) for _ in range(clients)))
    return Load(latencies, perf_counter() - began), list(map(json.loads, answers))


async def _client(
    port: int, waiting: Iterator[tuple[int, str]], latencies: list[float], answers: list[Any], attempts: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, path in waiting:
        began = perf_counter()
        for attempt in range(attempts):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            answers[number] = await reader.readexactly(int(head.split("content-length:")[1].split()[0]))
            if head.split()[1] == "200":
                break
            if attempt == attempts - 1:
                raise SystemExit(f"{path}: {head.splitlines()[0]}: {answers[number].decode()}")
            writer.close()  # the server closes it, too
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        latencies.append(perf_counter() - began)
    writer.close()
