"""What ``--encoder`` names mean: ``disco``, the name of an encoder card, ``disco:PATH-or-hub-id``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disco_pyserini.cards import DEFAULT_ENCODER, cards
from disco_pyserini.errors import InputError
from disco_pyserini.search.index_manifest import read_impact_manifest
from disco_pyserini.vectors.manifest import VectorSpace, vocabulary_hash

if TYPE_CHECKING:
    from disco_pyserini.encoding import DiscoQueryEncoder

OWN_ENCODER = "disco"
"""The query encoder that belongs to the index."""

BACKEND_VARIABLE = "DISCO_BACKEND"
"""Environment variable: the backend of query encoders that are opened by their names; see docs/encoders.md."""

_PREFIX = "disco:"
_told: set[str] = set()


def is_disco_name(name: object) -> bool:
    """Whether an ``--encoder`` is one of ours; every other name is Pyserini's."""
    return isinstance(name, str) and (name == OWN_ENCODER or name.startswith(_PREFIX) or name in cards())


def query_encoder_for(
    index: Path, name: str, device: str | None = None, max_length: int | None = None, backend: str | None = None
) -> DiscoQueryEncoder:
    """Open the query encoder that a name means for an index, and check that it fits.

    An index that something else built does not say what its vectors are, so there only the name counts.
    The backend is by default what `BACKEND_VARIABLE` says, or torch.

    Raises:
        InputError: the folder is no index, the name is unknown, or the encoder's vocabulary or quantiser is not the
            index's.
    """
    manifest = read_impact_manifest(index)
    space = manifest.space if manifest else None
    if name == OWN_ENCODER:
        model = space.encoder if space else _default(index)
    elif name.startswith(_PREFIX) and name != _PREFIX:
        model = name.removeprefix(_PREFIX)
    elif name in cards():
        model = name
    else:
        raise InputError(
            f"unknown encoder {name!r}: expected {OWN_ENCODER}, {_PREFIX}PATH-or-hub-id, or one of {', '.join(cards())}"
        )
    from disco_pyserini.encoding import query_encoder

    backend = backend or os.environ.get(BACKEND_VARIABLE, "torch")
    encoder = query_encoder(model, device, max_length, backend)
    check_encoder_fits(encoder, index)
    return encoder


def check_encoder_fits(encoder: Any, index: Path) -> None:
    """Raise an `InputError` if the products of an encoder's vectors with those of the index would mean nothing.

    An encoder that does not say its vocabulary and quantiser, and an index that something else built, pass.
    """
    manifest = read_impact_manifest(index)
    if manifest and manifest.space and hasattr(encoder, "vocabulary") and hasattr(encoder, "quantiser"):
        _compare(encoder, manifest.space, index)


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


def _default(index: Path) -> str:
    if str(index) not in _told:
        _told.add(str(index))
        print(
            f"note: {index} does not say which encoder it belongs to, --encoder {OWN_ENCODER} means {DEFAULT_ENCODER}",
            file=sys.stderr,
        )
    return DEFAULT_ENCODER
