"""Encoding a corpus on a Ray cluster."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.ray.cluster import room_for_workers
from disco_pyserini.ray.failures import cause
from disco_pyserini.ray.part_pool import PartPool
from disco_pyserini.ray.weights import ship
from disco_pyserini.ray.worker import Done, Setup, versions
from disco_pyserini.vectors.part_encoding import EncodedPart, PartTask, Progress

logger = logging.getLogger(__name__)

_SAMPLE = 200
"""Passages that are encoded to estimate the speed."""


@dataclass(frozen=True, slots=True)
class RayWorkers:
    """Encodes the parts of a corpus on the cluster that `disco_pyserini.ray.cluster.connected` has connected to.

    Attributes:
        workers: the number of workers; by default one for each GPU, or, without GPUs, for each core.
        gpus: GPUs for each worker, 0.5 for example; by default 1 if the cluster has any.
        device: torch device; by default a worker's GPU if it has one.
        batch_tokens: tokens per forward pass, padding included.
        total: about how many passages the corpus has, for the plan; None if unknown.
    """

    workers: int | None = None
    gpus: float | None = None
    device: str | None = None
    batch_tokens: int | None = None
    total: int | None = None

    def encode_parts(
        self, encoder: DiscoDocumentEncoder, tasks: Iterator[PartTask], progress: Progress
    ) -> Iterator[EncodedPart]:
        """See `disco_pyserini.vectors.part_encoding.EncodeParts`.

        Raises:
            InputError: the cluster has no node for such a worker, or a text cannot be encoded.
            DiscoError: no worker is left, or a part fails everywhere.
        """
        import ray

        first = next(tasks, None)
        if first is None:
            return
        workers, gpus = self._size()
        setup = Setup(
            versions=versions(),
            checkpoint=ship(encoder),
            max_length=encoder.max_length,
            quantiser=encoder.quantiser,
            device=self.device,
            backend=encoder.backend,
            batch_tokens=self.batch_tokens,
        )
        sample = replace(first, number=-1, ids=first.ids[:_SAMPLE], texts=first.texts[:_SAMPLE])
        pool = PartPool(
            setup, workers, gpus, sample, lambda done: logger.info(self._plan(first, workers, len(sample.ids), done))
        )
        try:
            yield from pool.encode(chain([first], tasks), progress)
        except (ray.exceptions.RayError, ConnectionError) as problem:
            reason = f"lost the cluster: {cause(problem)}"
            raise DiscoError(f"{reason}: the same command continues after whole parts") from problem
        finally:
            pool.close()

    def _plan(self, first: PartTask, workers: int, passages: int, sample: Done) -> str:
        """Say how much there is to do, and how long it will take."""
        rate = workers * passages / sample.seconds
        size = len(sample.part.content) / passages
        speed = f"{workers} workers that encode about {rate / workers:,.0f} passages/s each"
        if self.total is None:
            hours = f"{1e6 / rate / 3600:,.2f} hours and {size / 1e3:,.2f} GB of vectors for a million passages"
            return f"plan: {speed}: {hours}; how many the corpus has is unknown"
        done = min(first.number * len(first.ids), self.total)
        left = self.total - done
        return (
            f"plan: about {left:,} passages to encode (parts: {-(-left // len(first.ids)):,}, whole already: "
            f"{first.number:,}); {speed}: {left / rate / 3600:,.2f} hours, {size * left / 1e9:,.2f} GB of vectors"
        )

    def _size(self) -> tuple[int, float]:
        """Return the number of workers, and the GPUs of each."""
        import ray

        gpus = self.gpus
        if gpus is None:
            gpus = 1.0 if ray.cluster_resources().get("GPU") else 0.0
        nodes = room_for_workers(gpus)
        if not any(nodes.values()):
            raise InputError(
                f"expected a node with a core and {gpus:g} GPUs for a worker, found none among {len(nodes)} nodes: "
                "start one, or choose another --ray-gpus"
            )
        return self.workers or sum(nodes.values()), gpus
