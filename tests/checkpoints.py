"""Make small checkpoints in the layouts of published ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    BertConfig,
    BertForMaskedLM,
    BertTokenizerFast,
    LlamaTokenizer,
    Qwen2Tokenizer,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789?.,'"
WORDS = ["the", "of", "and", "to", "in", "is", "was", "who", "what", "when", "where", "did", "she", "he", "it"]
WORDS += ["born", "die", "river", "city", "author", "wrote", "album", "band"]


def make_checkpoint(folder: Path, seed: int = 0, words: list[str] | None = None) -> Path:
    """Write a tiny BERT with random weights whose output is sparse, and its tokenizer; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [*special, *(words or WORDS), *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    (folder / "vocab.txt").write_text("\n".join(tokens), encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=512)
    torch.manual_seed(seed)
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            initializer_range=0.3,
        )
    )
    with torch.no_grad():
        model.cls.predictions.bias.fill_(-1.0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_causal_checkpoint(folder: Path, family: str, **config: Any) -> Path:
    """Write a tiny causal LM with random weights in the layout of a family, and its tokenizer; return the folder.

    Args:
        folder: where to write.
        family: ``qwen2``, whose tokenizer is byte-level and adds no special tokens; or ``mistral``, ``llama`` or
            ``stablelm``, here with a SentencePiece-like tokenizer that starts texts with ``<s>``.
        config: more fields of config.json.
    """
    if family == "qwen2":
        tokenizer = Qwen2Tokenizer(*_bpe(pre_tokenizers.ByteLevel(), "<|endoftext|>"), pad_token="<|endoftext|>")
    else:
        tokenizer = LlamaTokenizer(*_bpe(pre_tokenizers.Metaspace(), "<unk>", "<s>", "</s>"), pad_token="</s>")
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    shape |= {"num_key_value_heads": 2, "initializer_range": 0.2, "vocab_size": len(tokenizer)}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **shape | config))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _bpe(split: Any, *special_tokens: str) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return the vocabulary and the merges of a BPE of `WORDS` and letters."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = split
    words = [" ".join([*WORDS, *WORDS]), " ".join(LETTERS)]
    tokenizer.train_from_iterator(
        words, trainers.BpeTrainer(special_tokens=list(special_tokens), show_progress=False, vocab_size=200)
    )
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]
