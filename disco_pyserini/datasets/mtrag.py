"""MTRAG and MTRAG-UN: conversations with a retrieval-augmented assistant in several domains, in the layout of BEIR.

Each split is a domain with its own passages. Ids are as published: conversation id, ``<::>``, turn number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.benchmark import Benchmark, find, need
from disco_pyserini.datasets.json_records import JsonObject, read_objects
from disco_pyserini.datasets.resources import Resource, Terms
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError
from disco_pyserini.passages import Passage, read_passages
from disco_pyserini.trec import Qrels, read_qrels

_COMMIT = "cc5b1d481b391181b89f7ced860308482e785463"
_RAW = f"https://raw.githubusercontent.com/IBM/mt-rag-benchmark/{_COMMIT}/"
_DOMAINS = ("clapnq", "cloud", "fiqa", "govt")
_REFERENCE = {
    "mtrag": "mtrag-human/generation_tasks/reference.jsonl",
    "mtrag-un": "mtragun-human/generation_tasks/reference.jsonl",
}
_MARKER = re.compile(r"(?:\A|\n)\s*\|(user|agent|assistant|system)\|:")


def _retrieval(domain: str, file: str) -> str:
    return f"mtrag-human/retrieval_tasks/{domain}/{file}"


def _mtrag_queries(folder: Path, split: str) -> Iterator[Query]:
    """Read the turns of ``*_lastturn.jsonl``. Only the generation tasks contain the assistant's responses."""
    last = need("mtrag", folder, _retrieval(split, f"{split}_lastturn.jsonl"))
    reference = find(folder, _REFERENCE["mtrag"])
    whole = {record.label("task_id"): record for record in read_objects(reference)} if reference else {}
    questions = _texts(find(folder, _retrieval(split, f"{split}_questions.jsonl")))
    rewrites = _texts(find(folder, _retrieval(split, f"{split}_rewrite.jsonl")))
    for record in read_objects(last):
        qid, utterance = record.label("_id"), _said(record)[-1].utterance
        if qid in whole:
            history, response = _dialogue(whole[qid])[:-1], _target(whole[qid])
        else:
            history, response = (_said(questions[qid])[:-1] if qid in questions else []), None
        rewrite = {"rewrite": _said(rewrites[qid])[-1].utterance} if qid in rewrites else {}
        yield Query(qid, qid.partition("<::>")[0], Conversation((*history, Turn(utterance, response))), rewrite)


def _texts(path: Path | None) -> dict[str, JsonObject]:
    return {record.label("_id"): record for record in read_objects(path)} if path else {}


def _said(record: JsonObject) -> list[Turn]:
    """Return the turns in a text such as ``|user|: … |user|: …``; a text without markers is one turn."""
    _, *pieces = _MARKER.split("\n|user|:" + record.text("text").removeprefix("|user|:"))
    said: list[Turn] = []
    for speaker, text in zip(pieces[::2], pieces[1::2], strict=True):
        _say(said, speaker, text.strip(), record)
    if not said or not said[-1].utterance or said[-1].response is not None:
        raise record.wrong("text", "what a user says, at last", record.fields["text"])
    return said


def _say(said: list[Turn], speaker: str, text: str, record: JsonObject) -> None:
    if speaker == "user":
        said.append(Turn(text))
    elif said and said[-1].response is None:
        said[-1] = Turn(said[-1].utterance, text)
    else:
        raise InputError(f"{record.where}: expected a turn of the user before this one of the {speaker}: {text!r:.80}")


def _mtragun_queries(folder: Path, split: str) -> Iterator[Query]:
    for record in read_objects(need("mtrag-un", folder, _REFERENCE["mtrag-un"])):
        if split in record.text("Collection"):
            qid, dialogue = record.label("task_id"), _dialogue(record)
            last = Turn(dialogue[-1].utterance, _target(record))
            yield Query(qid, record.label("conversation_id"), Conversation((*dialogue[:-1], last)))


def _dialogue(record: JsonObject) -> list[Turn]:
    said: list[Turn] = []
    for one in record.records("input"):
        _say(said, one.text("speaker"), one.text("text").strip(), one)
    if not said or said[-1].response is not None:
        raise record.wrong("input", "a dialogue that ends with the user", record.fields["input"])
    return said


def _target(record: JsonObject) -> str | None:
    targets = record.records("targets") if "targets" in record.fields else []
    return targets[0].optional("text") if targets else None


def _qrels(name: str, folder: Path, split: str) -> Qrels:
    if name == "mtrag":
        path = need(name, folder, _retrieval(split, "qrels/dev.tsv"), parts=3)
    else:
        path = need(name, folder, f"mtragun-human/retrieval_tasks/qrels/{split}.tsv", parts=2)
    return read_qrels(path, _fields, "query-id<TAB>corpus-id<TAB>score")


def _fields(line: str) -> tuple[str, str, str] | None:
    fields = line.split("\t")
    if fields == ["query-id", "corpus-id", "score"]:
        return None
    qid, docid, score = fields
    return qid, _passage_id(docid), score


def _passage_id(spelled: str) -> str:
    return "%20".join(spelled.split())


def _passages(name: str, folder: Path, split: str) -> Iterator[Passage]:
    path = need(name, folder, f"corpora/passage_level/{split}.jsonl", f"corpora/passage_level/{split}.json")
    return read_passages(str(path), spell=_passage_id)


def _file(path: str) -> Resource:
    return Resource(path, (_RAW + path,))


def _corpus(domain: str) -> Resource:
    # The published pages disagree on the names of the files in the archives.
    paths = [f"corpora/passage_level/{domain}.{kind}.zip" for kind in ("jsonl", "json")]
    return Resource(paths[0], tuple(_RAW + path for path in paths), archive=True, required=False)


def _mtrag(name: str, title: str, resources: tuple[Resource, ...]) -> Benchmark:
    return Benchmark(
        name=name,
        title=title,
        terms=Terms(
            licence="Apache-2.0 (the repository); the passages have the terms of their own sources",
            source="https://github.com/IBM/mt-rag-benchmark",
        ),
        resources=(*resources, _file(_REFERENCE[name]), *map(_corpus, _DOMAINS)),
        splits=dict.fromkeys(_DOMAINS),
        queries=_mtrag_queries if name == "mtrag" else _mtragun_queries,
        qrels=partial(_qrels, name),
        passages=partial(_passages, name),
        passages_by_split=True,
    )


MTRAG = _mtrag(
    "mtrag",
    "MTRAG, 110 conversations in four domains, each a split with passages of its own",
    tuple(
        _file(_retrieval(domain, file))
        for domain in _DOMAINS
        for file in (*(f"{domain}_{kind}.jsonl" for kind in ("lastturn", "questions", "rewrite")), "qrels/dev.tsv")
    ),
)
MTRAG_UN = _mtrag(
    "mtrag-un",
    "MTRAG-UN, hard turns of 666 conversations in the domains of MTRAG",
    tuple(_file(f"mtragun-human/retrieval_tasks/qrels/{domain}.tsv") for domain in _DOMAINS),
)
