"""Finding a checkpoint: from a name to the folder of a masked language model. Does not import torch.

A name is a folder or a hub id; either holds a Hugging Face masked-LM checkpoint or a sentence-transformers
`SparseEncoder`, plain or with a `Router`.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Literal

from disco_pyserini.cards import ModelReference, cards
from disco_pyserini.errors import InputError

Route = Literal["query", "document"]

WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)

_DOWNLOADED = ["*.json", "*.txt", "*.model", "*.safetensors", "pytorch_model*.bin"]
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


def locate(reference: ModelReference, route: Route) -> Path:
    """Return the folder of the masked LM for ``route``; download it from the hub if it is not available locally.

    Raises:
        InputError: there is no such folder or hub id, or it is not a SPLADE encoder.
    """
    folder = Path(reference.model)
    if not folder.is_dir():
        folder = _cached(reference, route) or _download(reference)
    return _masked_lm_folder(folder, route)


def is_present(reference: ModelReference, route: Route) -> bool:
    """Whether the weights are on this machine. Makes no network requests."""
    if Path(reference.model).is_dir():
        return weight_file(_masked_lm_folder(Path(reference.model), route)) is not None
    return _cached(reference, route) is not None


def weight_file(folder: Path) -> Path | None:
    """Return the weight file of a checkpoint folder (or the index of its shards); None if missing."""
    return next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)


def checksum(folder: Path) -> str:
    """Return the SHA-256 of the weight files in a checkpoint folder."""
    digest = hashlib.sha256()
    for path in weight_files(folder):
        with path.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """Return the weight files of a checkpoint folder, without the index of their shards."""
    weights = weight_file(folder)
    if weights is None:
        raise InputError(
            f"{folder}: expected config.json with model.safetensors or pytorch_model.bin, found no weights"
        )
    return [weights] if weights.suffix != ".json" else sorted(folder.glob(f"{weights.name.split('.')[0]}-*"))


def usable_cards() -> list[str]:
    """Return the names of the cards whose query and document weights are both on this machine."""
    return [
        card.name
        for card in cards().values()
        if is_present(card.query, "query") and is_present(card.document, "document")
    ]


def _cached(reference: ModelReference, route: Route) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(reference.model, revision=reference.revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    # Ignore a snapshot without weights, left by an interrupted download.
    return folder if weight_file(_masked_lm_folder(folder, route)) else None


def _download(reference: ModelReference) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    usable = f"usable here now: {', '.join(usable_cards()) or 'none'}, or the path of a checkpoint"
    if not _HUB_ID.fullmatch(reference.model):
        raise InputError(f"no encoder {reference.model!r}: it is neither a card, a folder, nor a hub id; {usable}")
    try:
        return Path(snapshot_download(reference.model, revision=reference.revision, allow_patterns=_DOWNLOADED))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as problem:
        reason = str(problem).strip().splitlines()[0]
        raise InputError(
            f"no encoder {reference.model!r}: it is neither a card nor a folder, it is not in the hub's cache, "
            f"and the hub did not deliver it ({type(problem).__name__}: {reason}); {usable}"
        ) from problem


def _masked_lm_folder(folder: Path, route: Route) -> Path:
    """Return the masked-LM folder of a route in a sentence-transformers folder; any other folder as it is."""
    if not (folder / "modules.json").is_file():
        return folder
    modules: list[tuple[str, Path]] = [
        (module["type"], folder / module["path"]) for module in _read_json(folder / "modules.json")
    ]
    if modules[0][0].endswith(".Router"):
        router = _read_json(folder / "router_config.json")
        if route not in router["structure"]:
            raise InputError(f"{folder}: its Router has no {route!r} route, only {sorted(router['structure'])}")
        modules = [(router["types"][name], folder / name) for name in router["structure"][route]]
    kinds = [kind.rsplit(".", 1)[-1] for kind, _ in modules]
    if len(kinds) != 2 or kinds[0] not in {"MLMTransformer", "Transformer"} or kinds[1] != "SpladePooling":
        raise InputError(
            f"{folder}: expected a masked-LM transformer and SpladePooling on the {route} route, "
            f"found {' + '.join(kinds)}"
        )
    pooling = _read_json(modules[1][1] / "config.json")
    found = (pooling.get("pooling_strategy"), pooling.get("activation_function", "relu"))
    if found != ("max", "relu"):
        raise InputError(
            f"{modules[1][1]}: SPLADE weights are max over tokens of log(1 + relu(logit)); "
            f"this checkpoint was trained with {found[0]!r} pooling and {found[1]!r} activation"
        )
    return modules[0][1]


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InputError(f"{path}: expected a JSON file of a sentence-transformers checkpoint: {problem}") from problem
