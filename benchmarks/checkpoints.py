"""Checkpoints with random weights, in every layout that the contenders read, and texts for them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from disco_pyserini.passages import read_passages
from disco_pyserini.trec import read_topics

VOCABULARY = 30_522
TERMS = 180
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = [f"w{number}" for number in range(VOCABULARY - len(SPECIAL))]


def make_checkpoint(folder: Path, layers: int = 12, width: int = 768, terms: int = TERMS) -> Path:
    """Write a masked LM of BERT's architecture and its tokenizer; the sizes are BERT-base's unless others are given.

    Random weights activate far too many dimensions, so the output bias is set to leave about ``terms`` of them for a
    text of 256 tokens. The weights are in the folder twice, once as Pyserini reads them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL, *WORDS]), encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
    )
    model = BertForMaskedLM(config).eval()
    with torch.no_grad():
        highest = model(torch.randint(len(SPECIAL), VOCABULARY, (1, 256))).logits.amax(dim=1)[0]
        model.cls.predictions.bias.fill_(-float(highest.topk(terms).values[-1]))
    model.save_pretrained(folder)
    weights = {name: tensor for name, tensor in model.state_dict().items() if name != "cls.predictions.decoder.weight"}
    torch.save(weights, folder / "pytorch_model.bin")
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=512).save_pretrained(folder)
    return folder


def open_checkpoint(given: Path | None, folder: Path, layers: int = 12, width: int = 768) -> tuple[Path, str]:
    """Make a folder with a given checkpoint's files, or with a new one; return it and a sentence that says which it is.

    Pyserini's encoder reads pytorch_model.bin only, so that is made of a given checkpoint that lacks it.
    """
    if given:
        folder.mkdir(parents=True)
        for file in given.iterdir():
            (folder / file.name).symlink_to(file.resolve())
        if not (folder / "pytorch_model.bin").exists():
            torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
        return folder, f"The checkpoint {given.resolve().parent.name}/{given.resolve().name}."
    return (
        make_checkpoint(folder, layers, width),
        f"A checkpoint of {layers} layers, width {width} (BERT-base has 12 and 768), with random weights.",
    )


def passages(number: int, seed: int, corpus: Path | None = None) -> list[str]:
    """Texts of 10 to 254 words, half of them below 64, as passages of web pages have; or some of a given corpus."""
    if corpus:
        return _some((passage.contents for passage in read_passages(str(corpus))), number, seed)
    generator = np.random.default_rng(seed)
    return _texts(np.clip(generator.lognormal(np.log(64), 0.6, number), 10, 254).astype(int), generator)


def conversations(number: int, seed: int, topics: Path | None = None) -> list[str]:
    """Texts of 8 to 254 words: conversations get longer with every turn, until they are cut. Or some given topics."""
    if topics:
        return _some(read_topics(topics).values(), number, seed)
    generator = np.random.default_rng(seed)
    return _texts(generator.integers(8, 255, number), generator)


def conversation(topics: Path | None = None) -> str:
    """One text of 254 words; with the tokens at both ends it has two tokens more. Or the longest of given topics."""
    if topics:
        return max(read_topics(topics).values(), key=len)
    return _texts(np.array([254]), np.random.default_rng(0))[0]


def _some(texts: Iterable[str], number: int, seed: int) -> list[str]:
    """Draw from the first 100,000 texts."""
    known = list(islice(texts, 100_000))
    return random.Random(seed).sample(known, min(number, len(known)))


def _texts(lengths: np.ndarray, generator: np.random.Generator) -> list[str]:
    return [" ".join(WORDS[word] for word in generator.integers(0, len(WORDS), length)) for length in lengths]
