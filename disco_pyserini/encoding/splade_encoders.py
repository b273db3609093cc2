"""The query encoder, which reads conversations, and the document encoder, which reads passages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from disco_pyserini.cards import ModelReference, cards
from disco_pyserini.conversation import BERT_SPECIAL_TOKENS, SEPARATOR, Conversation, Said, flatten, spoken
from disco_pyserini.encoding.backends import BACKENDS, DEFAULT_BACKEND, LocatingModel
from disco_pyserini.encoding.checkpoint_files import read_settings
from disco_pyserini.encoding.locate import Route, check_unchanged, checksum, locate_checkpoint, locate_route
from disco_pyserini.encoding.reading import Reading, read_text
from disco_pyserini.encoding.splade_model import SpladeModel
from disco_pyserini.encoding.static_weights import StaticModel
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import DEFAULT_QUANTISER, ImpactVector, Quantiser, WeightVector

DEFAULT_MAX_LENGTH = 256
"""Tokens, where neither the card nor the checkpoint says more."""


class _Encoder:
    """What both encoders share; `DiscoQueryEncoder` describes the arguments."""

    route: Route

    def __init__(
        self,
        model_name_or_path: str,
        tokenizer_name: str | None = None,
        device: str | None = None,
        max_length: int | None = None,
        quantiser: Quantiser = DEFAULT_QUANTISER,
        batch_tokens: int | None = None,
        revision: str | None = None,
        backend: str = DEFAULT_BACKEND,
        sha256: str | None = None,
    ) -> None:
        self.model_name = str(model_name_or_path)
        self.name = self.model_name
        """The name that opens this encoder: its card's name, or else its path or hub id."""
        self.quantiser = quantiser
        BACKENDS.check(backend)  # before any download
        self.backend = backend
        reference = ModelReference.check(
            {"model": self.model_name, "max_length": max_length, "revision": revision, "sha256": sha256},
            type(self).__name__,
        )
        self.checkpoint: Path = locate_checkpoint(reference, self.route)
        """The folder of the whole checkpoint, which may have several routes."""
        self.folder: Path = locate_route(self.checkpoint, self.route)
        """The folder of the model and its tokenizer."""
        check_unchanged(reference, self.folder)
        settings = read_settings(self.checkpoint, self.folder, self.route)
        self.max_length = max_length or settings.max_length or DEFAULT_MAX_LENGTH
        """Texts are cut to this many tokens."""
        self.prompt = settings.prompt
        """The checkpoint's own text that is put before each text."""
        self._splade = SpladeModel(self.folder, tokenizer_name, device, batch_tokens, backend)

    @property
    def separator(self) -> str:
        """The token that separates turns, as the tokenizer spells it."""
        return self._splade.tokens.separator or SEPARATOR

    @property
    def vocabulary(self) -> list[str]:
        """The tokens, in the order of their ids."""
        return self._splade.tokens.vocabulary

    @property
    def tokenizer(self) -> str:
        """The tokenizer, as the JSON text of the library `tokenizers`."""
        return str(self._splade.tokens.to_json()["tokenizer"])

    @cached_property
    def revision(self) -> str:
        """SHA-256 over the weights, the configuration, the tokenizer and the prompt."""
        return checksum(self.folder, self.prompt)

    def encode(self, text: str | Conversation) -> dict[str, int]:
        """Return the impacts of one text by token, as Pyserini's searchers expect them.

        Raises:
            InputError: the text is empty.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str | Conversation]) -> list[dict[str, int]]:
        """Return the impacts of each text by token. They do not depend on the other texts of the batch.

        Raises:
            InputError: a text is empty.
        """
        return [
            {self.vocabulary[term]: impact for term, impact in zip(terms.tolist(), impacts.tolist(), strict=True)}
            for terms, impacts in self.vectors(texts)
        ]

    def weights(self, texts: Sequence[str | Conversation]) -> list[dict[str, float]]:
        """Return the unquantised weights of each text by token."""
        return [
            {self.vocabulary[term]: weight for term, weight in zip(terms.tolist(), weights.tolist(), strict=True)}
            for terms, weights in self.weight_vectors(texts)
        ]

    def weight_vectors(self, texts: Sequence[str | Conversation]) -> list[WeightVector]:
        """Return the unquantised weights of each text by token id."""
        return self._weights([self.prompt + self._text(text) for text in texts])

    def vectors(self, texts: Sequence[str | Conversation]) -> list[ImpactVector]:
        """Return the impacts of each text by token id."""
        prepared = [self.prompt + self._text(text) for text in texts]
        vectors = self._weights(prepared)
        noise = self._splade.model.padding_noise
        if len(vectors) > 1 and noise:
            # If padding noise could change how an impact is rounded, encode the text again, alone: the impacts are then
            # the same in every batch.
            for index, vector in enumerate(vectors):
                if (self.quantiser.distance_to_border(vector.weights) < noise).any():
                    [vectors[index]] = self._weights([prepared[index]])
        return [self.quantiser.impacts(vector) for vector in vectors]

    @property
    def _special_tokens(self) -> list[str]:
        return sorted({*BERT_SPECIAL_TOKENS, *self._splade.tokens.special_tokens})

    def _weights(self, texts: Sequence[str]) -> list[WeightVector]:
        return self._splade.weights(texts, self.max_length)

    def _text(self, text: str | Conversation) -> str:
        if isinstance(text, Conversation):
            text = flatten(text, self._special_tokens)
        if not text.strip():
            raise InputError("the text to encode is empty: every query and every passage needs text")
        return text


class DiscoQueryEncoder(_Encoder):
    """Encodes conversations, or texts such as `disco_pyserini.flatten` writes, as impact queries.

    Pass it to Pyserini's ``LuceneImpactSearcher``, or to `disco_pyserini.DiscoSearcher`. `query_encoder` opens one by
    the name of an encoder card.

    Args:
        model_name_or_path: a folder or hub id with a Hugging Face checkpoint of a masked or causal LM, or a
            sentence-transformers `SparseEncoder`, plain or with a `Router` (the encoder uses its own route).
        tokenizer_name: the folder or hub id of a tokenizer, if it does not come with the weights.
        device: a torch device; by default the first GPU, or the CPU if there is no GPU. ONNX runs on the CPU.
        max_length: truncate texts to this many tokens; by default the ``max_seq_length`` of a sentence-transformers
            checkpoint, or 256.
        quantiser: turns weights into impacts.
        batch_tokens: tokens per forward pass, padding included; bounds memory. By default a fast value for the device.
        revision: the commit of a hub id.
        backend: what runs the model: ``torch`` (exact), ``torch-bf16``, ``onnx`` or ``onnx-int8``.
        sha256: what `disco_pyserini.encoding.locate.checksum` must find, if it is known.

    Raises:
        InputError: the checkpoint is missing and cannot be downloaded, or is not a SPLADE encoder; or
            ``max_length`` is below 3.
    """

    route = "query"

    def read(self, query: str | Conversation) -> Reading:
        """Say which word of a conversation gives each term of its query vector, and which words have no weight.

        The terms are those of `encode`. A text counts as one utterance of the user.

        Raises:
            InputError: the query is empty, or the backend does not say where weights come from.
        """
        if not isinstance(self._splade.model, LocatingModel):
            raise InputError(
                f"the backend {self.backend!r} does not say which word a weight comes from: its model needs a method "
                "locate_weights (docs/extending.md), or use another backend"
            )
        text = self._text(query)
        joint = f" {self.separator} "
        ids, spans = self._splade.tokens.ids_and_spans(self.prompt + text, self.max_length)
        # The prompt is not part of the conversation: its tokens are nowhere in it, as special tokens are.
        spans = [(max(0, start - len(self.prompt)), max(0, end - len(self.prompt))) for start, end in spans]
        weights, positions = self._splade.model.locate_weights(ids)
        terms = np.flatnonzero(weights).astype(np.int32)
        vector = self.quantiser.impacts(WeightVector(terms, weights[terms]))
        return read_text(
            self._said(query, text), joint, ids, spans, vector, positions[vector.terms].tolist(), self.vocabulary
        )

    def _said(self, query: str | Conversation, text: str) -> list[Said]:
        """Return the pieces that a query's text consists of."""
        if not isinstance(query, Conversation):
            return [Said(1, "user", text)]
        pieces = spoken(query, self._special_tokens)
        return pieces[:1] if self._is_static else pieces

    @property
    def _is_static(self) -> bool:
        # Fixed weights cannot tell the words of the question from those of the history.
        return isinstance(self._splade.model, StaticModel)

    def _text(self, text: str | Conversation) -> str:
        if self._is_static:
            text = text.last(1) if isinstance(text, Conversation) else text
            return super()._text(text).replace(SEPARATOR, " ")
        return super()._text(text).replace(SEPARATOR, self.separator)


class DiscoDocumentEncoder(_Encoder):
    """Encodes passages. `document_encoder` opens one by the name of an encoder card.

    Args:
        model_name_or_path: a folder or hub id with a Hugging Face checkpoint of a masked or causal LM, or a
            sentence-transformers `SparseEncoder`, plain or with a `Router` (the encoder uses its own route).
        tokenizer_name: the folder or hub id of a tokenizer, if it does not come with the weights.
        device: a torch device; by default the first GPU, or the CPU if there is no GPU. ONNX runs on the CPU.
        max_length: truncate texts to this many tokens; by default the ``max_seq_length`` of a sentence-transformers
            checkpoint, or 256.
        quantiser: turns weights into impacts.
        batch_tokens: tokens per forward pass, padding included; bounds memory. By default a fast value for the device.
        revision: the commit of a hub id.
        backend: what runs the model: ``torch`` (exact), ``torch-bf16``, ``onnx`` or ``onnx-int8``.
        sha256: what `disco_pyserini.encoding.locate.checksum` must find, if it is known.

    Raises:
        InputError: the checkpoint is missing and cannot be downloaded, or is not a SPLADE encoder; or
            ``max_length`` is below 3.
    """

    route = "document"


def query_encoder(
    name: str, device: str | None = None, max_length: int | None = None, backend: str = DEFAULT_BACKEND
) -> DiscoQueryEncoder:
    """Open a query encoder by name.

    Args:
        name: the name of an encoder card (`disco encoders` lists them), or the path or hub id of a checkpoint, with or
            without the prefix ``disco:``.
        device: see `DiscoQueryEncoder`.
        max_length: truncate conversations to this many tokens; by default the card's limit, or the checkpoint's.
        backend: see `DiscoQueryEncoder`.

    Raises:
        InputError: there is no such encoder, or it cannot be opened.
    """
    reference, quantiser = reference_of(name, "query")
    encoder = DiscoQueryEncoder(
        reference.model,
        device=device,
        max_length=max_length or reference.max_length,
        quantiser=quantiser,
        revision=reference.revision,
        backend=backend,
        sha256=reference.sha256,
    )
    encoder.name = name
    return encoder


def document_encoder(
    name: str,
    device: str | None = None,
    max_length: int | None = None,
    batch_tokens: int | None = None,
    backend: str = DEFAULT_BACKEND,
) -> DiscoDocumentEncoder:
    """Open a document encoder by name.

    Args:
        name: the name of an encoder card (`disco encoders` lists them), or the path or hub id of a checkpoint.
        device: see `DiscoDocumentEncoder`.
        max_length: truncate passages to this many tokens; by default the card's limit, or the checkpoint's.
        batch_tokens: see `DiscoDocumentEncoder`.
        backend: see `DiscoDocumentEncoder`.

    Raises:
        InputError: there is no such encoder, or it cannot be opened.
    """
    reference, quantiser = reference_of(name, "document")
    encoder = DiscoDocumentEncoder(
        reference.model,
        device=device,
        max_length=max_length or reference.max_length,
        quantiser=quantiser,
        batch_tokens=batch_tokens,
        revision=reference.revision,
        backend=backend,
        sha256=reference.sha256,
    )
    encoder.name = name
    return encoder


def reference_of(name: str, route: Route) -> tuple[ModelReference, Quantiser]:
    """Return the checkpoint and the quantiser for an encoder name: those of its card, or the defaults."""
    name = name.removeprefix("disco:")
    if card := cards().get(name):
        return (card.query if route == "query" else card.document), card.quantiser
    return ModelReference.check({"model": name}, "encoder"), DEFAULT_QUANTISER
