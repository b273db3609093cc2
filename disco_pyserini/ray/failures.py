"""What goes wrong on a node of a cluster: which node, and why, in one line."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from disco_pyserini.errors import DiscoError, InputError


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a worker could not do something. Ray's own exceptions would carry a traceback of another machine.

    Attributes:
        where: its node and process.
        reason: what happened.
        node: the node's id.
        bad_input: no other worker can do it either.
    """

    where: str
    reason: str
    node: str = ""
    bad_input: bool = False


def tried[Result](work: Callable[[], Result]) -> Result | Failure:
    """On a worker: do something, and return the failure if it fails."""
    import ray

    try:
        return work()
    except InputError as problem:
        reason, bad_input = str(problem), True
    except DiscoError as problem:
        reason, bad_input = str(problem), False
    except Exception as problem:  # out of memory on a GPU, a full disk, a broken driver: the run goes on elsewhere
        reason, bad_input = f"{type(problem).__name__}: {' '.join(str(problem).split()):.300}", False
    return Failure(where(), reason, ray.get_runtime_context().get_node_id(), bad_input)


def where() -> str:
    """Name this node and process."""
    import ray.util

    return f"{ray.util.get_node_ip_address()} ({socket.gethostname()}, process {os.getpid()})"


def cause(problem: Exception) -> str:
    """Say in one line why a worker died, or why Ray lost its result."""
    import ray

    text = " ".join(str(problem).split()).rstrip(".")
    # Whenever a worker is killed, Ray's text guesses at the kernel's OOM killer, among others.
    if isinstance(problem, ray.exceptions.OutOfMemoryError) or "OUT_OF_MEMORY" in text or "low on memory" in text:
        return f"out of memory: {text:.300}"
    if isinstance(problem, ray.exceptions.OutOfDiskError):
        return f"the disk is full: {text:.300}"
    for start in ("No module named", "its node has died", "Worker exit detail:", "The actor is dead because"):
        if start in text:
            return f"the worker died: {text[text.index(start) :]:.300}"
    return f"the worker died: {type(problem).__name__}: {text:.300}"
