"""Gated SPLADE: a query encoder that weighs the words of a conversation, and lets its document encoder expand them.

A small document encoder knows which terms a word stands for, but cannot tell which words of a conversation matter now.
Another encoder, the reader, sees the whole conversation and decides that. The weight of a term j is::

    w_j = max over tokens i of log(1 + relu(g_i · (W (h_i + S c_i) + b)_j))
    g_i = clip((1 + 2m) · sigmoid(v · c_i + b_newest or b_earlier) - m, 0, 1)

``h_i`` is the document encoder's state of token i, before its vocabulary projection (W, b); it sees only the utterance
or answer of the token. ``c_i`` is the reader's state of token i. The document encoder is frozen. With a gate ``g`` of 1
for the newest utterance and 0 elsewhere, and a shift ``S`` of 0, which is about where training starts, the vector is
the document encoder's for the last utterance.

The margin ``m`` closes gates that are nearly 0, and opens those that are nearly 1. Students are trained with 0.1. It
can be set higher afterwards: many words that hardly matter have small gates, and together they add many terms.

The model is an ordinary masked LM for transformers once this module is imported. Its projection has one more column
than W, for b, so that a gate scales the bias too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import MaskedLMOutput

from disco_pyserini.errors import InputError

WEIGHTS = "model.safetensors"

_NEWEST, _EARLIER = 3.0, -1.5
"""Initial gate biases: gates of 1.0 for the newest utterance, 0.12 for the rest."""


class GatedSpladeConfig(PretrainedConfig):
    """The configuration of a `GatedSplade`.

    Attributes:
        document: the configuration of the document encoder, a BERT masked LM.
        reader: the configuration of the reader.
        shared_embeddings: whether the reader uses the document encoder's word embeddings.
        separator: the id of the token that separates utterances.
        gate_margin: the margin ``m`` of the gates.
        document_folder: the document encoder's checkpoint, relative to this one, if its weights are only there.
    """

    model_type = "gated-splade"

    def __init__(
        self,
        document: dict[str, Any] | None = None,
        reader: dict[str, Any] | None = None,
        shared_embeddings: bool = False,
        separator: int = 102,
        gate_margin: float = 0.1,
        document_folder: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.document = document or {}
        self.reader = reader or {}
        self.shared_embeddings = shared_embeddings
        self.separator = separator
        self.gate_margin = gate_margin
        self.document_folder = document_folder
        super().__init__(**kwargs)


class GatedSplade(PreTrainedModel):
    """See the module's description. `gated_splade` makes a new one."""

    config_class = GatedSpladeConfig
    _keys_to_ignore_on_save = ("head.weight",)
    _keys_to_ignore_on_load_missing = ("head.weight",)
    _supports_sdpa = True

    def __init__(self, config: GatedSpladeConfig) -> None:
        super().__init__(config)
        self.document = AutoModelForMaskedLM.from_config(AutoConfig.for_model(**config.document))
        self.reader = AutoModel.from_config(AutoConfig.for_model(**config.reader), add_pooling_layer=False)
        if config.shared_embeddings:
            self.reader.embeddings.word_embeddings = None
        width, states = self.reader.config.hidden_size, self.document.config.hidden_size
        self.gate = nn.Linear(width, 1, bias=False)
        self.gate_bias = nn.Parameter(torch.tensor([_NEWEST, _EARLIER]))
        self.shift = nn.Linear(width, states, bias=False)
        self.head = nn.Linear(states + 1, self.document.config.vocab_size, bias=False)
        self.post_init()

    @classmethod
    def from_pretrained(cls, folder: Any, *args: Any, **kwargs: Any) -> Any:
        """Load a checkpoint; take weights that it lacks from its document encoder's checkpoint."""
        config = GatedSpladeConfig.from_pretrained(folder)
        if config.document_folder:
            weights = load_file(Path(folder, WEIGHTS)) | _document_weights(Path(folder, config.document_folder))
            kwargs |= {"config": config, "state_dict": weights}
            folder = None
        found = super().from_pretrained(folder, *args, **kwargs)
        (found[0] if isinstance(found, tuple) else found)._freeze()
        return found

    def get_output_embeddings(self) -> nn.Linear:
        """Return the projection from states, with a 1 appended, to the vocabulary."""
        return self.head

    def train(self, mode: bool = True) -> Self:
        """Set the mode of the trainable part. The document encoder has no dropout, ever."""
        super().train(mode)
        self.document.eval()
        return self

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> MaskedLMOutput:
        """Return gated logits (batch, length, vocabulary); padding has logits of 0."""
        states, gates = self.states_and_gates(input_ids, attention_mask)
        states = torch.cat([states, torch.ones_like(states[..., :1])], dim=-1) * gates.unsqueeze(-1)
        return MaskedLMOutput(logits=self.head(states.to(self.head.weight.dtype)))

    def states_and_gates(self, ids: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return ``h + S c`` (batch, length, width) and ``g`` (batch, length), which is 0 for padding.

        Args:
            ids: (batch, length).
            mask: (batch, length), 0 for padding; None if there is none.
        """
        segments = (ids == self.config.separator).long().cumsum(1)
        segments = segments - (ids == self.config.separator).long()  # a separator ends its utterance
        seen = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        context = self._read(ids, mask)
        states = self._states(ids, segments, seen) + self.shift(context)
        bias = torch.where(segments == 0, self.gate_bias[0], self.gate_bias[1])
        open_share, margin = torch.sigmoid(self.gate(context).squeeze(-1) + bias), self.config.gate_margin
        gates = ((1 + 2 * margin) * open_share - margin).clamp(0, 1)
        return states, torch.where(seen, gates, 0)

    def _read(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        if self.config.shared_embeddings:
            embeddings = self.document.get_input_embeddings()(ids)
            states: Tensor = self.reader(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
        else:
            states = self.reader(input_ids=ids, attention_mask=mask).last_hidden_state
        return states

    @torch.no_grad()
    def _states(self, ids: Tensor, segments: Tensor, seen: Tensor) -> Tensor:
        """Return the document encoder's states; a token sees its utterance only, whose positions count from its start.

        The first utterance begins with [CLS], at position 0; the first word of any utterance is at position 1.
        """
        same = segments.unsqueeze(2) == segments.unsqueeze(1)
        before = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril(-1)
        positions = (same & before).sum(dim=2) + (segments > 0).long()
        visible = (same & seen.unsqueeze(1)) | torch.eye(ids.shape[1], dtype=torch.bool, device=ids.device)
        bert, head = self.document.bert, self.document.cls.predictions
        hidden = bert.embeddings(input_ids=ids, position_ids=positions)
        mask = torch.where(visible, 0.0, torch.finfo(hidden.dtype).min).to(hidden.dtype).unsqueeze(1)
        for layer in bert.encoder.layer:
            hidden = layer(hidden, mask)
        states: Tensor = head.transform(hidden)
        return states

    def _freeze(self) -> None:
        """Freeze the document encoder, and copy its projection to the head."""
        self.document.requires_grad_(False)
        self.head.requires_grad_(False)
        decoder = self.document.get_output_embeddings()
        with torch.no_grad():
            self.head.weight.copy_(torch.cat([decoder.weight, decoder.bias.unsqueeze(1)], dim=1))


def gated_splade(document: Any, separator: int, reader: Any | None = None) -> GatedSplade:
    """Return an untrained gated encoder, which encodes the last utterance nearly as the document encoder does.

    Args:
        document: the document encoder, a `BertForMaskedLM`.
        separator: the id of the token that separates utterances.
        reader: a `BertModel` without pooling, with the same tokenizer; by default, the document encoder's layers.

    Raises:
        InputError: the document encoder or the reader is not a BERT, or their vocabularies differ in size.
    """
    for name, model in (("document encoder", document), ("reader", reader)):
        if model is not None and model.config.model_type != "bert":
            raise InputError(f"the {name} of a gated encoder must be a BERT model, found {model.config.model_type!r}")
    if reader is not None and reader.config.vocab_size != document.config.vocab_size:
        raise InputError(
            f"the reader has {reader.config.vocab_size:,} tokens, the document encoder {document.config.vocab_size:,}: "
            "a gated encoder needs two models with one tokenizer"
        )
    shared = reader is None
    config = GatedSpladeConfig(
        document=_settings(document),
        # Attention with dropout takes three times as long on a CPU, and without it students did not overfit.
        reader=_settings(document if reader is None else reader)
        | {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
        shared_embeddings=shared,
        separator=separator,
    )
    model = GatedSplade(config)
    model.document.load_state_dict(document.state_dict())
    weights = document.bert.state_dict() if reader is None else reader.state_dict()
    model.reader.load_state_dict({name: weights[name] for name in model.reader.state_dict()})
    with torch.no_grad():
        model.gate.weight.zero_()
        model.shift.weight.zero_()
        model.gate_bias.copy_(torch.tensor([_NEWEST, _EARLIER]))
    model._freeze()
    return model


def _settings(model: PreTrainedModel) -> dict[str, Any]:
    """Return a model's configuration without the path that it was read from, which says nothing elsewhere."""
    return {name: value for name, value in model.config.to_dict().items() if name != "_name_or_path"}


def _document_weights(folder: Path) -> dict[str, Tensor]:
    document = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32, trust_remote_code=False)
    return {f"document.{name}": tensor for name, tensor in document.state_dict().items()}


AutoConfig.register(GatedSpladeConfig.model_type, GatedSpladeConfig)
AutoModelForMaskedLM.register(GatedSpladeConfig, GatedSplade)
