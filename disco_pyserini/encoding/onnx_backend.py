"""The SPLADE forward pass in ONNX Runtime, from a file exported once per checkpoint. Does not import torch.

The file is in Pyserini's cache. Its name has hashes of the checkpoint's path, and of the sizes and modification times
of the checkpoint's files, so a changed checkpoint is exported again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disco_pyserini.encoding.cores import cores, threads_for_one_text, threads_given
from disco_pyserini.encoding.locate import weight_files
from disco_pyserini.encoding.tokens import Tokens
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.extras import check_extra
from disco_pyserini.files import pyserini_cache

logger = logging.getLogger(__name__)

# Increase this when the export changes.
_EXPORT = 6
_USUAL_LENGTH = 256


def open_float32(folder: Path, tokenizer_name: str | None, device: str | None) -> tuple[OnnxModel, Tokens]:
    """Open a checkpoint to compute in float32; see `disco_pyserini.encoding.backends.Backend`."""
    return _open(folder, tokenizer_name, device, int8=False)


def open_int8(folder: Path, tokenizer_name: str | None, device: str | None) -> tuple[OnnxModel, Tokens]:
    """Open a checkpoint to compute in 8-bit integers; see `disco_pyserini.encoding.backends.Backend`."""
    return _open(folder, tokenizer_name, device, int8=True)


def _open(folder: Path, tokenizer_name: str | None, device: str | None, int8: bool) -> tuple[OnnxModel, Tokens]:
    """Open the ONNX file of a checkpoint; create it first if it is missing."""
    if device not in (None, "cpu"):
        raise InputError(f"device {device!r}: the ONNX backends run on the CPU: use the torch backend on a GPU")
    file, older = _places(folder, tokenizer_name, int8)
    if not file.is_file():
        check_extra("onnx", "making the ONNX file of a checkpoint")
        why = "its checkpoint changed" if older else "once"
        logger.info("exporting %s to %s (%s)", folder, file, why)
        from disco_pyserini.encoding.onnx_export import export  # imports torch

        export(folder, tokenizer_name, int8, file)
        for path in older:
            path.unlink(missing_ok=True)
    threads = threads_for_one_text(_USUAL_LENGTH, file.stat().st_size // (1 if int8 else 4))
    session = _session(file, threads)
    record = session.get_modelmeta().custom_metadata_map["disco"]
    # With a thread for each text, several are read at once, unless the caller does that or wants one thread.
    at_once = 1 if threads_given() else max(1, cores() // threads)
    return OnnxModel(session, at_once), Tokens.from_json(json.loads(record))


class OnnxModel:
    """A language model in ONNX Runtime.

    Texts are encoded one by one, without padding, so that weights do not depend on the batch: the scale of 8-bit
    activations is computed over all tokens of a forward pass.

    Args:
        session: the open ONNX file.
        at_once: how many texts to encode at once, each on the threads of the session.
    """

    batch_tokens = 1024
    padding_noise = 0.0

    def __init__(self, session: Any, at_once: int) -> None:
        self._session = session
        self._at_once = at_once

    def weights(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the weights (texts, vocabulary) of texts given as token ids."""
        if min(self._at_once, len(ids)) == 1:
            return np.concatenate([self._run(tokens)[0] for tokens in ids])
        with ThreadPoolExecutor(self._at_once) as pool:
            return np.concatenate([found[0] for found in pool.map(self._run, ids)])

    def locate_weights(self, ids: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """See `disco_pyserini.encoding.backends.LocatingModel`."""
        weights, positions = self._run(ids, locate=True)
        return weights[0], positions[0]

    def _run(self, ids: Sequence[int], locate: bool = False) -> list[Any]:
        found: list[Any] = self._session.run(None, {"input_ids": np.array([ids]), "locate": np.array(locate)})
        return found


def _places(folder: Path, tokenizer_name: str | None, int8: bool) -> tuple[Path, list[Path]]:
    """Return the path of a checkpoint's ONNX file, and the files exported from earlier versions of its folder."""
    files = [*weight_files(folder), *sorted(folder.glob("*.json")), *sorted(folder.glob("*.txt"))]
    states = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    place = f"{folder.name}-{_hash(str(folder.resolve()), tokenizer_name)}-{'int8' if int8 else 'fp32'}"
    file = pyserini_cache() / "disco-onnx" / f"{place}-{_hash(_EXPORT, states)}.onnx"
    return file, [path for path in file.parent.glob(f"{place}-*.onnx") if path != file]


def _hash(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]


def _session(file: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(
            file,
            options,
            providers=["CPUExecutionProvider"],
            # The fused operation takes six times as long as the two separate ones.
            disabled_optimizers=["SkipLayerNormFusion"],
        )
    except Exception as problem:  # onnxruntime's exceptions have no other common base class
        raise DiscoError(
            f"{file}: ONNX Runtime cannot read it: {problem}: delete it, and it is made again"
        ) from problem
