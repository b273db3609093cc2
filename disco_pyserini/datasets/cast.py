"""TREC CAsT 2019 to 2022: the Conversational Assistance Track.

Turns have ids like ``31_4``. System responses differ by year: none in 2019, only passage ids in 2020, the passage shown
in 2021, a written response in 2022. The 2022 conversations are trees: a turn may have several continuations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from disco_pyserini.conversation import Turn
from disco_pyserini.datasets.benchmark import Benchmark, find, make_query, merge_rewrites, need, no_qrels
from disco_pyserini.datasets.json_records import JsonObject, read_array
from disco_pyserini.datasets.resources import Resource, Terms
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import read_text_lines
from disco_pyserini.passages import Passage, read_passages
from disco_pyserini.trec import Qrels, read_qrels, read_topics

_COMMIT = "33846610b736da392efeab00e4c6f4519e0dacf1"
_SOURCE = "https://github.com/daltonj/treccastweb"
_RAW = f"https://raw.githubusercontent.com/daltonj/treccastweb/{_COMMIT}/"
_NIST = "https://trec.nist.gov/data/cast/"
_LICENCE = "MIT (topics and judgments); the passages have the terms of their own sources"

_WASHINGTON_POST = (
    "The passages are not downloaded here. Those of the Washington Post need an agreement with NIST "
    "(https://trec.nist.gov/data/wapost/); MS MARCO documents and KILT's Wikipedia come from their own sites, and the "
    f"organisers' scripts cut all of them into passages ({_SOURCE})."
)


def _topics(path: str, md5: str, size: int, required: bool = True) -> Resource:
    return Resource(path.rpartition("/")[2], (_RAW + path,), f"md5:{md5}", size, required=required)


# 2019


def _queries_2019(folder: Path, split: str) -> Iterator[Query]:
    topics, resolved = {
        "test": ("evaluation_topics_v1.0", "evaluation_topics_annotated_resolved_v1.0.tsv"),
        "train": ("train_topics_v1.0", "train_topic_sample_annotated_resolved_v1.0.tsv"),
    }[split]
    path = need("cast2019", folder, f"{topics}.json", f"{topics}.txt")
    rewrites = find(folder, resolved)
    human = read_topics(rewrites) if rewrites else {}
    queries = list(_linear(path) if path.suffix == ".json" else _plain_text(path))
    if surplus := human.keys() - {query.qid for query in queries}:
        raise InputError(f"{rewrites}: expected ids of turns in {path}, found {min(surplus)!r}, which is none of them")
    rewritten = (
        make_query(query.conversation_id, query.qid.rpartition("_")[2], (), query.conversation.utterance, human=text)
        for query in queries
        if (text := human.get(query.qid))
    )
    return merge_rewrites(queries, rewritten)


def _plain_text(path: Path) -> Iterator[Query]:
    """Read plain-text topics: lines of ``Number:``, ``Title:``, ``Description:``, and a number, a tab and a turn."""
    topic, history = "", list[Turn]()
    for number, line in read_text_lines(path):
        text = line.strip()
        if match := re.fullmatch(r"Number:\s*(\d+)", text):
            topic, history = match[1], []
        elif match := re.fullmatch(r"(\d+) *\t(.+)", text):
            yield make_query(topic, match[1], history, match[2])
            history.append(Turn(match[2]))
        elif text and not text.startswith(("Title:", "Description:")):
            raise InputError(f"{path}:{number}: expected a turn's number, a tab and its text, found {text!r:.80}")


# 2020 and 2021


def _queries_2020(folder: Path, split: str) -> Iterator[Query]:
    if split == "annotated":
        return _linear(need("cast2020", folder, "automatic_evaluation_topics_annotated_v1.1.json"))
    manual, automatic = (f"2020_{kind}_evaluation_topics_v1.0.json" for kind in ("manual", "automatic"))
    return _linear(need("cast2020", folder, manual, automatic))


def _queries_2021(folder: Path, split: str) -> Iterator[Query]:
    manual, automatic = (f"2021_{kind}_evaluation_topics_v1.0.json" for kind in ("manual", "automatic"))
    return _linear(need("cast2021", folder, manual, automatic))


def _linear(path: Path) -> Iterator[Query]:
    for topic in read_array(path):
        history: list[Turn] = []
        for turn in topic.records("turn"):
            query = make_query(
                topic.label("number"),
                turn.label("number"),
                history,
                turn.text("raw_utterance"),
                turn.optional("passage"),
                human=turn.optional("manual_rewritten_utterance"),
                automatic=turn.optional("automatic_rewritten_utterance"),
            )
            yield query
            history.append(query.conversation.turns[-1])


# 2022


def _queries_2022(folder: Path, split: str) -> Iterable[Query]:
    kinds = ("2022_{}evaluation_topics_tree_v1.0.json", "2022_{}evaluation_topics_flattened_duplicated_v1.0.json")
    manual, automatic = [[kind.format(who) for kind in kinds] for who in ("", "automatic_")]
    path = need("cast2022", folder, *manual, *automatic)
    queries = _tree_or_paths(path)
    other = next((found for name in automatic if (found := find(folder, name))), None)
    return merge_rewrites(queries, _tree_or_paths(other)) if other and path.name in manual else queries


def _tree_or_paths(path: Path) -> Iterator[Query]:
    return _trees(path) if "_tree_" in path.name else _paths(path)


def _trees(path: Path) -> Iterator[Query]:
    """Yield each user turn once. Its history is the path from the root, its response the first of its responses."""
    for topic in read_array(path):
        number = topic.label("number")
        nodes: dict[str, JsonObject] = {}
        histories: dict[str, tuple[Turn, ...]] = {}  # for the children of a turn
        responses: dict[str, str] = {}
        for node in topic.records("turn"):
            name, parent = node.label("number"), node.label("parent") if node.fields.get("parent") else None
            if name in nodes:
                raise InputError(f"{node.where}: turn {name!r} is already in this tree")
            if parent is not None and parent not in nodes:
                raise node.wrong("parent", "an earlier turn of this tree", parent)
            before = histories[parent] if parent else ()
            nodes[name] = node
            if node.text("participant") == "User":
                histories[name] = (*before, Turn(node.text("utterance")))
            elif node.text("participant") == "System" and before and before[-1].response is None:
                response = node.text("response")
                histories[name] = (*before[:-1], Turn(before[-1].utterance, response))
                responses.setdefault(str(parent), response)
            else:
                raise node.wrong("participant", "User, or System after a turn of the user", node.fields["participant"])
        for name, node in nodes.items():
            if node.fields["participant"] == "User":
                *history, _ = histories[name]
                yield _tree_turn(number, name, history, node, responses.get(name))


def _paths(path: Path) -> Iterator[Query]:
    """Yield each turn once, from conversations that repeat their shared beginnings."""
    seen: dict[str, tuple[tuple[Turn, ...], Query]] = {}
    for topic in read_array(path):
        history: list[Turn] = []
        for turn in topic.records("turn"):
            name, response = turn.label("number"), turn.optional("response")
            query = _tree_turn(topic.label("number"), name, history, turn, response)
            before = (*history, Turn(query.conversation.utterance))
            if query.qid not in seen:
                seen[query.qid] = before, query
                yield query
            elif (seen[query.qid][0], seen[query.qid][1].rewrites) != (before, query.rewrites):
                raise InputError(f"{turn.where}: turn {query.qid} stands here with another text or history than before")
            history.append(Turn(query.conversation.utterance, response))


def _tree_turn(topic: str, name: str, history: Iterable[Turn], turn: JsonObject, response: str | None) -> Query:
    return make_query(
        topic,
        name,
        history,
        turn.text("utterance"),
        response,
        human=turn.optional("manual_rewritten_utterance"),
        automatic=turn.optional("automatic_rewritten_utterance"),
    )


# Judgments


def _qrels(name: str, files: dict[str, str], in_ir_datasets: dict[str, str], folder: Path, split: str) -> Qrels:
    if split not in files:
        raise no_qrels(name, split)
    if split in in_ir_datasets and not find(folder, files[split]):
        return _from_ir_datasets(name, in_ir_datasets[split])
    return read_qrels(need(name, folder, files[split]), _fields)


def _fields(line: str) -> tuple[str, str, str]:
    """Return query id, document id and grade; the passage number may be separate (``MARCO_50 -3``)."""
    qid, _, *docid, grade = line.split()
    if not docid:
        raise ValueError("the document id is missing")
    return qid, "".join(docid), grade


def _passages(corpora: dict[str, str], folder: Path, split: str) -> Iterator[Passage]:
    return read_passages(f"irds:{corpora[split]}")


def _from_ir_datasets(name: str, theirs: str) -> Qrels:
    import ir_datasets

    qrels: Qrels = {}
    try:
        for qrel in ir_datasets.load(theirs).qrels_iter():
            qrels.setdefault(qrel.query_id, {})[qrel.doc_id] = qrel.relevance
    except Exception as problem:  # ir_datasets passes on any download error
        raise DiscoError(
            f"{name}: ir_datasets could not give the judgments of {theirs}: {problem}: "
            f"`disco data get {name}` fetches them as well"
        ) from problem
    return qrels


_IN_IR_DATASETS_2019 = {"test": "trec-cast/v1/2019", "train": "trec-cast/v0/train"}
_IN_IR_DATASETS_2020 = {"test": "trec-cast/v1/2020"}

CAST2019 = Benchmark(
    name="cast2019",
    title="TREC CAsT 2019, over MS MARCO passages and Wikipedia (CAR)",
    terms=Terms(_LICENCE, _SOURCE),
    resources=(
        _topics("2019/data/evaluation/evaluation_topics_v1.0.json", "362283885194feefcab8441d2bb24f7c", 57204),
        _topics(
            "2019/data/evaluation/evaluation_topics_annotated_resolved_v1.0.tsv",
            "bf8d3e1eb7183c8e18f402bb929babd1",
            24112,
        ),
        Resource(
            "2019qrels.txt",
            (_NIST + "2019qrels.txt", _RAW + "2019/data/2019qrels.txt"),
            "md5:aab238105020c4cd55fae60dedfa9f1e",
            1138032,
        ),
        _topics("2019/data/training/train_topics_v1.0.json", "2017389f5bbea04478574c6e84d65482", 32800),
        _topics(
            "2019/data/training/train_topic_sample_annotated_resolved_v1.0.tsv",
            "0a8e16f71f351cd37804d564a32f293d",
            1278,
        ),
        _topics("2019/data/training/train_topics_mod.qrel", "84af27620dfc009f1f76a58e3d9d6c40", 80964),
    ),
    splits={"test": 479, "train": 269},
    queries=_queries_2019,
    qrels=partial(
        _qrels, "cast2019", {"test": "2019qrels.txt", "train": "train_topics_mod.qrel"}, _IN_IR_DATASETS_2019
    ),
    # The judgments of the training turns include the Washington Post, those of the test turns do not.
    passages=partial(_passages, {"test": "trec-cast/v1", "train": "trec-cast/v0"}),
    ir_datasets=_IN_IR_DATASETS_2019,
)

CAST2020 = Benchmark(
    name="cast2020",
    title="TREC CAsT 2020, over MS MARCO passages and Wikipedia (CAR)",
    terms=Terms(_LICENCE, _SOURCE),
    resources=(
        _topics("2020/2020_manual_evaluation_topics_v1.0.json", "98ae2be2c82e294895a83e76b4133e19", 78998),
        _topics("2020/2020_automatic_evaluation_topics_v1.0.json", "2113c0491d0218618e82f6d85db42af7", 58438),
        _topics("2020/automatic_evaluation_topics_annotated_v1.1.json", "1ce7fd4d5bb2746bb5fb51564eb1b1b5", 61080),
        Resource(
            "2020qrels.txt",
            (_NIST + "2020qrels.txt", _RAW + "2020/2020qrels.txt"),
            "md5:de6a8406217945bdbf1da304214ef60c",
            1563427,
        ),
    ),
    splits={"test": 216, "annotated": 217},
    queries=_queries_2020,
    qrels=partial(_qrels, "cast2020", {"test": "2020qrels.txt"}, _IN_IR_DATASETS_2020),
    passages=partial(_passages, dict.fromkeys(("test", "annotated"), "trec-cast/v1")),
    ir_datasets=_IN_IR_DATASETS_2020,
)

CAST2021 = Benchmark(
    name="cast2021",
    title="TREC CAsT 2021, over MS MARCO documents, Wikipedia (KILT) and the Washington Post; judged by document",
    terms=Terms(_LICENCE, _SOURCE, _WASHINGTON_POST),
    resources=(
        _topics("2021/2021_manual_evaluation_topics_v1.0.json", "eafb4d4c5b914baab02a71c474e4ecc4", 364897),
        _topics("2021/2021_automatic_evaluation_topics_v1.0.json", "8b99d261f85856646a26901d90d9f394", 335606),
        _topics("2021/trec-cast-qrels-docs.2021.qrel", "3393d7d2fbf8771511e3cf2448ad3dad", 507215),
    ),
    splits={"test": 239},
    queries=_queries_2021,
    qrels=partial(_qrels, "cast2021", {"test": "trec-cast-qrels-docs.2021.qrel"}, {}),
)

CAST2022 = Benchmark(
    name="cast2022",
    title="TREC CAsT 2022, trees of conversations over MS MARCO v2, Wikipedia (KILT) and the Washington Post",
    terms=Terms(_LICENCE, _SOURCE, _WASHINGTON_POST),
    resources=(
        _topics("2022/2022_evaluation_topics_tree_v1.0.json", "a2996adf88b3933816f65ad5536c7860", 252600),
        _topics("2022/2022_automatic_evaluation_topics_tree_v1.0.json", "d6f467bbad98be1a5de14d07bfaff021", 251019),
        _topics(
            "2022/2022_evaluation_topics_flattened_duplicated_v1.0.json",
            "2547fed1b0e1905b696bd806a5f27c54",
            293510,
            required=False,
        ),
        _topics(
            "2022/2022_automatic_evaluation_topics_flattened_duplicated_v1.0.json",
            "c18fdb788978d0b46347652f079cdbfc",
            291272,
            required=False,
        ),
        Resource("2022-qrels.txt", (_NIST + "2022-qrels.txt",), "md5:1d1ffe3d3a3a7fc64278ac7cc72b8bde", 1435510),
    ),
    splits={"test": 205},
    queries=_queries_2022,
    qrels=partial(_qrels, "cast2022", {"test": "2022-qrels.txt"}, {}),
)
