"""Encoding a corpus with a document encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from disco_pyserini.impacts import ImpactVector, Quantiser
from disco_pyserini.vectors.manifest import Manifest, VectorSpace, vocabulary_hash
from disco_pyserini.vectors.part_writer import PassageLike, write_parts


class DocumentEncoder(Protocol):
    """What a document encoder must offer; `disco_pyserini.encoding.DiscoDocumentEncoder` does."""

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
    encoder: DocumentEncoder,
    name: str,
    passages: Iterable[PassageLike],
    directory: Path,
    *,
    store_raw: bool = True,
    progress: Callable[[int], None] = lambda passages: None,
) -> Manifest:
    """Encode passages into vector parts, or continue a run that was stopped: see `disco_pyserini.vectors.part_writer`.

    Args:
        encoder: the document encoder.
        name: the name by which it was asked for; the query encoder that belongs to the vectors is found by it.
        passages: the corpus; read as parts are made.
        directory: the folder of the parts.
        store_raw: keep the texts too.
        progress: called with the number of passages done since the last call.
    """
    space = space_of(encoder, name)
    return write_parts(
        directory, space, encoder.vocabulary, passages, encoder.vectors, store_raw=store_raw, progress=progress
    )


def space_of(encoder: DocumentEncoder, name: str) -> VectorSpace:
    """Describe what an encoder's vectors mean; ``name`` is the one by which it was asked for."""
    # Where a checkpoint lies on this machine must not tell two equal runs apart: its revision says what it is.
    model = Path(encoder.model_name)
    return VectorSpace(
        encoder=name,
        document_model=model.name if model.exists() else encoder.model_name,
        revision=encoder.revision,
        vocabulary=vocabulary_hash(encoder.vocabulary),
        max_length=encoder.max_length,
        quantiser=encoder.quantiser,
        backend=str(encoder.backend),
    )
