"""Judged turns: where the conversation wins and loses against a rewrite, with the index that is served."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import batched

from disco_pyserini.conversation import Conversation
from disco_pyserini.datasets.named import open_qrels, open_turns
from disco_pyserini.errors import InputError
from disco_pyserini.reproduction.turn_comparison import compare_hits
from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.serving.page_models import JudgedTurn, JudgedTurns

_DEPTH = 100
_BATCH = 32


def judge_turns(
    searcher: DiscoSearcher,
    turns: str,
    qrels: str,
    rewrite: str = "human",
    measure: str = "nDCG@3",
    progress: Callable[[int], None] = lambda turns: None,
) -> JudgedTurns:
    """Search with each judged turn, as a conversation and as its rewrite, and compare the two.

    Args:
        searcher: the index and its encoder, which encodes both.
        turns: ``COLLECTION/SPLIT``, or a turns.jsonl file.
        qrels: ``COLLECTION/SPLIT``, or a file of TREC qrels.
        rewrite: the name of the rewrite. Turns without it are left out.
        measure: as ir_measures spells it.
        progress: called with the number of turns done since the last call.

    Raises:
        InputError: a file is missing or malformed, no judged turn has this rewrite, or the measure is unknown.
    """
    judgments, queries = open_qrels(qrels), open_turns(turns)
    chosen = [query for query in queries.values() if query.qid in judgments and rewrite in query.rewrites]
    if not chosen:
        names = sorted({name for query in queries.values() for name in query.rewrites})
        raise InputError(
            f"{turns}: expected turns with judgments in {qrels} and a rewrite named {rewrite!r}, found none; "
            f"rewrites here: {', '.join(names) or 'none'}: name one with --rewrite"
        )
    runs: dict[str, dict[str, dict[str, float]]] = {"rewrite": {}, "conversation": {}}
    for batch in batched(chosen, _BATCH):
        qids = [query.qid for query in batch]
        for name, texts in (
            ("rewrite", [query.text(rewrite) for query in batch]),
            ("conversation", [query.conversation for query in batch]),
        ):
            for qid, hits in searcher.batch_search(texts, qids, _DEPTH).items():
                runs[name][qid] = {hit.docid: hit.score for hit in hits}
        progress(len(batch))
    judged = {query.qid: judgments[query.qid] for query in chosen}
    found = compare_hits(runs, judged, queries, measure)
    [other] = found.others
    rows = [
        JudgedTurn(
            qid=query.qid,
            conversation_id=query.conversation_id,
            depth=query.depth,
            utterance=query.conversation.utterance,
            rewrite=query.text(rewrite),
            rewrite_score=found.baseline.scores[query.qid],
            conversation_score=other.run.scores[query.qid],
            difference=other.differences[query.qid],
            messages=messages_of(query.conversation),
            relevant=_relevant(judged[query.qid]),
        )
        for query in chosen
    ]
    return JudgedTurns(
        name=turns,
        measure=measure,
        rewrite=rewrite,
        rewrite_mean=found.baseline.mean,
        conversation_mean=other.run.mean,
        p=None if math.isnan(other.p) else other.p,
        turns=sorted(rows, key=lambda row: -row.difference),
    )


def messages_of(conversation: Conversation) -> list[dict[str, str]]:
    """Return a conversation up to its last utterance as chat messages."""
    messages = []
    for turn in conversation.turns[:-1]:
        messages.append({"role": "user", "content": turn.utterance})
        if turn.response:
            messages.append({"role": "assistant", "content": turn.response})
    return [*messages, {"role": "user", "content": conversation.utterance}]


def _relevant(grades: Mapping[str, int]) -> list[str]:
    return sorted((docid for docid, grade in grades.items() if grade > 0), key=lambda docid: (-grades[docid], docid))
