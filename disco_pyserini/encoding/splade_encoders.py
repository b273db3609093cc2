"""The query encoder, which reads conversations, and the document encoder, which reads passages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from disco_pyserini.cards import ModelReference, cards
from disco_pyserini.conversation import BERT_SPECIAL_TOKENS, SEPARATOR, Conversation, flatten
from disco_pyserini.encoding.locate import Route, checksum, locate
from disco_pyserini.encoding.splade_model import Backend, SpladeModel, check_backend
from disco_pyserini.errors import InputError
from disco_pyserini.impacts import DEFAULT_QUANTISER, ImpactVector, Quantiser, WeightVector

# How far padding was seen to move an impact before rounding: 2e-4 at most on a BERT-base-sized model.
PADDING_NOISE = 5e-4


class _Encoder:
    """What both encoders share.

    Args:
        model_name_or_path: a folder or hub id with a Hugging Face masked-LM checkpoint or a sentence-transformers
            `SparseEncoder`, plain or with a `Router` (of which the encoder takes its own route).
        tokenizer_name: a tokenizer's folder or hub id, where it does not come with the weights.
        device: a torch device; by default the first GPU, or the CPU where there is none. ONNX runs on the CPU.
        max_length: tokens after which a text is cut.
        quantiser: how weights become impacts.
        batch_tokens: tokens per forward pass, padding included; bounds memory. By default what is fast on the device.
        revision: the commit of a hub id.
        backend: what runs the model: ``torch`` (exact), ``torch-bf16``, ``onnx`` or ``onnx-int8``.

    Raises:
        InputError: the checkpoint is not here and cannot be fetched, or is not a SPLADE encoder; or ``max_length`` is
            below 3.
    """

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
        backend: str = Backend.torch,
    ) -> None:
        self.model_name = str(model_name_or_path)
        self.max_length = max_length
        self.quantiser = quantiser
        self.backend: str = check_backend(backend)
        reference = {"model": self.model_name, "max_length": max_length, "revision": revision}
        self.folder: Path = locate(ModelReference.check(reference, type(self).__name__), self.route)
        """Where the masked LM and its tokenizer are."""
        self._splade = SpladeModel(self.folder, tokenizer_name, device, batch_tokens, Backend(self.backend))

    @property
    def separator(self) -> str:
        """How the tokenizer spells what stands between turns."""
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
        """Return the impacts of one text by token, as Pyserini's searchers expect them."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str | Conversation]) -> list[dict[str, int]]:
        """Return the impacts of each text by token. The result does not depend on what else is in the batch."""
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
        if len(vectors) > 1 and self.backend == Backend.torch:
            # Where the noise of padding could tip a rounding, the text is encoded once more, alone: this makes the
            # impacts those of one text at a time, whatever the batch.
            for index, vector in enumerate(vectors):
                if (self.quantiser.distance_to_border(vector.weights) < PADDING_NOISE).any():
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
    """Encodes conversations, or texts such as `disco_pyserini.conversation.flatten` writes, as impact queries.

    Pass it to Pyserini's ``LuceneImpactSearcher``, or to `disco_pyserini.DiscoSearcher`.
    """

    route = "query"

    def _text(self, text: str | Conversation) -> str:
        return super()._text(text).replace(SEPARATOR, self.separator)


class DiscoDocumentEncoder(_Encoder):
    """Encodes passages."""

    route = "document"


def query_encoder(
    name: str, device: str | None = None, max_length: int | None = None, backend: str = Backend.torch
) -> DiscoQueryEncoder:
    """Open the query encoder of a card, or of a checkpoint by path or hub id (with or without ``disco:`` before it)."""
    reference, quantiser = _reference(name, "query")
    return DiscoQueryEncoder(
        reference.model,
        device=device,
        max_length=max_length or reference.max_length,
        quantiser=quantiser,
        revision=reference.revision,
        backend=backend,
    )


def document_encoder(
    name: str,
    device: str | None = None,
    max_length: int | None = None,
    batch_tokens: int | None = None,
    backend: str = Backend.torch,
) -> DiscoDocumentEncoder:
    """Open the document encoder of a card, or of a checkpoint by path or hub id."""
    reference, quantiser = _reference(name, "document")
    return DiscoDocumentEncoder(
        reference.model,
        device=device,
        max_length=max_length or reference.max_length,
        quantiser=quantiser,
        batch_tokens=batch_tokens,
        revision=reference.revision,
        backend=backend,
    )


def _reference(name: str, route: Route) -> tuple[ModelReference, Quantiser]:
    name = name.removeprefix("disco:")
    if card := cards().get(name):
        return (card.query if route == "query" else card.document), card.quantiser
    return ModelReference.check({"model": name, "max_length": 256}, "encoder"), DEFAULT_QUANTISER
