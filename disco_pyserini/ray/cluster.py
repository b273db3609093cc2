"""Connecting to a Ray cluster."""

from __future__ import annotations

import ctypes
import logging
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Event, Thread, current_thread, main_thread
from typing import Any

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.extras import check_extra

logger = logging.getLogger(__name__)

CLIENT = "ray://"
"""Addresses that start so go through a program on the head node; the others need a Ray node on this machine."""

_NAMES = ("local", "auto")
_ADDRESS = re.compile(r"(?:ray://)?(?P<host>[\w.-]+|\[[\da-fA-F:]+\]):(?P<port>\d{1,5})")
_SECONDS_TO_CONNECT = 10
_SECONDS_BETWEEN_CHECKS = 5
_SIZE_OF_SIGACTION = 256  # at most, in bytes: `struct sigaction` differs between systems


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect to a cluster for the time of a ``with`` block; a connection that is open already is used and stays.

    Lucene indexes may be open. A program that calls ``ray.init`` itself has to do so before it opens one, and not end
    Ray before it closes it: Ray takes signal handlers away that Java needs, and without them Java ends the process.

    Args:
        address: ``HOST:PORT`` of a cluster that this machine belongs to, or ``ray://HOST:PORT`` of one that it does
            not; ``auto`` for the cluster that runs on this machine; ``local`` to start one here for the block.

    Raises:
        InputError: the address is none of these.
        DiscoError: Ray is not installed; no cluster answers there; or it runs another version of Ray or Python.
    """
    check_extra("ray", "--ray")
    import ray

    if ray.is_initialized():
        yield
        return
    _check_address(address)
    if address == "local":
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # our own cluster reports to nobody
    options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        with _handlers_kept():
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (Exception, SystemExit) as problem:
        raise _explained(address, problem) from problem
    try:
        with nullcontext() if address.startswith(CLIENT) else _watched_head():
            yield
    finally:
        with _handlers_kept():
            ray.shutdown()


def room_for_workers(gpus: float = 0.0) -> dict[str, int]:
    """Return how many workers, each with a core and so many GPUs, every living node holds, by the node's id."""
    import ray

    return {
        node["NodeID"]: int(
            min(node["Resources"].get("CPU", 0), node["Resources"].get("GPU", 0) / gpus if gpus else float("inf"))
        )
        for node in ray.nodes()
        if node["Alive"]
    }


@contextmanager
def _watched_head() -> Iterator[None]:
    """Say that the head node is lost: Ray ends the process after a minute, without an exception."""
    import ray

    address = ray.get_runtime_context().gcs_address
    host, _, port = address.rpartition(":")
    end = Event()

    def watch() -> None:
        lost = False
        while not end.wait(_SECONDS_BETWEEN_CHECKS):
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_CONNECT).close()
                lost = False
            except OSError as problem:
                if not lost:
                    logger.error(
                        f"the head node of the cluster does not answer at {address}: {problem.strerror or problem}: "
                        "unless it comes back within a minute, Ray ends this command. What is whole is kept: run the "
                        "same command on a cluster with a head node"
                    )
                lost = True

    thread = Thread(target=watch, name="head node", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Bring back the signal handlers that Ray replaces when it starts and removes when it ends.

    Java notices null pointers and the ends of mapped files by signals. After SIGTERM, unfinished files are removed.
    """
    libc = ctypes.CDLL(None)
    kept, on_sigterm = {}, signal.getsignal(signal.SIGTERM)
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGTERM):
        kept[number] = ctypes.create_string_buffer(_SIZE_OF_SIGACTION)
        libc.sigaction(number, None, kept[number])
    try:
        yield
    finally:
        for number, action in kept.items():
            libc.sigaction(number, action, None)
        if on_sigterm is not None and current_thread() is main_thread():  # Ray sets its own in no other thread
            signal.signal(signal.SIGTERM, on_sigterm)


def _check_address(address: str) -> None:
    """Find out whether anything listens at an address: Ray itself tries for a minute, and then ends the process."""
    if address in _NAMES:
        return
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"]) > 65535:
        raise InputError(
            f"expected --ray with local, auto, HOST:PORT or ray://HOST:PORT, found {address!r}: "
            "`ray status` on the cluster's head node shows its address"
        )
    try:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=_SECONDS_TO_CONNECT).close()
    except OSError as problem:
        raise DiscoError(
            f"no Ray cluster answers at {address}: {problem.strerror or problem}: check the address, the firewall, and "
            "that `ray start --head` runs there"
        ) from problem


def _explained(address: str, problem: BaseException) -> DiscoError:
    reason = " ".join(str(problem).split())
    if isinstance(problem, ConnectionError) and address == "auto":
        return DiscoError(
            "--ray auto: found no Ray cluster on this machine: start one with `ray start --head`, join one with "
            "`ray start --address HOST:PORT`, or use --ray local"
        )
    if "ersion mismatch" in reason:
        return DiscoError(
            f"the cluster at {address} runs another version of Ray or Python than this machine: {reason:.400}: install "
            "the same versions on all nodes"
        )
    remedy = "if the head node has a file ~/.ray/auth_token, this machine needs the same one, and RAY_AUTH_MODE=token"
    if address.startswith(CLIENT):
        remedy += "; the port is that of Ray Client, 10001 by default"
    return DiscoError(
        f"cannot connect to the Ray cluster at {address}: {type(problem).__name__}: {reason:.400}: {remedy}"
    )
