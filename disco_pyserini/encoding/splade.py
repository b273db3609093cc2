"""A SPLADE checkpoint in memory, and its forward pass: ``weight = max over tokens of log(1 + relu(logit))``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch

from disco_pyserini.encoding.locate import weight_file
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import WeightVector


class SpladeModel:
    """A masked language model and its tokenizer, checked to be usable as a SPLADE encoder.

    Args:
        folder: a Hugging Face checkpoint: ``config.json`` and safetensors or ``.bin`` weights, read without unpickling.
        tokenizer_name: a tokenizer's folder or hub id where it is not beside the weights.
        device: a torch device; by default the first GPU, or the CPU where there is none.
        batch_tokens: how many tokens, padding included, go through the model at once. It bounds memory: the logits
            take ``batch_tokens * vocabulary * 4`` bytes.

    Raises:
        InputError: no weights, no masked-LM head, a tokenizer of another size, or weights that are not finite.
    """

    def __init__(self, folder: Path, tokenizer_name: str | None, device: str | None, batch_tokens: int) -> None:
        self.folder = folder
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.batch_tokens = batch_tokens
        self.model = _load_masked_lm(folder)
        self.tokenizer = _load_tokenizer(tokenizer_name or str(folder))
        size = self.model.get_output_embeddings().weight.shape[0]
        if len(self.tokenizer) != size:
            raise InputError(
                f"{folder}: the tokenizer has {len(self.tokenizer)} tokens, but the model's head {size}: "
                "they are not of one checkpoint; name the right tokenizer with tokenizer_name"
            )
        self.vocabulary: list[str] = self.tokenizer.convert_ids_to_tokens(list(range(size)))
        self.model.to(self.device).eval()

    def checksum(self) -> str:
        """SHA-256 over the weight files."""
        weights = weight_file(self.folder)
        assert weights is not None
        files = [weights] if weights.suffix != ".json" else sorted(self.folder.glob(f"{weights.name.split('.')[0]}-*"))
        digest = hashlib.sha256()
        for path in files:
            with path.open("rb") as stream:
                while block := stream.read(1 << 22):
                    digest.update(block)
        return digest.hexdigest()

    def weights(self, texts: Sequence[str], max_length: int) -> list[WeightVector]:
        """Encode texts in batches of similar length, padded to the longest of each.

        Padding changes the last bits of floating-point sums, so a weight may differ in the seventh digit from that of
        the text encoded alone.
        """
        ids: list[list[int]] = self.tokenizer(list(texts), truncation=True, max_length=max_length)["input_ids"]
        vectors: list[WeightVector | None] = [None] * len(ids)
        for batch in self._batches([len(tokens) for tokens in ids]):
            for index, vector in zip(batch, self._forward([ids[index] for index in batch]), strict=True):
                vectors[index] = vector
        return [vector for vector in vectors if vector is not None]

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Group positions, longest first, so that each group takes at most `batch_tokens` when padded."""
        batch: list[int] = []
        for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
            if batch and (len(batch) + 1) * lengths[batch[0]] > self.batch_tokens:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch

    @torch.inference_mode()
    def _forward(self, batch: list[list[int]]) -> list[WeightVector]:
        padded = self.tokenizer.pad({"input_ids": batch}, return_tensors="pt").to(self.device)
        logits = self.model(input_ids=padded["input_ids"], attention_mask=padded["attention_mask"]).logits
        # The activation is monotonic, so taking the maximum over tokens first gives the same numbers, and activates
        # one row per text instead of one per token.
        highest = torch.stack([logits[row, : len(tokens)].amax(dim=0) for row, tokens in enumerate(batch)])
        # log(1 + x), not log1p(x): Pyserini's arithmetic, to the bit.
        weights = torch.log(1 + torch.relu(highest)).float().cpu().numpy()
        vectors = []
        for row in weights:
            terms = np.flatnonzero(row).astype(np.int32)
            vectors.append(WeightVector(terms, row[terms]))
        return vectors


def _load_tokenizer(name: str) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError) as problem:
        raise InputError(f"{name}: no tokenizer could be read there: {_first_line(problem)}") from problem


def _load_masked_lm(folder: Path) -> Any:
    from transformers import AutoModelForMaskedLM
    from transformers.utils import logging

    if weight_file(folder) is None:
        raise InputError(
            f"{folder}: expected config.json with model.safetensors or pytorch_model.bin, found no weights"
        )
    show_progress = logging.is_progress_bar_enabled()
    verbosity = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        model, report = AutoModelForMaskedLM.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, UnpicklingError) as problem:
        raise InputError(f"{folder}: not a masked-LM checkpoint: {_first_line(problem)}") from problem
    finally:
        logging.set_verbosity(verbosity)
        if show_progress:
            logging.enable_progress_bar()
    _check_weights(model, report, folder)
    return model


def _check_weights(model: Any, report: dict[str, Any], folder: Path) -> None:
    missing = sorted(report["missing_keys"])
    if missing:
        raise InputError(
            f"{folder}: {len(missing)} weights of a masked LM are not in the checkpoint ({', '.join(missing[:3])}…): "
            "SPLADE needs the masked-LM head; was this saved from a model without one?"
        )
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise InputError(
                f"{folder}: the weights in {name} are not finite (NaN or infinity): the checkpoint is broken"
            )


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).strip().splitlines()), type(problem).__name__)
