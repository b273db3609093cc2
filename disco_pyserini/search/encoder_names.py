"""Resolving ``--encoder`` names: ``disco``, the name of an encoder card, ``disco:PATH-or-hub-id``."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disco_pyserini.cards import PUBLISHED_ENCODER, cards
from disco_pyserini.errors import InputError
from disco_pyserini.search.index_manifest import read_impact_manifest
from disco_pyserini.vectors.manifest import VectorSpace, vocabulary_hash

if TYPE_CHECKING:
    from disco_pyserini.encoding import DiscoQueryEncoder

OWN_ENCODER = "disco"
"""The name of the query encoder that matches the index."""

BACKEND_VARIABLE = "DISCO_BACKEND"
"""Environment variable: the backend of query encoders that are opened by name; see docs/encoders.md."""

logger = logging.getLogger(__name__)

_PREFIX = "disco:"
_warned: set[Path] = set()


def is_disco_name(name: object) -> bool:
    """Whether an ``--encoder`` is one of ours; every other name is Pyserini's."""
    return isinstance(name, str) and (name == OWN_ENCODER or name.startswith(_PREFIX) or name in cards())


def query_encoder_for(
    index: Path, name: str, device: str | None = None, max_length: int | None = None, backend: str | None = None
) -> DiscoQueryEncoder:
    """Open the query encoder with a name, and check that it fits the index.

    An index built by another program does not record its vector space, so nothing is checked.

    Args:
        index: the folder of an impact index.
        name: the name of the encoder, as for ``--encoder``.
        device: a torch device; by default the first GPU, or the CPU if there is no GPU.
        max_length: truncate conversations to this many tokens; by default the encoder's own limit.
        backend: what runs the model; by default the value of `BACKEND_VARIABLE`, or torch.

    Raises:
        InputError: the folder is not an index, the name is unknown, or the encoder's vocabulary or quantiser differs
            from that of the index.
    """
    model, space = model_of(index, name), _space(index)
    from disco_pyserini.encoding import query_encoder

    backend = backend or os.environ.get(BACKEND_VARIABLE, "torch")
    encoder = query_encoder(model, device, max_length, backend)
    check_encoder_fits(encoder, index)
    if space and model != space.encoder:
        _compare_document_encoders(model, space, index)
    return encoder


def model_of(index: Path, name: str) -> str:
    """Return the card's name, path or hub id that an ``--encoder`` name means for an index.

    Raises:
        InputError: the folder is not an index, or the name is unknown.
    """
    space = _space(index)
    if name == OWN_ENCODER:
        return space.encoder if space else _default(index)
    if name.startswith(_PREFIX) and name != _PREFIX:
        return name.removeprefix(_PREFIX)
    if name in cards():
        return name
    raise InputError(
        f"unknown encoder {name!r}: expected {OWN_ENCODER}, {_PREFIX}PATH-or-hub-id, or one of {', '.join(cards())}"
    )


def check_encoder_fits(encoder: Any, index: Path) -> None:
    """Check that an encoder has the vocabulary and the quantiser of the vectors in an index.

    An encoder without these attributes passes, and so does an index built by another program.

    Raises:
        InputError: the vocabulary or the quantiser differs.
    """
    space = _space(index)
    if space and hasattr(encoder, "vocabulary") and hasattr(encoder, "quantiser"):
        _compare(encoder, space, index)


def _space(index: Path) -> VectorSpace | None:
    manifest = read_impact_manifest(index)
    return manifest.space if manifest else None


def _compare(encoder: Any, space: VectorSpace, index: Path) -> None:
    found = vocabulary_hash(encoder.vocabulary)
    if found != space.vocabulary:
        raise InputError(
            f"the query encoder {encoder.model_name} does not fit the index {index}: its vocabulary ({found[:12]}…, "
            f"{len(encoder.vocabulary)} tokens) is not that of {space.document_model} ({space.vocabulary[:12]}…), "
            f"which encoded the documents: search with --encoder {OWN_ENCODER}, or encode the collection with "
            "a document encoder of the same vocabulary"
        )
    if encoder.quantiser != space.quantiser:
        raise InputError(
            f"the query encoder {encoder.model_name} does not fit the index {index}: it has {encoder.quantiser}, the "
            f"documents were encoded by {space.document_model} with {space.quantiser}: both must be the same"
        )


def _compare_document_encoders(name: str, space: VectorSpace, index: Path) -> None:
    """Warn if a card's query encoder was distilled from another document encoder than that of the index."""
    from disco_pyserini.encoding.locate import checksum, is_present, locate

    card = cards().get(name)
    if not card or not is_present(card.document, "document") or index in _warned:
        return
    if checksum(locate(card.document, "document")) != space.revision:
        _warned.add(index)
        logger.warning(
            "%s was distilled from %s, but %s encoded the documents of %s: a query encoder fits the document encoder "
            "that taught it, and finds less with another: --encoder %s selects the one that belongs to the index",
            *(name, card.document.model, space.document_model, index, OWN_ENCODER),
        )


def _default(index: Path) -> str:
    if index not in _warned:
        _warned.add(index)
        logger.warning(
            "%s does not say which encoder it belongs to: --encoder %s means %s", index, OWN_ENCODER, PUBLISHED_ENCODER
        )
    return PUBLISHED_ENCODER
