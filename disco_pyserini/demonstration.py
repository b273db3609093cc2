"""The demonstration: a generated collection, indexed and searched in six ways, evaluated side by side; and a chat."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from time import perf_counter

from disco_pyserini.cards import DEFAULT_ENCODER
from disco_pyserini.conversation import Conversation
from disco_pyserini.datasets.layout import write_collection
from disco_pyserini.datasets.registry import open_collection
from disco_pyserini.datasets.turns import Query, topic_texts
from disco_pyserini.encoding import document_encoder, query_encoder
from disco_pyserini.errors import InputError
from disco_pyserini.evaluation import DEFAULT_MEASURES, Evaluation, evaluate
from disco_pyserini.files import make_folder, write_aside
from disco_pyserini.lucene.bm25 import Bm25Searcher, build_bm25_index
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.passages import read_passages
from disco_pyserini.search.hits import Hit
from disco_pyserini.search.indexing import build_index as index_passages
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.trec import read_qrels, read_run, read_topics, write_run, write_topics
from disco_pyserini.vectors import encode_corpus, open_vectors
from disco_pyserini.vectors.pipeline import splitter_for

COLLECTION, SPLIT = "demo-world", "test"
ENCODER = "disco-tiny"
HITS = 100

CHAT_CORPUS = "pydoc:csv,difflib,json,random,shutil,statistics,tarfile,tempfile,zipfile"
CHAT = ("How do I add a file to a tar archive?", "How do I list what is in it?", "How do I extract everything?")


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the table: a system, and the form of the query that it reads."""

    system: str
    form: str

    @property
    def name(self) -> str:
        """As in the names of the run files."""
        return f"{self.system.lower()}.{self.form}"


CONDITIONS = (
    Condition("BM25", "utterance"),
    Condition("BM25", "conversation"),
    Condition("BM25", "human"),
    Condition("SPLADE", "utterance"),
    Condition("SPLADE", "human"),
    Condition("DiSCo", "conversation"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What a condition reached: measures, distinct terms per query, milliseconds per query with its encoding."""

    condition: Condition
    evaluation: Evaluation
    query_terms: float
    milliseconds: float


def run_demo(folder: Path, say: Callable[[str], None]) -> list[Row]:
    """Make the collection, its vectors and indexes, topics and runs in ``folder``; return the table.

    Raises:
        InputError: ``folder`` holds something that this demonstration did not write.
    """
    _clear(folder)
    say("generating the demo world")
    collection = open_collection(COLLECTION)
    splits = {split: (collection.queries(split), collection.qrels(split)) for split in collection.benchmark.splits}
    write_collection(collection.passages(SPLIT), splits, folder)
    queries = list(collection.queries(SPLIT))
    say(f"encoding the passages with {ENCODER}")
    document = document_encoder(ENCODER)
    encode_corpus(collection.passages(SPLIT), folder / "vectors", document)
    say("building the impact index and the BM25 index")
    build_index(open_vectors(folder / "vectors"), folder / "index")
    build_bm25_index(collection.passages(SPLIT), folder / "index.bm25")
    rows = []
    with (
        Bm25Searcher(folder / "index.bm25") as bm25,
        DiscoSearcher(folder / "index", document) as splade,
        DiscoSearcher(folder / "index", query_encoder(ENCODER)) as disco,
    ):
        searchers: dict[str, Bm25Searcher | DiscoSearcher] = {"BM25": bm25, "SPLADE": splade, "DiSCo": disco}
        for condition in CONDITIONS:
            say(f"searching: {condition.system}, {condition.form}")
            rows.append(_search(folder, condition, searchers[condition.system], queries))
    return rows


def sentence(rows: Sequence[Row]) -> str:
    """What the table shows, in one line."""
    ndcg = {row.condition: row.evaluation.mean("nDCG@3") for row in rows}
    disco = ndcg[Condition("DiSCo", "conversation")]
    human = ndcg[Condition("SPLADE", "human")]
    utterance = ndcg[Condition("SPLADE", "utterance")]
    return (
        f"Reading the conversation itself, DiSCo reaches {100 * disco / human:.0f} % of the nDCG@3 of SPLADE on human "
        f"rewrites ({disco:.3f} of {human:.3f}) without any rewriting, and {100 * (disco - utterance):.0f} points more "
        f"than SPLADE on the last utterance ({utterance:.3f})."
    )


@dataclass(frozen=True, slots=True)
class Example:
    """A turn whose answer DiSCo finds first, and SPLADE on the last utterance does not."""

    query: Query
    by_splade: str
    by_disco: str


def example(folder: Path) -> Example | None:
    """Return the first such turn, from the third turn of a conversation on, with the passages found."""
    collection = open_collection(COLLECTION)
    qrels = collection.qrels(SPLIT)
    contents = {passage.id: passage.contents for passage in collection.passages(SPLIT)}
    best = {
        name: {qid: max(hits, key=hits.__getitem__) for qid, hits in read_run(folder / f"run.{name}.txt").items()}
        for name in ("splade.utterance", "disco.conversation")
    }
    for query in collection.queries(SPLIT):
        splade, disco = best["splade.utterance"].get(query.qid), best["disco.conversation"].get(query.qid)
        relevant = qrels.get(query.qid, {})
        if splade and disco and query.depth >= 3 and disco in relevant and splade not in relevant:
            return Example(query, contents[splade], contents[disco])
    return None


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """A question in real English, and the best passages for it: in its conversation, and for the question alone."""

    question: str
    docid: str
    text: str
    docid_alone: str


def run_chat(folder: Path, say: Callable[[str], None]) -> list[ChatTurn]:
    """Index documentation strings of the standard library with the encoder for English, and ask about them."""
    say(f"encoding {CHAT_CORPUS} with {DEFAULT_ENCODER}")
    document = document_encoder(DEFAULT_ENCODER)
    index = index_passages(
        read_passages(CHAT_CORPUS, splitter=splitter_for(document)), folder / "index.pydoc", encoder=document
    )
    turns: list[ChatTurn] = []
    with DiscoSearcher(index, query_encoder(DEFAULT_ENCODER)) as searcher:
        for question in CHAT:
            history = [(turn.question, turn.text) for turn in turns]
            [best] = searcher.search(Conversation.from_history(question, history), k=1)
            [alone] = searcher.search(question, k=1)
            turns.append(ChatTurn(question, best.docid, best.text or "", alone.docid))
    return turns


def stock_command(folder: Path, output: Path) -> str:
    """The Pyserini command that writes the DiSCo row's run again."""
    return (
        f"python -m pyserini.search.lucene --impact --encoder disco --index {folder / 'index'} "
        f"--topics {folder / 'topics.conversation.tsv'} --output {output} --hits {HITS}"
    )


def _search(
    folder: Path, condition: Condition, searcher: Bm25Searcher | DiscoSearcher, queries: Sequence[Query]
) -> Row:
    topics_path = folder / f"topics.{condition.form}.tsv"
    write_topics(topic_texts(queries, condition.form)[0], topics_path)
    # The searches read the file back, so that what is measured is what the file says.
    topics = read_topics(topics_path)
    searcher.batch_search([next(iter(topics.values()))], ["warm-up"])
    started = perf_counter()
    results: dict[str, Sequence[Hit]] = {}
    for qid, text in topics.items():
        results |= searcher.batch_search([text], [qid], HITS)
    milliseconds = 1000 * (perf_counter() - started) / len(topics)
    run = folder / f"run.{condition.name}.txt"
    write_run(dict(sorted(results.items())), run)
    return Row(
        condition,
        evaluate(read_run(run), read_qrels(folder / f"qrels.{SPLIT}.txt"), DEFAULT_MEASURES),
        fmean(len(searcher.query_terms(text)) for text in topics.values()),
        milliseconds,
    )


_MARKER = ".disco-demo"


def _clear(folder: Path) -> None:
    """Empty a folder of an earlier demonstration; refuse any other that is not empty."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise InputError(f"{folder} holds something else: name an empty folder with --output")
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    with write_aside(folder / _MARKER):
        pass
