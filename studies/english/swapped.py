"""Human conversations about somebody else: the person's name exchanged in every turn, answer and rewrite.

The follow-ups and their rewrites are those that people wrote, and the name to restore is another one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.turns import Query

_FULL_NAME = re.compile(r"[A-Z][\w'.-]+(?: [A-Z][\w'.-]+){1,2}")


def with_other_names(queries: Iterable[Query], names: Mapping[str, Sequence[str]], rng: Random) -> Iterator[Query]:
    """Yield the turns of conversations about a person, each conversation with another name.

    Args:
        queries: turns; the first utterance of a conversation is the person's name, as in CANARD.
        names: full names by pronoun, ``he`` and ``she``.
        rng: draws the names.
    """
    conversations: dict[str, list[Query]] = defaultdict(list)
    for query in queries:
        conversations[query.conversation_id].append(query)
    for conversation in conversations.values():
        old = conversation[0].conversation.turns[0].utterance
        pronoun = _pronoun(conversation)
        if not _FULL_NAME.fullmatch(old) or not names.get(pronoun):
            continue
        exchange = _exchange(old, rng.choice(names[pronoun]))
        for query in conversation:
            yield _exchanged(query, exchange)


def _pronoun(conversation: Sequence[Query]) -> str:
    said = Counter(
        word for query in conversation for word in query.conversation.utterance.lower().replace("?", " ").split()
    )
    he, she = (sum(said[word] for word in words) for words in (("he", "his", "him"), ("she", "her", "hers")))
    return "he" if he > 2 * she else "she" if she > 2 * he else ""


def _exchange(old: str, new: str) -> dict[str, str]:
    """Return what to write for the full name, the last name and the first name."""
    olds, news = old.split(), new.split()
    return {old: new, olds[-1]: news[-1], olds[0]: news[0]}


def _exchanged(query: Query, exchange: Mapping[str, str]) -> Query:
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, exchange)) + r")\b")
    lower = {old.lower(): new for old, new in exchange.items()}

    def swap(text: str) -> str:
        return re.sub(pattern.pattern, lambda found: lower[found[0].lower()], text, flags=re.IGNORECASE)

    name = f"swapped-{query.conversation_id}"
    return Query(
        qid=f"{name}_{query.depth}",
        conversation_id=name,
        conversation=Conversation(
            tuple(
                Turn(swap(turn.utterance), turn.response and swap(turn.response)) for turn in query.conversation.turns
            )
        ),
        rewrites={"human": swap(query.rewrites["human"])},
    )
