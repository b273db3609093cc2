"""From a corpus to vector parts: reading, sharding, encoding."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from disco_pyserini.cards import DEFAULT_ENCODER
from disco_pyserini.encoding.backends import BACKENDS, DEFAULT_BACKEND
from disco_pyserini.encoding.splade_encoders import document_encoder, reference_of
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import ImpactVector, Quantiser
from disco_pyserini.passages import Corpus, Reading, RejectsFile, Splitter, open_corpus, passages_of
from disco_pyserini.storage import AnyPath, open_path
from disco_pyserini.vectors.manifest import Manifest, VectorSpace, vocabulary_hash
from disco_pyserini.vectors.part_encoding import EncodedPart, PartTask, Progress
from disco_pyserini.vectors.part_writer import REJECTS, PassageLike, write_parts
from disco_pyserini.vectors.parts import refuse_other_settings, shard_folder

logger = logging.getLogger(__name__)

_SPECIAL_TOKENS = 2
"""Around a text: `[CLS]` and `[SEP]`."""


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


class Workers(Protocol):
    """Several processes, perhaps on several machines, that encode parts with the same encoder."""

    def encode_parts(self, encoder: Any, tasks: Iterator[PartTask], progress: Progress, /) -> Iterator[EncodedPart]:
        """Encode parts; see `disco_pyserini.vectors.part_encoding.EncodeParts`."""


def encode_corpus(
    corpus: str | Path | Iterable[PassageLike],
    output: str | AnyPath,
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
    workers: Workers | None = None,
) -> Manifest:
    """Encode a corpus into vector parts, or continue a run that was stopped.

    See `disco_pyserini.vectors.part_writer.write_parts` for how a run continues.

    Args:
        corpus: passages, or the name of a corpus: see `disco_pyserini.passages.read_passages`.
        output: folder of the vectors, on disk or in an object store (``s3://…``, ``gs://…``). With several shards,
            each has a folder ``shard-I-of-N`` in it.
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
        workers: encode the parts, instead of this process: `disco_pyserini.ray.encoding_run.RayWorkers`.

    Raises:
        InputError: the corpus or the encoder cannot be opened, or the folder holds other files, or vectors of another
            corpus or with other settings.
        DiscoError: writing failed. Complete parts stay, and the same call continues.
    """
    folder = shard_folder(open_path(output), shard_id, shard_num)
    before = Manifest.read(folder)
    with RejectsFile(folder / REJECTS) as rejects:
        opened = _open(corpus, fields, on_error)
        if isinstance(encoder, str):
            if before:
                _refuse_other_settings(folder, before, encoder, backend, max_length, store_raw)
            encoder = document_encoder(encoder, device, max_length, batch_tokens, backend or DEFAULT_BACKEND)
        elif any(setting is not None for setting in (device, backend, max_length, batch_tokens)):
            raise InputError("device, backend, max_length and batch_tokens are for an encoder given by its name")
        if before and before.passages:
            logger.info(f"{folder}: {before.passages:,} passages are encoded already: comparing them with the corpus")
        if isinstance(opened, Corpus):
            reading = Reading(fields, splitter=splitter_for(encoder))
            opened = passages_of(opened, replace(reading, on_error=rejects) if on_error == "skip" else reading)
        manifest = write_parts(
            folder,
            space_of(encoder),
            encoder.vocabulary,
            islice(opened, shard_id, None, shard_num),
            encoder.vectors,
            store_raw=store_raw,
            progress=progress or (lambda passages: None),
            encode_parts=partial(workers.encode_parts, encoder) if workers else None,
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


def splitter_for(encoder: DocumentEncoder) -> Splitter:
    """Return a splitter whose passages this encoder reads whole."""
    tokenizer = getattr(encoder, "tokenizer", None)
    return Splitter(tokenizer, encoder.max_length - _SPECIAL_TOKENS) if tokenizer else Splitter()


def _open(
    corpus: str | Path | Iterable[PassageLike], fields: Sequence[str], on_error: str
) -> Corpus | Iterator[PassageLike]:
    if on_error not in ("stop", "skip"):
        raise InputError(f"expected on_error to be stop or skip, found {on_error!r}")
    if isinstance(corpus, (str, Path)):
        return open_corpus(corpus)
    if fields:
        raise InputError("fields choose the text of a corpus given by its name: leave them out for passages")
    return iter(corpus)


def _refuse_other_settings(
    folder: AnyPath, before: Manifest, encoder: str, backend: str | None, max_length: int | None, store_raw: bool
) -> None:
    """Compare the settings known before opening the encoder, which can take minutes."""
    BACKENDS.check(backend or DEFAULT_BACKEND)
    reference, quantiser = reference_of(encoder, "document")
    known = {
        "encoder": encoder,
        "max_length": max_length or reference.max_length or before.space.max_length,
        "quantiser": quantiser,
        "backend": backend or DEFAULT_BACKEND,
    }
    space = before.space.model_copy(update=known)
    refuse_other_settings(folder, before, before.model_copy(update={"space": space, "store_raw": store_raw}))
