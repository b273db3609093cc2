"""Conversations of search queries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.turns import Query
from disco_pyserini.encoding import DiscoDocumentEncoder
from studies.english.elision import Form, choose, elided, styled, without_thanks
from studies.english.facts import Text, answer, sentences_of
from studies.english.marco import Asked, talk
from studies.english.passage_search import PassageSearch, encode
from studies.english.walks import MadeTurn, sentence


def question_walks(
    things: Sequence[Asked], texts: Sequence[Text], search: PassageSearch, encoder: DiscoDocumentEncoder, rng: Random
) -> Iterator[MadeTurn]:
    """Yield conversations of search queries, answered by passages that name the thing where there are any."""
    talks = [(thing, list(talk(thing, rng))) for thing in things]
    asked = [question.full() for _, questions in talks for question in questions]
    best = iter(search.best(encode(asked, encoder), 3)[1].tolist())
    for number, (thing, questions) in enumerate(talks):
        name, turns, previous = f"queries-{number}", list[Turn](), None
        bare = re.sub(r"^(an?|the) ", "", thing.referent.name)
        used: set[tuple[int, int]] = set()
        for place, question in enumerate(questions, 1):
            rows = [row for row in next(best) if re.search(rf"\b{re.escape(bare)}\b", texts[row].full(), re.IGNORECASE)]
            text, how = question.full(), "first"
            if previous is not None:
                forms = elided(question, "", thing.referent, None, rng)
                form = choose(forms, rng) if forms else Form(text, "named")
                text, how = form.text, form.how
            utterance = styled(text, rng, first=previous is None)
            alone = text == question.full()
            rewrite = without_thanks(utterance) if alone else sentence(question.full())
            query = Query(f"{name}_{place}", name, Conversation((*turns, Turn(utterance))), {"human": rewrite})
            if len(questions) > 1:
                yield MadeTurn(query, how, -1)
            turns.append(Turn(utterance, _response(texts, rows, bare, used, rng)))
            previous = question


def _response(
    texts: Sequence[Text], rows: Sequence[int], name: str, used: set[tuple[int, int]], rng: Random
) -> str | None:
    """Return sentences of the best passage, from one that names the thing; None if all were used."""
    for row in rows:
        for place, text in enumerate(sentences_of(texts[row])):
            if (row, place) not in used and name in text.lower():
                used.add((row, place))
                return answer(texts[row], place, rng.choice((0, 0, 1, 2)))
    return None
