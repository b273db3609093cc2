"""The `Benchmark` record of a collection, and helpers that collection readers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.resources import Resource, Terms
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError
from disco_pyserini.passages import Passage
from disco_pyserini.trec import Qrels


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A registered collection: the sources of its files, and the functions that read them.

    Attributes:
        name: its name on the command line.
        title: a one-line description.
        terms: its licence, and any agreement to sign.
        resources: its files; each ``path`` is relative to the collection's folder. Empty for a generated collection.
        splits: the number of published turns in each split, None if unknown.
        queries: reads the turns of a split from the collection's folder.
        qrels: reads the judgments of a split from the collection's folder.
        passages: reads the passages of a split from the collection's folder; None if the collection provides none.
        passages_by_split: whether each split has its own passages.
        ir_datasets: the ir_datasets name of each split that ir_datasets provides.
        first_turn_is_title: whether the first turn of every conversation is a title, not something that a user said.
    """

    name: str
    title: str
    terms: Terms
    resources: tuple[Resource, ...]
    splits: Mapping[str, int | None]
    queries: Callable[[Path, str], Iterable[Query]]
    qrels: Callable[[Path, str], Qrels]
    passages: Callable[[Path, str], Iterator[Passage]] | None = None
    passages_by_split: bool = False
    ir_datasets: Mapping[str, str] | None = None
    first_turn_is_title: bool = False


def find(folder: Path, path: str, parts: int = 1) -> Path | None:
    """Find a file by its published path, or by the end of that path: at least its last ``parts`` names.

    Copies made by hand are often flatter than the published tree.
    """
    names = path.split("/")
    places = (folder.joinpath(*names[start:]) for start in range(len(names) - parts + 1))
    return next((place for place in places if place.is_file()), None)


def need(name: str, folder: Path, *paths: str, parts: int = 1) -> Path:
    """Return the first of these files that exists.

    Raises:
        InputError: none exists; the message says how to get them.
    """
    for path in paths:
        if found := find(folder, path, parts):
            return found
    raise InputError(
        f"{name}: expected {' or '.join(paths)} in {folder}, found no such file: `disco data get {name}` fetches it, "
        "--from names another folder"
    )


def no_qrels(name: str, split: str, why: str = "its publisher has none") -> InputError:
    """Return the error for a split without judgments."""
    return InputError(f"{name}: there are no judgments for {split!r}: {why}")


def make_query(
    conversation_id: str,
    turn: str | int,
    history: Iterable[Turn],
    utterance: str,
    response: str | None = None,
    **rewrites: str | None,
) -> Query:
    """Return a turn to answer, with its TREC id (conversation, underscore, turn). Rewrites of None are skipped."""
    return Query(
        qid=f"{conversation_id}_{turn}",
        conversation_id=conversation_id,
        conversation=Conversation((*history, Turn(utterance, response))),
        rewrites={name: text for name, text in rewrites.items() if text is not None},
    )


def turns_of(context: list[str], where: str) -> list[Turn]:
    """Convert a list of question, answer, question, answer, … to turns; an empty answer becomes None."""
    if len(context) % 2:
        raise InputError(
            f"{where}: expected a question and an answer for each earlier turn, found {len(context)} texts"
        )
    return [Turn(question, answer or None) for question, answer in zip(context[::2], context[1::2], strict=True)]


def merge_rewrites(queries: Iterable[Query], others: Iterable[Query]) -> Iterator[Query]:
    """Add to each query the rewrites of the query with the same id in another file."""
    more = {query.qid: query.rewrites for query in others}
    for query in queries:
        yield replace(query, rewrites={**more.get(query.qid, {}), **query.rewrites})
