"""The query encoder, which reads conversations, and the document encoder, which reads passages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from disco_pyserini.cards import ModelReference, cards
from disco_pyserini.conversation import BERT_SPECIAL_TOKENS, SEPARATOR, Conversation, flatten
from disco_pyserini.encoding.backends import BACKENDS, DEFAULT_BACKEND
from disco_pyserini.encoding.locate import Route, checksum, locate
from disco_pyserini.encoding.splade_model import SpladeModel
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import DEFAULT_QUANTISER, ImpactVector, Quantiser, WeightVector


class _Encoder:
    """What both encoders share; `DiscoQueryEncoder` describes the arguments."""

    route: Route

    def __init__(
        self,
        model_name_or_path: str,
        tokenizer_name: str | None = None,
        device: str | None = None,
        max_length: int = 256,
        quantiser: Quantiser = DEFAULT_QUANTISER,
        batch_tokens: int | None = None,
        revision: str | None = None,
        backend: str = DEFAULT_BACKEND,
    ) -> None:
        self.model_name = str(model_name_or_path)
        self.name = self.model_name
        """The name that opens this encoder: its card's name, or else its path or hub id."""
        self.max_length = max_length
        self.quantiser = quantiser
        BACKENDS.check(backend)  # before any download
        self.backend = backend
        reference = {"model": self.model_name, "max_length": max_length, "revision": revision}
        self.folder: Path = locate(ModelReference.check(reference, type(self).__name__), self.route)
        """The folder of the masked LM and its tokenizer."""
        self._splade = SpladeModel(self.folder, tokenizer_name, device, batch_tokens, backend)

    @property
    def separator(self) -> str:
        """The token that separates turns, as the tokenizer spells it."""
        return self._splade.tokens.separator or SEPARATOR

    @property
    def vocabulary(self) -> list[str]:
        """The tokens, in the order of their ids."""
        return self._splade.tokens.vocabulary

    @cached_property
    def revision(self) -> str:
        """SHA-256 of the weights."""
        return checksum(self.folder)

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
        return self._weights([self._text(text) for text in texts])

    def vectors(self, texts: Sequence[str | Conversation]) -> list[ImpactVector]:
        """Return the impacts of each text by token id."""
        prepared = [self._text(text) for text in texts]
        vectors = self._weights(prepared)
        noise = self._splade.model.padding_noise
        if len(vectors) > 1 and noise:
            # If padding noise could change how an impact is rounded, encode the text again, alone: the impacts are then
            # the same in every batch.
            for index, vector in enumerate(vectors):
                if (self.quantiser.distance_to_border(vector.weights) < noise).any():
                    [vectors[index]] = self._weights([prepared[index]])
        return [self.quantiser.impacts(vector) for vector in vectors]

    def _weights(self, texts: Sequence[str]) -> list[WeightVector]:
        return self._splade.weights(texts, self.max_length)

    def _text(self, text: str | Conversation) -> str:
        if isinstance(text, Conversation):
            special_tokens = {*BERT_SPECIAL_TOKENS, *self._splade.tokens.special_tokens}
            text = flatten(text, sorted(special_tokens))
        if not text.strip():
            raise InputError("the text to encode is empty: every query and every passage needs text")
        return text


class DiscoQueryEncoder(_Encoder):
    """Encodes conversations, or texts such as `disco_pyserini.flatten` writes, as impact queries.

    Pass it to Pyserini's ``LuceneImpactSearcher``, or to `disco_pyserini.DiscoSearcher`. `query_encoder` opens one by
    the name of an encoder card.

    Args:
        model_name_or_path: a folder or hub id with a Hugging Face masked-LM checkpoint or a sentence-transformers
            `SparseEncoder`, plain or with a `Router` (the encoder uses its own route).
        tokenizer_name: the folder or hub id of a tokenizer, if it does not come with the weights.
        device: a torch device; by default the first GPU, or the CPU if there is no GPU. ONNX runs on the CPU.
        max_length: truncate texts to this many tokens.
        quantiser: turns weights into impacts.
        batch_tokens: tokens per forward pass, padding included; bounds memory. By default a fast value for the device.
        revision: the commit of a hub id.
        backend: what runs the model: ``torch`` (exact), ``torch-bf16``, ``onnx`` or ``onnx-int8``.

    Raises:
        InputError: the checkpoint is missing and cannot be downloaded, or is not a SPLADE encoder; or
            ``max_length`` is below 3.
    """

    route = "query"

    def _text(self, text: str | Conversation) -> str:
        return super()._text(text).replace(SEPARATOR, self.separator)


class DiscoDocumentEncoder(_Encoder):
    """Encodes passages. `document_encoder` opens one by the name of an encoder card.

    Args:
        model_name_or_path: a folder or hub id with a Hugging Face masked-LM checkpoint or a sentence-transformers
            `SparseEncoder`, plain or with a `Router` (the encoder uses its own route).
        tokenizer_name: the folder or hub id of a tokenizer, if it does not come with the weights.
        device: a torch device; by default the first GPU, or the CPU if there is no GPU. ONNX runs on the CPU.
        max_length: truncate texts to this many tokens.
        quantiser: turns weights into impacts.
        batch_tokens: tokens per forward pass, padding included; bounds memory. By default a fast value for the device.
        revision: the commit of a hub id.
        backend: what runs the model: ``torch`` (exact), ``torch-bf16``, ``onnx`` or ``onnx-int8``.

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
        max_length: truncate conversations to this many tokens; by default the card's limit, or 256.
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
        max_length: truncate passages to this many tokens; by default the card's limit, or 256.
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
    )
    encoder.name = name
    return encoder


def reference_of(name: str, route: Route) -> tuple[ModelReference, Quantiser]:
    """Return the checkpoint and the quantiser for an encoder name: those of its card, or the defaults."""
    name = name.removeprefix("disco:")
    if card := cards().get(name):
        return (card.query if route == "query" else card.document), card.quantiser
    return ModelReference.check({"model": name, "max_length": 256}, "encoder"), DEFAULT_QUANTISER
