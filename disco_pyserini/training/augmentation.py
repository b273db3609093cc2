"""Random changes of training conversations, from which a student learns when the history matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Self

from numpy.random import Generator
from pydantic import Field, model_validator

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.turns import Query
from disco_pyserini.records import Record

type Probability = Annotated[float, Field(ge=0, le=1)]

_TRIES = 20  # draws of a foreign history, of which the query's own conversation does not count


class Augmentation(Record):
    """The probabilities of changes, each time that a query is drawn. The teacher's scores stay those of the query.

    At most one of the first three is made; the last two can be added to any.

    Attributes:
        standalone: a rewrite takes the place of the whole conversation.
        foreign_history: a rewrite follows another conversation, of any collection.
        suffix: only the last n turns of the history are kept; n is drawn evenly from 1 to one less than all.
        without_title: the title that a collection gives as the first turn (CANARD's) is dropped.
        without_answers: the system's responses are dropped.
    """

    standalone: Probability = 0.0
    foreign_history: Probability = 0.0
    suffix: Probability = 0.0
    without_title: Probability = 0.0
    without_answers: Probability = 0.0

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        if (total := self.standalone + self.foreign_history + self.suffix) > 1:
            raise ValueError(
                f"expected standalone + foreign_history + suffix to be at most 1, since one excludes the others, "
                f"found {total:g}"
            )
        return self


@dataclass(frozen=True, slots=True)
class Example:
    """A training query.

    Attributes:
        query: the turn.
        rewrites: the names of its rewrites that the teacher uses.
        form: how it becomes text.
        titled: whether the first turn of the conversation is a title.
    """

    query: Query
    rewrites: Sequence[str] = ()
    form: str = "conversation"
    titled: bool = False

    def text(self) -> str:
        """Return the unchanged text."""
        return self.query.text(self.form)


def augmented(example: Example, others: Sequence[Example], settings: Augmentation, rng: Generator) -> str:
    """Return the text of a query, changed at random.

    Args:
        example: the query; for ``standalone`` and ``foreign_history``, it has a rewrite.
        others: examples with a history, from which a foreign one is drawn.
        settings: the probabilities.
        rng: all that the changes depend on.
    """
    chance = rng.random()
    turns, titled = example.query.conversation.turns, example.titled and example.query.depth > 1
    if chance < settings.standalone:
        turns, titled = (Turn(_rewrite(example, rng)),), False
    elif (chance := chance - settings.standalone) < settings.foreign_history:
        other = _foreign(example, others, rng)
        if other:
            turns, titled = (*other.query.conversation.turns, Turn(_rewrite(example, rng))), other.titled
    elif chance - settings.foreign_history < settings.suffix and len(turns) > 2:
        turns, titled = turns[int(rng.integers(1, len(turns) - 1)) :], False
    if titled and rng.random() < settings.without_title:
        turns = turns[1:]
    conversation = Conversation(turns)
    if settings.without_answers and rng.random() < settings.without_answers:
        conversation = conversation.user_turns()
    return replace(example.query, conversation=conversation).text(example.form)


def _rewrite(example: Example, rng: Generator) -> str:
    return example.query.text(example.rewrites[int(rng.integers(len(example.rewrites)))])


def _foreign(example: Example, others: Sequence[Example], rng: Generator) -> Example | None:
    for _ in range(_TRIES if others else 0):
        other = others[int(rng.integers(len(others)))]
        if other.query.conversation_id != example.query.conversation_id:
            return other
    return None
