"""What ``--topics``, ``--qrels``, ``--turns`` and ``--corpus`` name.

Each takes files of its own, or ``COLLECTION/SPLIT`` (for topics, ``COLLECTION/SPLIT/QUERY``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from disco_pyserini.datasets.registry import names_split, open_split, split_topics_name
from disco_pyserini.datasets.rewrites import with_form
from disco_pyserini.datasets.turns import Query, depth_of, topic_texts
from disco_pyserini.errors import InputError
from disco_pyserini.files import exists
from disco_pyserini.passages import Passage, read_passages
from disco_pyserini.trec import Qrels, Topics, read_qrels, read_topics

logger = logging.getLogger(__name__)


def open_topics(name: str) -> Topics:
    """Read the query texts that a topics file or ``COLLECTION/SPLIT/QUERY`` names.

    Raises:
        InputError: there is no such file nor collection, or a line that Pyserini would misread.
    """
    if exists(name) and Path(name).is_file():
        return read_topics(Path(name))
    if (named := named_topics(name)) is not None:
        return named
    raise InputError(
        f"{name}: expected a topics file with lines of qid<TAB>text, or COLLECTION/SPLIT/QUERY, found neither: for "
        "topics that Pyserini knows by name, run python -m pyserini.search.lucene with the same options"
    )


def in_pyserini_order(topics: Topics) -> Topics:
    """Sort topics in the order in which Pyserini answers them: by id, as numbers if all ids are numbers."""
    numbers = all(qid.isascii() and qid.isdecimal() and int(qid) < 1 << 31 for qid in topics)
    return {qid: topics[qid] for qid in sorted(topics, key=int if numbers else str)}


def named_topics(name: str) -> Topics | None:
    """Return the texts that ``COLLECTION/SPLIT/QUERY`` names, by query id, and log their counts.

    None for a name that is not of this form, or of no collection that is known here.

    Raises:
        InputError: the collection has no such split or query, or its files are missing.
    """
    if "/" not in name or not (ours := split_topics_name(name)):
        return None
    collection, split = open_split(ours[0])
    queries, surplus = with_form(collection.queries(split), ours[1])
    texts, missing = topic_texts(queries, ours[1])
    incomplete = missing or surplus
    logger.log(
        logging.WARNING if incomplete else logging.INFO,
        "%s: %s topics; left out, without this rewrite: %s; rewrites of no turn: %s",
        name,
        *(f"{len(counted):,}" for counted in (texts, missing, surplus)),
    )
    return texts


def open_qrels(name: str) -> Qrels:
    """Read the judgments in a file of TREC qrels, or those of ``COLLECTION/SPLIT``.

    Raises:
        InputError: there is no such file nor collection, it has no judgments, or a line is malformed.
    """
    if exists(name) and Path(name).is_file():
        return read_qrels(Path(name))
    collection, split = open_split(name)
    return collection.qrels(split)


def open_turns(name: str) -> dict[str, Query]:
    """Read the turns in ``turns.jsonl``, or those of ``COLLECTION/SPLIT``, by query id.

    Raises:
        InputError: there is no such file nor collection, or it is malformed.
    """
    collection, split = open_split(name)
    return {query.qid: query for query in collection.queries(split)}


def open_passages(name: str) -> Iterator[Passage]:
    """Read the passages of ``COLLECTION/SPLIT``, or those in the files that `read_passages` reads.

    A file or folder that exists is read as a corpus, even if a collection has the same name.

    Raises:
        InputError: no such file or collection, the collection has no passages, or a file is malformed.
    """
    return named_passages(name) or read_passages(name)


def named_passages(name: str) -> Iterator[Passage] | None:
    """Return the passages of ``COLLECTION/SPLIT``; None for a file or folder that exists, and for any other name.

    Raises:
        InputError: the collection has no such split or no passages, or its files are missing.
    """
    if exists(name) or not names_split(name):
        return None
    collection, split = open_split(name)
    return collection.passages(split)


def turn_depths(qids: Iterable[str], turns: str | None) -> dict[str, int]:
    """Return the turn depth of each query: as ``turns`` says or, without it, as its id ends."""
    if turns:
        return {qid: query.depth for qid, query in open_turns(turns).items()}
    return {qid: depth_of(qid) for qid in qids}
