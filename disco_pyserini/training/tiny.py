"""Trains ``encoders/disco-tiny`` on a demo world: ``python -m disco_pyserini.training.tiny --output DIR``.

First a SPLADE document encoder from scratch, on stand-alone questions and their passages; then, with it frozen, the
query encoder, which reads conversations and learns the scores that the document encoder gives to the rewrites.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SparseEncoder, SparseEncoderTrainer, SparseEncoderTrainingArguments
from sentence_transformers.sparse_encoder.losses import SparseMultipleNegativesRankingLoss, SpladeLoss
from tokenizers import BertWordPieceTokenizer
from torch import nn
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from disco_pyserini.conversation import flatten
from disco_pyserini.datasets.collection import Passage, Query
from disco_pyserini.datasets.demo_world import DemoWorld
from disco_pyserini.encoding import DiscoDocumentEncoder, DiscoQueryEncoder
from disco_pyserini.training.batches import SimilarLengthBatchSampler
from disco_pyserini.training.candidates import Candidates, TeacherLists, Tolerance
from disco_pyserini.training.document_vectors import DocumentVectors
from disco_pyserini.training.losses import DiscoLoss
from disco_pyserini.training.regularisers import Regulariser, flops
from disco_pyserini.training.sampling import Sampler, Sampling
from disco_pyserini.training.searched import search_all
from disco_pyserini.training.student import export_masked_lm, splade, student

WORLD_SEEDS = (6, 7)
"""Other worlds than the one that the demo shows. With the default size they share no entity's name with it."""

CANDIDATES = 100
"""Passages per query of which some are drawn at each step."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the tiny demo encoders from scratch.")
    parser.add_argument("--output", type=Path, required=True, help="folder to write document/ and query/ to")
    parser.add_argument("--seed", type=int, default=123)
    parser.add_argument("--passages", type=int, default=30_000, help="size of the training world")
    parser.add_argument("--conversations", type=int, default=12, help="conversations per cluster of entities")
    parser.add_argument("--document-epochs", type=float, default=2)
    parser.add_argument("--query-epochs", type=float, default=4)
    parser.add_argument("--world-seed", type=int, default=WORLD_SEEDS[0], help="seed of the training world")
    parser.add_argument("--query-from", type=Path, help="checkpoint to go on from; else the document encoder")
    parser.add_argument("--stages", nargs="+", default=["document", "query"], choices=["document", "query"])
    args = parser.parse_args()
    started = time.time()
    torch.manual_seed(args.seed)
    world = DemoWorld(seed=args.world_seed, size=args.passages, conversations_per_cluster=args.conversations)
    passages = list(world.passages())
    queries, qrels = list(world.queries("train")), world.qrels("train")
    print(f"{len(passages)} passages, {len(queries)} training turns", file=sys.stderr)
    if "document" in args.stages:
        new_encoder(args.output / "untrained", passages, queries)
        train_document_encoder(args.output, passages, queries, qrels, args.document_epochs, args.seed)
        print(f"document encoder after {time.time() - started:.0f} s", file=sys.stderr)
        report(args.output, ("utterance", "human", "conversation"))
    if "query" in args.stages:
        train_query_encoder(args.output, args.query_from, passages, queries, qrels, args.query_epochs, args.seed)
        print(f"both encoders after {time.time() - started:.0f} s", file=sys.stderr)
        report(args.output, ("conversation",))


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
    qrels: dict[str, dict[str, int]],
    epochs: float,
    seed: int,
) -> None:
    """Contrastive training on human rewrites, with another passage about the same entity as the hard negative."""
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
    loss = SpladeLoss(
        model,
        SparseMultipleNegativesRankingLoss(model),
        document_regularizer_weight=0.02,
        query_regularizer_weight=0.03,
    )
    fit(model, dataset, loss, output, epochs=epochs, learning_rate=1e-3, batch_size=64, seed=seed)
    export_masked_lm(model, output / "document")


def train_query_encoder(
    output: Path,
    start: Path | None,
    passages: Sequence[Passage],
    queries: Sequence[Query],
    qrels: dict[str, dict[str, int]],
    epochs: float,
    seed: int,
) -> None:
    """Distil: the student's scores on conversations follow the document encoder's scores on human rewrites."""
    encoder = DiscoDocumentEncoder(str(output / "document"), batch_tokens=16384)
    documents = document_vectors(encoder, passages)
    candidates = teach(encoder, documents, queries, qrels)
    texts = {query.qid: flatten(query.conversation) for query in queries}
    dataset = Dataset.from_dict(
        {"query": [texts[qid] for qid in candidates.qids], "label": list(range(len(candidates)))}
    )
    model = student(output / "document", start)
    sampling = Sampling(strategy="band", candidates=32, skip=0, depth=CANDIDATES)
    loss = DiscoLoss(
        model,
        documents,
        Sampler(candidates, len(documents), sampling, seed),
        regulariser=(Regulariser("flops", 0.003), flops),
        kl_weight=0.9,
        contrastive_weight=0.1,
    )
    fit(model, dataset, loss, output, epochs=epochs, learning_rate=1e-3, batch_size=64, seed=seed)
    export_masked_lm(model, output / "query", route="query")


def fit(
    model: SparseEncoder,
    dataset: Dataset,
    loss: nn.Module,
    output: Path,
    *,
    epochs: float,
    learning_rate: float,
    batch_size: int,
    seed: int,
) -> None:
    """Run sentence-transformers' trainer."""
    columns = [name for name in dataset.column_names if name != "label"]
    arguments = SparseEncoderTrainingArguments(
        output_dir=str(output / "checkpoints"),
        num_train_epochs=epochs,
        learning_rate=learning_rate,
        per_device_train_batch_size=batch_size,
        warmup_steps=0.05,
        lr_scheduler_type="cosine",
        seed=seed,
        logging_steps=25,
        save_strategy="no",
        report_to="none",
        router_mapping={"query": "query"} if columns == ["query"] else {},
        batch_sampler=SimilarLengthBatchSampler,
        disable_tqdm=True,
    )
    model.max_seq_length = 256
    SparseEncoderTrainer(model=model, args=arguments, train_dataset=dataset, loss=loss).train()


def document_vectors(encoder: DiscoDocumentEncoder, passages: Sequence[Passage]) -> DocumentVectors:
    """Encode every passage once."""
    vectors = encoder.weight_vectors(_contents(passages))
    return DocumentVectors.from_weights([passage.id for passage in passages], vectors, len(encoder.vocabulary))


def teach(
    encoder: DiscoDocumentEncoder,
    documents: DocumentVectors,
    queries: Sequence[Query],
    qrels: dict[str, dict[str, int]],
) -> Candidates:
    """Give passages the scores that the document encoder gives them for the human rewrite.

    Half of the candidates are the best by these scores, and half are the best for the unrewritten conversation: among
    these are the passages about what was mentioned earlier, which the student must learn to leave alone.
    """
    qids = [query.qid for query in queries]
    rewrites = encoder.weight_vectors([query.text("human") for query in queries])
    conversations = encoder.weight_vectors([query.text("conversation") for query in queries])
    teacher = search_all(documents, list(zip(qids, rewrites, strict=True)), qrels, CANDIDATES, conversations)
    tolerance = Tolerance(0)
    return TeacherLists(teacher, set(qids), qrels, tolerance).candidates(documents.rows, tolerance)


def _score(encoder: DiscoDocumentEncoder | DiscoQueryEncoder, matrix: torch.Tensor, texts: list[str]) -> torch.Tensor:
    """Score every passage for every text, exhaustively: (texts, passages)."""
    vectors = DocumentVectors.from_weights(texts, encoder.weight_vectors(texts), matrix.shape[1])
    scores: torch.Tensor = torch.sparse.mm(matrix, vectors.matrix().to_dense().T)
    return scores.T


def _most_relevant(grades: dict[str, int]) -> str:
    return max(grades, key=grades.__getitem__)


def report(output: Path, forms: Iterable[str]) -> None:
    """Print the MRR on the dev split of the demo's own world, by exhaustive scoring."""
    world = DemoWorld()
    document = DiscoDocumentEncoder(str(output / "document"))
    vectors = document_vectors(document, list(world.passages()))
    matrix = vectors.matrix()
    queries, qrels = list(world.queries("dev")), world.qrels("dev")
    query_encoder = DiscoQueryEncoder(str(output / "query")) if (output / "query").is_dir() else None
    for form in forms:
        for name, encoder in (("SPLADE", document), ("DiSCo", query_encoder)):
            if encoder is None or (name == "DiSCo" and form != "conversation"):
                continue
            texts = [query.text(form) for query in queries]
            scores = _score(encoder, matrix, texts)
            ranks = [
                1 + min(int((row > row[vectors.rows[docid]]).sum()) for docid in qrels[query.qid])
                for query, row in zip(queries, scores, strict=True)
            ]
            terms = np.mean([len(vector) for vector in encoder.encode_batch(texts)])
            print(
                f"{name:6} {form:12} MRR {np.mean(1 / np.array(ranks)):.3f}  query terms {terms:.0f}  "
                f"document terms {len(vectors.terms) / len(vectors):.0f}  (dev, {len(queries)} turns)",
                file=sys.stderr,
            )


def _contents(passages: Iterable[Passage]) -> list[str]:
    return [passage.contents for passage in passages]


def _utterances(queries: Iterable[Query]) -> list[str]:
    return [query.conversation.utterance for query in queries]


if __name__ == "__main__":
    main()
