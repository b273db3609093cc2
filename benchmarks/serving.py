"""Servers under load: this package's, and Pyserini's REST server, with the same index and encoder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import NamedTuple
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from benchmarks.contenders import environment
from benchmarks.load import Load, send
from benchmarks.measure import interleave
from benchmarks.results_page import Check, Report, Row, Target, median, ratio

HITS = 10
CLIENTS = (1, 8, 64)
OURS, OURS_FLAT = "disco serve (onnx-int8)", "disco serve (onnx-int8, flat)"
THEIRS, THEIRS_INT8 = "Pyserini REST (torch)", "Pyserini REST (onnx-int8)"
READY, MEMORY = "server: first answer after the start", "server: resident memory"
_BACKENDS = {OURS: "onnx-int8", OURS_FLAT: "onnx-int8", THEIRS: "torch", THEIRS_INT8: "onnx-int8"}


class Server(NamedTuple):
    """A running server: its port, its process, and the seconds until its first answer, of clock and processor."""

    port: int
    process: int
    seconds: float
    processor: float


def main(rounds: int = 3, size: int = 1000, encoder: str = "english", requests: int = 64) -> Report:
    """Start each server, and send the same conversations of the demo world to each in turns."""
    with TemporaryDirectory() as temporary, ExitStack() as running:
        folder = Path(temporary)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            texts = pool.submit(_prepare, folder, size, encoder).result()
        servers = {name: running.enter_context(_serve(folder, name, 8100 + i)) for i, name in enumerate(_BACKENDS)}
        # Pyserini keeps the answers to earlier queries: every query comes once.
        texts_once = (f"{text} {number}" for number, text in enumerate(cycle(texts)))
        same = _same_answers(servers, list(islice(texts_once, 20)))
        rows: list[Row] = []
        for clients in CLIENTS:
            number = max(clients, requests * min(clients, 16) // 16)
            rows += _measure(servers, texts_once, clients, number, rounds)
        rows += [Row(READY, "s", name, [server.seconds]) for name, server in servers.items()]
        rows += [Row(f"{READY}, processor", "s", name, [server.processor]) for name, server in servers.items()]
        rows += [Row(MEMORY, "MB", name, [_resident(server.process)]) for name, server in servers.items()]
    return Report(
        "serving",
        f"GET requests for {HITS} hits with their texts: conversations of the demo world, each sent once; {size:,} "
        f"passages, query encoder `{encoder}`. The same index is served by each; Pyserini's server gets the encoder "
        "from the plugin. Servers and clients share the cores. Processor time is that of the server, per answer.",
        ("disco-pyserini", "pyserini", "fastapi", "uvicorn", "torch", "onnxruntime"),
        rows,
        [target for ours in (OURS, OURS_FLAT) for target in _targets(rows, ours)],
        same,
        matrix=True,
    )


def _targets(rows: Sequence[Row], ours: str) -> Iterator[Target]:
    many = _clients(CLIENTS[-1])
    yield Target(f"{many}: answers of {ours} against {THEIRS}", ratio(rows, f"{many}: answers", ours, THEIRS), 3)
    yield Target(f"{many}: p99 of {ours} against {THEIRS}", ratio(rows, f"{many}: p99", ours, THEIRS), 0.5, True)
    used = f"{many}: processor time"
    yield Target(f"{used} of {THEIRS} against {ours}", ratio(rows, used, THEIRS, ours), 3)
    yield Target(f"memory of {ours} against {THEIRS}", ratio(rows, MEMORY, ours, THEIRS), 0.5, True)
    yield Target(f"{ours}: first answer after the start", median(rows, READY, ours), 3, True, "s")


def _prepare(folder: Path, size: int, encoder: str) -> list[str]:
    """Make the index, and return the texts of conversations. In a process of its own, for its memory."""
    from disco_pyserini.conversation import flatten
    from disco_pyserini.demo_world import DemoWorld
    from disco_pyserini.encoding import query_encoder
    from disco_pyserini.search import build_index

    world = DemoWorld(size=size)
    build_index(world.passages(), folder / "index", encoder=encoder, engine="lucene,flat")
    query_encoder(encoder, backend="onnx-int8")  # makes the ONNX file
    (folder / "servers.yaml").write_text(
        f"indexes:\n  index:\n    path: {folder / 'index'}\n    index_type: impact\n    encoder: disco\n",
        encoding="utf-8",
    )
    return [flatten(judged.query.conversation) for judged in world.judged_queries("test")]


@contextmanager
def _serve(folder: Path, name: str, port: int) -> Iterator[Server]:
    if name in (OURS, OURS_FLAT):
        command = ["disco_pyserini", "serve", str(folder / "index"), "--port", str(port), "--time-limit", "300"]
        command += ["--engine", "flat" if name == OURS_FLAT else "lucene"]
    else:
        command = ["pyserini.server.rest", "--config", str(folder / "servers.yaml"), "--port", str(port)]
        command += ["--host", "127.0.0.1", "--no-access-log", "--no-prebuilt-indexes"]
    with (folder / f"{port}.log").open("w", encoding="utf-8") as log:
        began = perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**_usual(), **environment(), "DISCO_BACKEND": _BACKENDS[name]},
            stdout=log,
            stderr=log,
        )
        try:
            while not _answers(port):
                if process.poll() is not None:
                    raise SystemExit(f"{name} ended:\n{(folder / f'{port}.log').read_text(encoding='utf-8')}")
                sleep(0.02)
            yield Server(port, process.pid, perf_counter() - began, _processor_seconds(process.pid))
        finally:
            process.terminate()
            process.wait(60)


def _usual() -> dict[str, str]:
    """The environment without numbers of threads, as servers are started by their users."""
    return {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}{_path('is it there')}", timeout=120) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def _path(text: str) -> str:
    return f"/v1/index/search?hits={HITS}&query={quote(text)}"


def _same_answers(servers: Mapping[str, Server], texts: Sequence[str]) -> list[Check]:
    """Compare documents, scores, order and texts, one request at a time. It also warms the servers up."""
    found = {name: send(server.port, list(map(_path, texts)), 1)[1] for name, server in servers.items()}
    checks = []
    for name in (OURS, OURS_FLAT):
        different = sum(ours != theirs for ours, theirs in zip(found[name], found[THEIRS_INT8], strict=True))
        result = f"{different} of {len(texts)} differ" if different else f"all {len(texts)} equal"
        checks.append(Check(f"the answers of {name} and {THEIRS_INT8}", result, not different))
    return checks


def _measure(servers: Mapping[str, Server], texts: Iterator[str], clients: int, number: int, rounds: int) -> list[Row]:
    chosen = [list(map(_path, islice(texts, number))) for _ in range(rounds + 1)]
    left = {name: iter(chosen) for name in servers}

    def send_to(name: str) -> tuple[Load, float]:
        """Return what the clients saw, and the milliseconds of processor time per answer."""
        before = _processor_seconds(servers[name].process)
        # Requests at once sometimes meet a null pointer in the Java that Pyserini's server reads documents with.
        attempts = 3 if name in (THEIRS, THEIRS_INT8) else 1
        load, answers = send(servers[name].port, next(left[name]), clients, attempts)
        return load, 1000 * (_processor_seconds(servers[name].process) - before) / len(answers)

    found = interleave({name: partial(send_to, name) for name in servers}, rounds)
    what = _clients(clients)
    rows = [
        Row(f"{what}: answers", "/s", name, [load.per_second for load, _ in loads]) for name, loads in found.items()
    ]
    for share, title in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        rows += [
            Row(f"{what}: {title}", "ms", name, [1000 * load.percentile(share) for load, _ in loads])
            for name, loads in found.items()
        ]
    rows += [Row(f"{what}: processor time", "ms", name, [used for _, used in loads]) for name, loads in found.items()]
    return rows


def _clients(number: int) -> str:
    return "1 client" if number == 1 else f"{number} clients"


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user and system


def _resident(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) * 1.024e-3
