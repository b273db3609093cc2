"""What ``--topics`` names: a file, or the queries of a collection as ``COLLECTION/SPLIT/QUERY``."""

from __future__ import annotations

import sys
from pathlib import Path

from disco_pyserini.datasets.collection import read_topics
from disco_pyserini.errors import InputError


def open_topics(name: str) -> dict[str, str]:
    """Read topics in the order in which Pyserini answers them: by id, as numbers if all ids are some.

    Raises:
        InputError: there is no such file nor collection, or a line that Pyserini would misread.
    """
    if Path(name).is_file():
        topics = read_topics(Path(name))
    elif (named := named_topics(name)) is not None:
        topics = named
    else:
        raise InputError(
            f"{name}: expected a topics file with lines of qid<TAB>text, or COLLECTION/SPLIT/QUERY, found neither: for "
            "topics that Pyserini knows by name, run python -m pyserini.search.lucene with the same options"
        )
    numbers = all(qid.isascii() and qid.isdecimal() and int(qid) < 1 << 31 for qid in topics)
    return {qid: topics[qid] for qid in sorted(topics, key=int if numbers else str)}


def named_topics(name: str) -> dict[str, str] | None:
    """Return the texts that ``COLLECTION/SPLIT/QUERY`` names, by query id, and print their counts to standard error.

    None for a name that is not of this form, or of no collection that is known here.

    Raises:
        InputError: the collection has no such split or query, or its files are not here.
    """
    if "/" not in name:
        return None
    from disco_pyserini.datasets.collection import topic_texts
    from disco_pyserini.datasets.registry import open_split, split_topics_name
    from disco_pyserini.datasets.rewrites import with_form

    if not (ours := split_topics_name(name)):
        return None
    collection, split = open_split(ours[0])
    queries, surplus = with_form(collection.queries(split), ours[1])
    texts, missing = topic_texts(queries, ours[1])
    counts = f"{name}: {len(texts):,} topics; left out, without this rewrite: {len(missing):,}"
    print(f"{counts}; rewrites of no turn: {len(surplus):,}", file=sys.stderr)
    return texts
