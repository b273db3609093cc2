"""Make small checkpoints in the layouts of published ones."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

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
