"""Rewrites by a local Hugging Face causal language model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

from disco_pyserini.errors import InputError
from disco_pyserini.rewriting.rewrite_turns import Answer


class LocalModel:
    """A `Rewriter`: greedy decoding, in batches padded on the left.

    If the tokenizer has a chat template, the prompt is sent as the user's message, otherwise as plain text.

    Args:
        model: a folder or hub id of a causal language model.
        device: a torch device; by default the first GPU, or the CPU if there is no GPU.
        batch_size: prompts that are answered together.
        max_new_tokens: the longest answer.

    Raises:
        InputError: the model or device does not exist, or it is not a causal language model.
    """

    def __init__(self, model: str, device: str | None = None, batch_size: int = 8, max_new_tokens: int = 128) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

        from disco_pyserini.encoding.devices import resolve_device

        where = resolve_device(device)  # before the weights are read
        self._name = model
        self._batch_size = batch_size
        # transformers' own annotations for these are inconsistent.
        self._tokenizer: Any
        self._model: Any
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left", trust_remote_code=False)
            self._model = AutoModelForCausalLM.from_pretrained(model, dtype="auto", trust_remote_code=False)
        except Exception as problem:  # transformers checks few fields of what it reads
            reason = next(iter(str(problem).strip().splitlines()), type(problem).__name__)
            raise InputError(
                f"no language model {model!r}: {reason}: expected the folder or hub id of a causal LM, or use --server"
            ) from problem
        self._model.to(where).eval()
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        # Override the checkpoint's settings, which may enable sampling.
        settings: Any = GenerationConfig
        self._generation = settings(
            max_new_tokens=max_new_tokens,
            do_sample=False,
            eos_token_id=self._model.generation_config.eos_token_id,
            pad_token_id=self._tokenizer.pad_token_id,
        )
        positions = getattr(self._model.config, "max_position_embeddings", None)
        self._longest_prompt = None if positions is None else positions - max_new_tokens

    @property
    def name(self) -> str:
        return self._name

    def answers(self, prompts: Iterable[tuple[str, str]]) -> Iterator[Answer]:
        """Answer prompts batch by batch; prompts that are too long for the model get no answer."""
        for batch in batched(prompts, self._batch_size):
            fitting, tokens = [], []
            for qid, prompt in batch:
                ids = self._tokens(prompt)
                if self._longest_prompt is not None and len(ids) > self._longest_prompt:
                    reason = f"the prompt has {len(ids)} tokens, the model has room for {self._longest_prompt}"
                    yield Answer(qid, None, reason)
                else:
                    fitting.append(qid)
                    tokens.append(ids)
            if fitting:
                for qid, (text, cut) in zip(fitting, self._generate(tokens), strict=True):
                    yield Answer(qid, text, cut=cut)

    def _tokens(self, prompt: str) -> list[int]:
        tokenizer = self._tokenizer
        if tokenizer.chat_template is None:
            ids: list[int] = tokenizer(prompt)["input_ids"]
        else:
            # The template already includes the special tokens.
            message = [{"role": "user", "content": prompt}]
            text = tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _generate(self, tokens: list[list[int]]) -> list[tuple[str, bool]]:
        """Return the text of each answer, and whether it was cut at the token limit."""
        import torch

        padded = self._tokenizer.pad({"input_ids": tokens}, return_tensors="pt").to(self._model.device)
        with torch.inference_mode():
            generated = self._model.generate(
                input_ids=padded["input_ids"],
                attention_mask=padded["attention_mask"],
                generation_config=self._generation,
            )
        new = generated[:, padded["input_ids"].shape[1] :]
        texts: list[str] = self._tokenizer.batch_decode(new, skip_special_tokens=True)
        ends = torch.tensor(self._generation.eos_token_id if self._generation.eos_token_id is not None else [])
        full = new.shape[1] == self._generation.max_new_tokens
        cut = ~torch.isin(new.cpu(), ends).any(dim=1) if full else torch.zeros(len(new), dtype=torch.bool)
        return list(zip(texts, cut.tolist(), strict=True))
