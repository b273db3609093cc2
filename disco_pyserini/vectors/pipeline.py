"""From a corpus to vector parts: reading, sharding, encoding."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from disco_pyserini.cards import DEFAULT_ENCODER
from disco_pyserini.encoding.backends import BACKENDS, DEFAULT_BACKEND
from disco_pyserini.encoding.splade_encoders import document_encoder, reference_of
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import ImpactVector, Quantiser
from disco_pyserini.passages import RejectsFile, read_passages
from disco_pyserini.vectors.manifest import Manifest, VectorSpace, vocabulary_hash
from disco_pyserini.vectors.part_writer import REJECTS, PassageLike, write_parts
from disco_pyserini.vectors.parts import refuse_other_settings, shard_folder

logger = logging.getLogger(__name__)


class DocumentEncoder(Protocol):
    """The interface of a document encoder; `disco_pyserini.encoding.DiscoDocumentEncoder` implements it."""

    name: str
    model_name: str
    max_length: int
    quantiser: Quantiser
    backend: str

    @property
    def revision(self) -> str:
        """SHA-256 of the weights."""

    @property
    def vocabulary(self) -> list[str]:
        """The tokens, in the order of their ids."""

    def vectors(self, texts: Sequence[str], /) -> list[ImpactVector]:
        """Return the impacts of each text by token id."""


def encode_corpus(
    corpus: str | Path | Iterable[PassageLike],
    output: str | Path,
    encoder: str | DocumentEncoder = DEFAULT_ENCODER,
    *,
    fields: Sequence[str] = (),
    on_error: str = "stop",
    shard_id: int = 0,
    shard_num: int = 1,
    store_raw: bool = True,
    device: str | None = None,
    backend: str | None = None,
    max_length: int | None = None,
    batch_tokens: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Manifest:
    """Encode a corpus into vector parts, or continue a run that was stopped.

    See `disco_pyserini.vectors.part_writer.write_parts` for how a run continues.

    Args:
        corpus: passages, or the name of a corpus: see `disco_pyserini.passages.read_passages`.
        output: folder of the vectors. With several shards, each has a folder ``shard-I-of-N`` in it.
        encoder: an open document encoder, or a card's name, a path or a hub id.
        fields: fields to join as the text; only for the name of a corpus.
        on_error: ``stop`` at the first unusable record, or ``skip`` such records and list them in ``rejects.jsonl``,
            beside the parts; only for the name of a corpus.
        shard_id: which shard to encode, from 0.
        shard_num: number of shards; shard I has passages I, I + N, I + 2N, ….
        store_raw: store the texts beside the vectors.
        device: torch device; only for the name of an encoder.
        backend: what runs the model, by default torch; only for the name of an encoder.
        max_length: truncate passages to this many tokens, by default the card's limit; only for the name of an encoder.
        batch_tokens: tokens per forward pass, padding included; only for the name of an encoder.
        progress: called with the number of passages done since the last call.

    Raises:
        InputError: the corpus or the encoder cannot be opened, or the folder holds other files, or vectors of another
            corpus or with other settings.
        DiscoError: writing failed. Complete parts stay, and the same call continues.
    """
    folder = shard_folder(Path(output), shard_id, shard_num)
    before = Manifest.read(folder)
    with RejectsFile(folder / REJECTS) as rejects:
        passages = _passages(corpus, fields, on_error, rejects)
        if isinstance(encoder, str):
            if before:
                _refuse_other_settings(folder, before, encoder, backend, max_length, store_raw)
            encoder = document_encoder(encoder, device, max_length, batch_tokens, backend or DEFAULT_BACKEND)
        elif any(setting is not None for setting in (device, backend, max_length, batch_tokens)):
            raise InputError("device, backend, max_length and batch_tokens are for an encoder given by its name")
        if before and before.passages:
            logger.info(f"{folder}: {before.passages:,} passages are encoded already: comparing them with the corpus")
        manifest = write_parts(
            folder,
            space_of(encoder),
            encoder.vocabulary,
            islice(passages, shard_id, None, shard_num),
            encoder.vectors,
            store_raw=store_raw,
            progress=progress or (lambda passages: None),
        )
    if rejects.count:
        logger.warning(f"bad records left out: {rejects.count:,}, listed in {rejects.path}")
    return manifest


def space_of(encoder: DocumentEncoder) -> VectorSpace:
    """Return the vector space of an encoder."""
    # The local path of a checkpoint must not make equal runs differ: the revision identifies it.
    model = Path(encoder.model_name)
    return VectorSpace(
        encoder=encoder.name,
        document_model=model.name if model.exists() else encoder.model_name,
        revision=encoder.revision,
        vocabulary=vocabulary_hash(encoder.vocabulary),
        max_length=encoder.max_length,
        quantiser=encoder.quantiser,
        backend=str(encoder.backend),
    )


def _passages(
    corpus: str | Path | Iterable[PassageLike], fields: Sequence[str], on_error: str, rejects: RejectsFile
) -> Iterator[PassageLike]:
    if on_error not in ("stop", "skip"):
        raise InputError(f"expected on_error to be stop or skip, found {on_error!r}")
    if isinstance(corpus, (str, Path)):
        return read_passages(str(corpus), fields, rejects) if on_error == "skip" else read_passages(str(corpus), fields)
    if fields:
        raise InputError("fields choose the text of a corpus given by its name: leave them out for passages")
    return iter(corpus)


def _refuse_other_settings(
    folder: Path, before: Manifest, encoder: str, backend: str | None, max_length: int | None, store_raw: bool
) -> None:
    """Compare the settings known before opening the encoder, which can take minutes."""
    BACKENDS.check(backend or DEFAULT_BACKEND)
    reference, quantiser = reference_of(encoder, "document")
    known = {
        "encoder": encoder,
        "max_length": max_length or reference.max_length,
        "quantiser": quantiser,
        "backend": backend or DEFAULT_BACKEND,
    }
    space = before.space.model_copy(update=known)
    refuse_other_settings(folder, before, before.model_copy(update={"space": space, "store_raw": store_raw}))
