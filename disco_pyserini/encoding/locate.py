"""Finding a checkpoint: from a name to the folder of a language model. Does not import torch.

A name is a folder or a hub id; either holds a Hugging Face checkpoint of a masked or causal LM, or a
sentence-transformers `SparseEncoder`, plain or with a `Router`.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal

from disco_pyserini.cards import ModelReference, cards
from disco_pyserini.encoding.checkpoint_files import read_modules, read_object, read_pooling, read_router
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
    """Return the folder of the model for ``route``; download it from the hub if it is not available locally.

    Raises:
        InputError: there is no such folder or hub id, or it is not a SPLADE encoder.
    """
    return locate_route(locate_checkpoint(reference, route), route)


def locate_checkpoint(reference: ModelReference, route: Route) -> Path:
    """Return the whole checkpoint's folder; see `locate`."""
    folder = Path(reference.model)
    return folder if folder.is_dir() else _cached(reference, route) or _download(reference)


def locate_transformer(name: str) -> Path:
    """Return the folder of a transformer, with or without a head; download it if it is not available locally.

    Raises:
        InputError: there is no such folder or hub id.
    """
    folder = Path(name)
    if not folder.is_dir():
        reference = ModelReference(model=name)
        folder = _snapshot(reference) or _download(reference)
    return folder / read_modules(folder)[0].path if (folder / "modules.json").is_file() else folder


def is_present(reference: ModelReference, route: Route) -> bool:
    """Whether the weights are on this machine. Makes no network requests."""
    if Path(reference.model).is_dir():
        return weight_file(locate_route(Path(reference.model), route)) is not None
    return _cached(reference, route) is not None


def weight_file(folder: Path) -> Path | None:
    """Return the weight file of a checkpoint folder (or the index of its shards); None if missing."""
    return next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)


def checksum(folder: Path, prompt: str = "") -> str:
    """Return a SHA-256 over all that determines the vectors of a checkpoint: weights, configuration, tokenizer, prompt.

    Raises:
        InputError: a file is missing or cannot be read.
    """
    digest = hashlib.sha256(prompt.encode())
    for path in _determining_files(folder):
        digest.update(f"{path.name} {_hash_of(path, hashlib.sha256())}\n".encode())
    return digest.hexdigest()


def check_unchanged(reference: ModelReference, folder: Path) -> None:
    """Check that the files of a model are those that its card, or the hub's cache, knows the checksums of.

    Raises:
        InputError: they are not.
    """
    if reference.sha256 is not None and (found := checksum(folder)) != reference.sha256:
        raise InputError(
            f"{folder}: expected files with checksum {reference.sha256[:12]}…, as their card says, found "
            f"{found[:12]}…: they are damaged, or were changed: get them again, or change sha256 on the card"
        )
    for path in _determining_files(folder):
        if path.is_symlink() and path.resolve().parent.name == "blobs":
            _check_blob(path, path.resolve())


def _check_blob(path: Path, blob: Path) -> None:
    """Compare a file of the hub's cache with its name: the SHA-256 of a large file, git's hash of a small one."""
    git = hashlib.sha1(b"blob %d\0" % blob.stat().st_size, usedforsecurity=False)
    digest = {64: hashlib.sha256(), 40: git}.get(len(blob.name))
    if digest and (found := _hash_of(blob, digest)) != blob.name:
        raise InputError(
            f"{path}: expected a file with checksum {blob.name[:12]}…, found {found[:12]}…: it is damaged: delete "
            f"{blob}, and it is downloaded again"
        )


_CONFIGURATION = (
    "config.json", "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt", "tokenizer.model", "spiece.model",
    "sentencepiece.bpe.model",
)  # fmt: skip


def _determining_files(folder: Path) -> list[Path]:
    """Return the files that determine the vectors: weights, settings of the model, tokenizer."""
    folders = [folder, document_folder(folder)]
    small = [place / name for place in folders if place for name in _CONFIGURATION if (place / name).is_file()]
    return [*weight_files(folder), *small]


def _hash_of(path: Path, digest: hashlib._Hash) -> str:
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: check the path") from problem
    return digest.hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """Return the weight files of a checkpoint folder, without the index of their shards.

    A gated encoder that ships without its document encoder's weights has those files too.
    """
    weights = weight_file(folder)
    if weights is None and (folder / "adapter_config.json").is_file():
        raise InputError(f"{folder}: expected a whole model, found a PEFT adapter: merge it into its base model first")
    if weights is None:
        raise InputError(
            f"{folder}: expected config.json with model.safetensors or pytorch_model.bin, found no weights"
        )
    files = [weights] if weights.suffix != ".json" else sorted(folder.glob(f"{weights.name.split('.')[0]}-*"))
    document = document_folder(folder)
    return [*files, *weight_files(document)] if document else files


def document_folder(folder: Path) -> Path | None:
    """Return the folder with the rest of a gated encoder, weights and tokenizer, if it ships without them."""
    relative = read_object(folder / "config.json").get("document_folder")
    if relative is not None and not isinstance(relative, str):
        raise InputError(f"{folder / 'config.json'}: expected document_folder to be text, found {relative!r:.80}")
    return folder / relative if relative else None


def usable_cards() -> list[str]:
    """Return the names of the cards whose query and document weights are both on this machine."""
    return [
        card.name
        for card in cards().values()
        if is_present(card.query, "query") and is_present(card.document, "document")
    ]


def _cached(reference: ModelReference, route: Route) -> Path | None:
    folder = _snapshot(reference)
    # Ignore a snapshot without weights, left by an interrupted download.
    return folder if folder and weight_file(locate_route(folder, route)) else None


def _snapshot(reference: ModelReference) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(reference.model, revision=reference.revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


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


def locate_route(folder: Path, route: Route) -> Path:
    """Return the model's folder for a route of a sentence-transformers folder; any other folder as it is."""
    if not (folder / "modules.json").is_file():
        return folder
    modules = [(module.type, folder / module.path) for module in read_modules(folder)]
    if modules[0][0].endswith(".Router"):
        router = read_router(folder)
        if route not in router.structure:
            raise InputError(f"{folder}: its Router has no {route!r} route, only {sorted(router.structure)}")
        modules = [(router.types[name], folder / name) for name in router.structure[route]]
    kinds = [kind.rsplit(".", 1)[-1] for kind, _ in modules]
    if kinds == ["SparseStaticEmbedding"]:
        return modules[0][1]
    if len(kinds) != 2 or kinds[0] not in {"MLMTransformer", "Transformer"} or kinds[1] != "SpladePooling":
        raise InputError(
            f"{folder}: expected a transformer and SpladePooling, or SparseStaticEmbedding, on the "
            f"{route} route, found {' + '.join(kinds)}"
        )
    pooling = read_pooling(modules[1][1])
    found = (pooling.pooling_strategy, pooling.activation_function)
    if found != ("max", "relu"):
        raise InputError(
            f"{modules[1][1]}: SPLADE weights are max over tokens of log(1 + relu(logit)); "
            f"this checkpoint was trained with {found[0]!r} pooling and {found[1]!r} activation"
        )
    _check_all_tokens(modules[0][1])
    return modules[0][1]


def _check_all_tokens(folder: Path) -> None:
    """Raise an error if a causal LM returns the logits of the last token only, sentence-transformers' default."""
    file = folder / "sentence_bert_config.json"
    config = read_object(file)
    processing = config.get("processing_kwargs")
    texts = processing.get("text") if isinstance(processing, dict) else None
    kept = texts.get("logits_to_keep") if isinstance(texts, dict) else None
    if config.get("transformer_task") == "text-generation" and kept != 0:
        raise InputError(
            f'{file}: SPLADE pools the logits of all tokens: expected "logits_to_keep": 0 in processing_kwargs.text; '
            "this checkpoint was trained with those of the last token"
        )
