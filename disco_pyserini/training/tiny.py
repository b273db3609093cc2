"""Train the document encoder of ``encoders/disco-tiny``, a SPLADE encoder, from scratch.

::

    disco data demo-world --output tiny-world.6 --passages 30000 --seed 6 --conversations 12
    python -m disco_pyserini.training.tiny --data tiny-world.6/train --output tiny

It learns from the stand-alone questions and the passages of a demo world. The query encoder is then distilled
from it with `disco train` (``runs/training/disco-tiny.yaml``).
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from datasets import Dataset
from sentence_transformers import SparseEncoderTrainer, SparseEncoderTrainingArguments
from sentence_transformers.sparse_encoder.losses import SparseMultipleNegativesRankingLoss, SpladeLoss
from tokenizers import BertWordPieceTokenizer
from torch import nn
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from disco_pyserini.datasets.named import open_passages, open_qrels, open_turns
from disco_pyserini.datasets.turns import Query
from disco_pyserini.passages import Passage
from disco_pyserini.training.batches import SimilarLengthBatchSampler
from disco_pyserini.training.student import export_masked_lm, splade
from disco_pyserini.trec import Qrels


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the document encoder of disco-tiny from scratch.")
    parser.add_argument("--data", required=True, help="COLLECTION/SPLIT with human rewrites, qrels and passages")
    parser.add_argument("--output", type=Path, required=True, help="folder to write document/ to")
    parser.add_argument("--seed", type=int, default=123)
    parser.add_argument("--epochs", type=float, default=2)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    passages = list(open_passages(args.data))
    queries, qrels = list(open_turns(args.data).values()), open_qrels(args.data)
    print(f"{len(passages)} passages, {len(queries)} training turns", file=sys.stderr)
    new_encoder(args.output / "untrained", passages, queries)
    train_document_encoder(args.output, passages, queries, qrels, args.epochs, args.seed)
    print(f"the document encoder is in {args.output / 'document'}", file=sys.stderr)


def new_encoder(
    folder: Path, passages: Sequence[Passage], queries: Sequence[Query], vocabulary_size: int = 4000
) -> None:
    """Write an untrained masked LM whose output starts sparse and lexical: each token activates mostly itself."""
    wordpiece = BertWordPieceTokenizer(lowercase=True)
    texts = (text for group in (_contents(passages), _utterances(queries)) for text in group)
    wordpiece.train_from_iterator(texts, vocab_size=vocabulary_size, min_frequency=5, show_progress=False)
    folder.mkdir(parents=True, exist_ok=True)
    wordpiece.save_model(str(folder))
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=512)
    width = 128
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=4 * width,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    with torch.no_grad():
        # Unit-length token embeddings, an identity before the output layer, and a negative bias.
        model.bert.embeddings.word_embeddings.weight.copy_(nn.functional.normalize(torch.randn(len(tokenizer), width)))
        model.cls.predictions.transform.dense.weight.copy_(torch.eye(width))
        model.cls.predictions.bias.fill_(-3.0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def train_document_encoder(
    output: Path,
    passages: Sequence[Passage],
    queries: Sequence[Query],
    qrels: Qrels,
    epochs: float,
    seed: int,
) -> None:
    """Train with a contrastive loss on human rewrites; another passage about the same entity is the hard negative."""
    contents = {passage.id: passage.contents for passage in passages}
    about: dict[str, list[str]] = defaultdict(list)
    for docid in contents:
        about[docid.rsplit("-", 1)[0]].append(docid)
    chooser = random.Random(seed)
    rows = []
    for query in queries:
        positive = _most_relevant(qrels[query.qid])
        others = [docid for docid in about[positive.rsplit("-", 1)[0]] if docid not in qrels[query.qid]]
        negative = chooser.choice(others) if others else chooser.choice(passages).id
        rows.append((query.text("human"), contents[positive], contents[negative]))
    dataset = Dataset.from_dict(
        dict(zip(("query", "positive", "negative"), map(list, zip(*rows, strict=True)), strict=True))
    )
    model = splade(output / "untrained")
    model.max_seq_length = 256
    loss = SpladeLoss(
        model,
        SparseMultipleNegativesRankingLoss(model),
        document_regularizer_weight=0.02,
        query_regularizer_weight=0.03,
    )
    arguments = SparseEncoderTrainingArguments(
        output_dir=str(output / "checkpoints"),
        num_train_epochs=epochs,
        learning_rate=1e-3,
        per_device_train_batch_size=64,
        warmup_steps=0.05,
        lr_scheduler_type="cosine",
        seed=seed,
        logging_steps=25,
        save_strategy="no",
        report_to="none",
        batch_sampler=SimilarLengthBatchSampler,
    )
    SparseEncoderTrainer(model=model, args=arguments, train_dataset=dataset, loss=loss).train()
    export_masked_lm(model, output / "document")


def _most_relevant(grades: Mapping[str, int]) -> str:
    return max(grades, key=grades.__getitem__)


def _contents(passages: Iterable[Passage]) -> list[str]:
    return [passage.contents for passage in passages]


def _utterances(queries: Iterable[Query]) -> list[str]:
    return [query.conversation.utterance for query in queries]


if __name__ == "__main__":
    main()
