"""The worker of a cluster that encodes parts: it opens the encoder once, and keeps it."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter

from disco_pyserini.encoding import DiscoDocumentEncoder
from disco_pyserini.errors import DiscoError
from disco_pyserini.impacts import Quantiser
from disco_pyserini.ray.failures import Failure, tried, where
from disco_pyserini.ray.weights import ShippedCheckpoint, fetch, forget
from disco_pyserini.vectors.part_encoding import EncodedPart, PartTask, encode_part

_DECIDE_THE_BYTES = ("disco-pyserini", "torch", "transformers", "tokenizers", "numpy", "pyarrow", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs to open the encoder.

    Attributes:
        versions: those of the machine that writes the parts.
        checkpoint: the encoder's files.
        max_length: passages are cut to this many tokens.
        quantiser: turns weights into impacts.
        device: torch device; None for a GPU if the worker has one.
        backend: what runs the model.
        batch_tokens: tokens per forward pass.
    """

    versions: dict[str, str]
    checkpoint: ShippedCheckpoint
    max_length: int
    quantiser: Quantiser
    device: str | None
    backend: str
    batch_tokens: int | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker that has opened the encoder; ``where`` names its node and process, ``node`` is the node's id."""

    where: str
    node: str


@dataclass(frozen=True, slots=True)
class Done:
    """An encoded part, and the seconds it took."""

    part: EncodedPart
    seconds: float


class EncodingWorker:
    """A Ray actor."""

    _encoder: DiscoDocumentEncoder

    def start(self, setup: Setup) -> Ready | Failure:
        """Open the encoder."""
        return tried(lambda: self._open(setup))

    def encode(self, task: PartTask) -> Done | Failure:
        """Encode a part."""

        def timed() -> Done:
            began = perf_counter()
            part = encode_part(task, self._encoder.vectors, lambda passages: None)
            return Done(part, perf_counter() - began)

        return tried(timed)

    def _open(self, setup: Setup) -> Ready:
        import ray

        if different := _differences(setup.versions, versions()):
            raise DiscoError(f"{different}: install the versions of the machine that runs the command")
        for attempt in (1, 2):
            encoder = DiscoDocumentEncoder(
                str(fetch(setup.checkpoint)),
                device=setup.device,
                max_length=setup.max_length,
                quantiser=setup.quantiser,
                batch_tokens=setup.batch_tokens,
                backend=setup.backend,
            )
            if encoder.revision == setup.checkpoint.revision:
                self._encoder = encoder
                # The first part takes seconds more, which would spoil the speed of the sample.
                self.encode(PartTask(-1, ["0"], ["warm up"], True, len(encoder.vocabulary)))
                return Ready(where(), ray.get_runtime_context().get_node_id())
            if attempt == 1:
                forget(setup.checkpoint)  # damaged on this node's disk
        raise DiscoError(f"expected weights with checksum {setup.checkpoint.revision}, found {encoder.revision}")


def versions() -> dict[str, str]:
    """Return the versions that a worker must share with the machine that writes the parts, for equal bytes."""
    # The build of torch may differ: a node with a GPU has another than one without.
    libraries = {name: version(name).partition("+")[0] for name in _DECIDE_THE_BYTES}
    return {"Python": platform.python_version(), **libraries}


def _differences(wanted: dict[str, str], found: dict[str, str]) -> str:
    return ", ".join(
        f"expected {name} {value}, found {found.get(name)}"
        for name, value in wanted.items()
        if found.get(name) != value
    )
