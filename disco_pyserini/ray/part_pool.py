"""Handing parts to the workers of a cluster, one by one, whatever happens to these workers."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.ray.cluster import room_for_workers
from disco_pyserini.ray.failures import Failure, cause
from disco_pyserini.ray.worker import Done, EncodingWorker, Ready, Setup
from disco_pyserini.vectors.part_encoding import EncodedPart, PartTask, Progress

logger = logging.getLogger(__name__)

_QUEUED = 2
"""Parts at a worker: one that it encodes, and the next."""

_MOST_ATTEMPTS = 6
"""How often a part may fail, and a worker in a row, before either is given up."""

_MOST_NODES = 3
"""A part is given up when it has failed on as many nodes, or on all if there are fewer: a bad node ends no run."""

_SECONDS_BETWEEN_REPORTS = 60.0


@dataclass
class _Slot:
    """A place for a worker: when the worker dies, another one takes its place, on any node that has room.

    ``failures`` are those in a row, also of the workers that died here.
    """

    actor: Any
    start: Any
    where: str = ""
    node: str = ""
    queued: dict[Any, PartTask] = field(default_factory=dict)
    failures: int = 0
    parts: int = 0
    passages: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.passages / self.seconds if self.seconds else 0.0


class PartPool:
    """Workers on a cluster that encode parts.

    Args:
        setup: how a worker opens the encoder.
        workers: the number of workers; those that the cluster has no room for start when it has.
        gpus: GPUs for each worker; may be a fraction.
        sample: a few passages that the first worker encodes before its first part. Its number is that of no part.
        on_sample: called with the encoded sample.
    """

    def __init__(
        self, setup: Setup, workers: int, gpus: float, sample: PartTask, on_sample: Callable[[Done], None]
    ) -> None:
        import ray

        self._sample: PartTask | None = sample
        self._on_sample = on_sample

        self._gpus = gpus
        self._setup = ray.put(setup)
        self._kind = ray.remote(EncodingWorker).options(num_cpus=1, num_gpus=gpus, scheduling_strategy="SPREAD")
        self._slots = [_Slot(*self._new_worker()) for _ in range(workers)]
        self._given_up: list[str] = []
        self._bad_nodes: set[str] = set()
        self._kept: list[Any] = []  # workers of bad nodes: they take the room that new workers would get there
        self._undone: dict[int, PartTask] = {}
        self._again: list[int] = []
        self._failed_on: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._more = True
        self._problem: DiscoError | None = None
        self._reported = monotonic()

    def encode(self, tasks: Iterator[PartTask], progress: Progress) -> Iterator[EncodedPart]:
        """Encode parts; yield them as they are finished, each once.

        Raises:
            InputError: a text cannot be encoded.
            DiscoError: no worker is left, or a part fails everywhere; or ``tasks`` raised it. What was in progress is
                finished first where possible.
        """
        import ray

        while True:
            self._hand_out(tasks)
            if not (self._more or self._undone):
                break
            waiting = [*(slot.start for slot in self._slots if slot.start), *self._jobs()]
            finished, _ = ray.wait(waiting, timeout=1.0)
            for ref in finished:
                task, part = self._result(ref)
                if task and part:
                    progress(len(task.ids))
                    yield part
            self._report(final=False)
        self._report(final=True)
        if self._problem:
            raise self._problem

    def close(self) -> None:
        """End all workers."""
        import ray

        for actor in [*self._kept, *(slot.actor for slot in self._slots)]:
            ray.kill(actor)

    def _new_worker(self) -> tuple[Any, Any]:
        actor = self._kind.remote()
        return actor, actor.start.remote(self._setup)

    def _jobs(self) -> list[Any]:
        return [ref for slot in self._slots for ref in slot.queued]

    def _hand_out(self, tasks: Iterator[PartTask]) -> None:
        for queued in range(_QUEUED):
            for slot in self._slots:
                if slot.start or len(slot.queued) != queued:
                    continue
                task = self._next(slot, tasks) or (None if queued else self._copy())
                if task:
                    slot.queued[slot.actor.encode.remote(task)] = task

    def _next(self, slot: _Slot, tasks: Iterator[PartTask]) -> PartTask | None:
        """Take a part that others handed back, or a new one; at the end, also one that has failed on this node."""
        self._again = [number for number in self._again if number in self._undone]
        task = self._handed_back(slot) or self._read(tasks) or next(map(self._undone.get, self._again), None)
        if task and task.number in self._again:
            self._again.remove(task.number)
        return task

    def _handed_back(self, slot: _Slot) -> PartTask | None:
        """Take a part that has not failed on this node, or that has failed on every node."""
        nodes = self._nodes() if self._again else set()
        for number in self._again:
            failed_on = self._failed_on[number].keys()
            if slot.node not in failed_on or nodes <= failed_on:
                return self._undone[number]
        return None

    def _read(self, tasks: Iterator[PartTask]) -> PartTask | None:
        if not self._more:
            return None
        try:
            task = next(tasks, None)
        except DiscoError as problem:
            task, self._problem = None, problem  # raised when the parts in progress are written
        if task is None:
            self._more = False
        else:
            self._undone[task.number] = task
        return task

    def _nodes(self) -> set[str]:
        """Return the nodes whose workers encode, and those where a worker may still start."""
        nodes = {slot.node for slot in self._slots if not slot.start}
        if any(slot.start for slot in self._slots):
            nodes |= {node for node, room in room_for_workers(self._gpus).items() if room} - self._bad_nodes
        return nodes

    def _copy(self) -> PartTask | None:
        """At the end, a part that a slower worker has: whoever is first wins, and the bytes are the same."""
        copies = Counter(task.number for slot in self._slots for task in slot.queued.values())
        return next((task for task in reversed(self._undone.values()) if copies[task.number] == 1), None)

    def _result(self, ref: Any) -> tuple[PartTask | None, EncodedPart | None]:
        """Take what a worker returned: a part that nobody returned before, or else nothing."""
        import ray

        slot = next((slot for slot in self._slots if ref == slot.start or ref in slot.queued), None)
        if slot is None:  # lost together with another result of the same worker
            return None, None
        task = slot.queued.get(ref)
        try:
            result = ray.get(ref)
        except ray.exceptions.RayError as problem:
            self._died(slot, cause(problem))
            return None, None
        if isinstance(result, Ready):
            slot.start, slot.where, slot.node = None, result.where, result.node
            if self._sample:
                slot.queued[slot.actor.encode.remote(self._sample)] = self._sample
        elif task is None:
            self._kept.append(slot.actor)
            self._give_up(slot, result.node, f"{result.where}: {result.reason}")
        else:
            del slot.queued[ref]
            if isinstance(result, Failure):
                self._failed(slot, task, result)
            elif task.number < 0:
                self._measured(result)
            else:
                return task, self._encoded(slot, task, result)
        return None, None

    def _measured(self, sample: Done) -> None:
        if self._sample:
            self._sample = None
            self._on_sample(sample)

    def _encoded(self, slot: _Slot, task: PartTask, done: Done) -> EncodedPart | None:
        slot.failures = 0
        slot.parts += 1
        slot.passages += len(task.ids)
        slot.seconds += done.seconds
        return done.part if self._undone.pop(task.number, None) else None

    def _failed(self, slot: _Slot, task: PartTask, failure: Failure) -> None:
        """Give a part that a worker could not encode to others."""
        if failure.bad_input and task.number in self._undone:
            raise InputError(failure.reason)
        slot.failures += 1
        self._count_failure(slot, task, f"{failure.where}: {failure.reason}")
        self._hand_back(f"{failure.where}: {failure.reason}", [task])
        if slot.failures == _MOST_ATTEMPTS:
            self._kept.append(slot.actor)
            reason = f"failed {_MOST_ATTEMPTS} times in a row, the last time: {failure.reason}"
            self._give_up(slot, slot.node, f"{failure.where}: {reason}")

    def _died(self, slot: _Slot, reason: str) -> None:
        """Give the parts of a dead worker to others, and start another worker."""
        import ray

        where = slot.where or "a worker that was starting"
        queued, slot.queued = list(slot.queued.values()), {}
        slot.failures += 1
        if queued:
            self._count_failure(slot, queued[0], f"{where}: {reason}")  # the others had not begun
        self._hand_back(f"{where}: {reason}", queued)
        ray.kill(slot.actor)
        if slot.failures == _MOST_ATTEMPTS:
            self._give_up(slot, slot.node, f"{where}: failed {_MOST_ATTEMPTS} times in a row, the last time: {reason}")
        else:
            slot.actor, slot.start = self._new_worker()
            slot.where = slot.node = ""

    def _count_failure(self, slot: _Slot, task: PartTask, reason: str) -> None:
        """Count a failure of a part on the node of a slot; raise when the part is to blame, not the nodes."""
        failed_on = self._failed_on[task.number]
        failed_on[slot.node] += 1
        everywhere = len(failed_on) >= _MOST_NODES or self._nodes() <= failed_on.keys()
        if task.number in self._undone and failed_on.total() >= _MOST_ATTEMPTS and everywhere:
            times = f"{failed_on.total()} times on {len(failed_on)} nodes"
            raise DiscoError(f"part {task.number} failed {times}, the last time on {reason}")

    def _hand_back(self, reason: str, tasks: Sequence[PartTask]) -> None:
        lost = [task.number for task in tasks if task.number in self._undone]
        self._again.extend(lost)
        numbers = ", ".join(map(str, lost))
        logger.warning(reason + (f": parts {numbers} are encoded again" if lost else ""))

    def _give_up(self, slot: _Slot, node: str, reason: str) -> None:
        """Go on without a worker. What failed on its node says no more about the parts."""
        self._given_up.append(reason)
        self._slots.remove(slot)
        self._bad_nodes.add(node)
        for failed_on in self._failed_on.values():
            failed_on.pop(node, None)
        self._again.extend(task.number for task in slot.queued.values())
        if not self._slots:
            raise DiscoError(f"no worker is left: {'; '.join(dict.fromkeys(self._given_up))}")
        logger.error(f"{reason}: going on with {len(self._slots)} workers")

    def _report(self, final: bool) -> None:
        """Log the throughput of every worker now and then, and whether some are still to start."""
        if not final and monotonic() - self._reported < _SECONDS_BETWEEN_REPORTS:
            return
        self._reported = monotonic()
        for slot in self._slots:
            if slot.parts:
                logger.info(
                    f"{slot.where or 'restarting'}: {slot.parts:,} parts, {slot.passages:,} passages, "
                    f"{slot.rate:,.0f} passages/s"
                )
        if not final and (starting := sum(slot.start is not None for slot in self._slots)):
            logger.info(f"{starting} of {len(self._slots)} workers are starting, or wait for room on the cluster")
