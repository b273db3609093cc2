"""Make training conversations in English: ``python -m studies.english.make_conversations --help``.

Questions are made by rules from sentences of free text, and from search queries; a user who asks several of them in one
conversation leaves out what has been named. The full question is the rewrite. A follow-up is kept if its rewrite
retrieves its passage and the follow-up alone retrieves it worse.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from disco_pyserini.datasets.registry import open_collection
from disco_pyserini.datasets.turns import Query, write_turns
from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder
from disco_pyserini.files import write_aside
from disco_pyserini.trec import write_qrels
from studies.english.facts import Fact, Text, facts_of, facts_of_kind, person_of, read_texts
from studies.english.lexicon import Lexicon, read_wordnet
from studies.english.marco import read_queries, things_asked_about
from studies.english.passage_search import PassageSearch, encode
from studies.english.query_walks import question_walks
from studies.english.swapped import with_other_names
from studies.english.walks import MadeTurn, Walker

_TOP = 10
_NEIGHBOURS = 12
_MAX_LENGTH = 160
_SHORTEST_ANSWER = 8


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Make training conversations in English, with stand-alone rewrites, from passages and questions."
    )
    parser.add_argument("--passages", type=Path, required=True, help="JSONL: id, contents and, optionally, title")
    parser.add_argument("--questions", type=Path, required=True, help="search queries: lines of id, tab, text")
    parser.add_argument("--encoder", required=True, help="the document encoder that filters: a card's name or a path")
    parser.add_argument("--output", type=Path, required=True, help="folder for turns.jsonl, corpus.jsonl and qrels.txt")
    parser.add_argument(
        "--canard", type=Path, help="folder of CANARD's dev.json; by default, where `disco data get` puts it"
    )
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="folder of WordNet's files")
    parser.add_argument("--follow-ups", type=int, default=8000, help="how many to draw for followups.jsonl")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    encoder = document_encoder(args.encoder, max_length=_MAX_LENGTH, backend="torch-bf16")
    maker = Maker(read_texts(args.passages), read_wordnet(args.wordnet), encoder, args.seed)
    queries = read_queries(args.questions.read_text("utf-8").splitlines())
    canard = open_collection("canard", args.canard).queries("dev")
    turns, swapped = [*maker.from_passages(), *maker.from_queries(queries)], maker.with_other_names(canard)
    write(turns, swapped, maker.texts, args.output)
    write_follow_ups([*(turn.query for turn in turns), *swapped], args.follow_ups, args.seed, args.output)


class Maker:
    """Makes conversations from each source.

    Args:
        texts: the passages.
        lexicon: words.
        encoder: encodes passages and questions for the filter.
        seed: of every random choice.
        vectors: the passages' vectors, if they were encoded before.
    """

    def __init__(
        self, texts: Sequence[Text], lexicon: Lexicon, encoder: DiscoDocumentEncoder, seed: int, vectors: Any = None
    ) -> None:
        self.texts = texts
        self._lexicon = lexicon
        self._encoder = encoder
        self._rng = Random(seed)
        self._persons = {text.name: pronoun for text in texts if (pronoun := person_of(text, lexicon))}
        self._search = PassageSearch(encode([text.full() for text in texts], encoder) if vectors is None else vectors)

    def from_passages(self) -> list[MadeTurn]:
        """Make conversations of questions that the passages answer; keep the turns that pass the filter."""
        facts: list[Fact] = []
        for row, text in enumerate(self.texts):
            facts += facts_of(text, row, self._lexicon)
            facts += facts_of_kind(text, row, self._lexicon, self._rng)
        _report("questions", facts)
        vectors = encode([fact.standalone() for fact in facts], self._encoder)
        ranks, _ = self._search.ranks(vectors, [fact.row for fact in facts])
        found = [fact for fact, rank in zip(facts, ranks.tolist(), strict=True) if rank <= _TOP]
        _report(f"whose passage is among the best {_TOP}", found)
        rows = sorted({fact.row for fact in found})
        near = dict(zip(rows, self._search.best(self._search.passages[rows], _NEIGHBOURS)[1].tolist(), strict=True))
        walker = Walker(self.texts, found, near, self._lexicon)
        return self._keep([turn for made in walker.conversations(self._rng, "passages-") for turn in made])

    def from_queries(self, queries: Sequence[str]) -> list[MadeTurn]:
        """Make conversations of search queries."""
        persons = {name.lower(): pronoun for name, pronoun in self._persons.items()}
        things = things_asked_about(queries, persons, self._lexicon)
        return list(question_walks(things, self.texts, self._search, self._encoder, self._rng))

    def with_other_names(self, queries: Iterable[Query]) -> list[Query]:
        """Exchange the persons of human conversations for persons of the passages' titles."""
        names: dict[str, list[str]] = {"he": [], "she": []}
        for name, pronoun in self._persons.items():
            if re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", name):
                names[pronoun].append(name)
        return list(with_other_names(queries, names, self._rng))

    def _keep(self, turns: Sequence[MadeTurn]) -> list[MadeTurn]:
        """Return the turns whose rewrite finds the passage, and whose utterance, if it lacks words, finds it worse.

        Worse: at a later rank, or at the same rank with a smaller lead.
        """
        rows = [turn.passage for turn in turns]
        (ranks, leads), (alone_ranks, alone_leads) = (
            self._search.ranks(encode(texts, self._encoder), rows)
            for texts in (
                [turn.query.rewrites["human"] for turn in turns],
                [turn.query.conversation.utterance for turn in turns],
            )
        )
        elided = np.array([not turn.stands_alone for turn in turns])
        worse = (alone_ranks > ranks) | ((alone_ranks == ranks) & (alone_leads < leads))
        good = (ranks <= _TOP) & (~elided | worse)
        return [turn for turn, is_good in zip(turns, good.tolist(), strict=True) if is_good]


def write(turns: Sequence[MadeTurn], swapped: Sequence[Query], texts: Sequence[Text], folder: Path) -> None:
    """Write the common layout: the corpus has the passages and the answers of the human conversations."""
    folder.mkdir(parents=True, exist_ok=True)
    write_turns([*(turn.query for turn in turns), *swapped], folder / "turns.jsonl")
    write_qrels(
        {turn.query.qid: {texts[turn.passage].id: 1} for turn in turns if turn.passage >= 0}, folder / "qrels.txt"
    )
    answers = {
        turn.response: f"{query.conversation_id}-{number}"
        for query in swapped
        for number, turn in enumerate(query.conversation.turns, 1)
        if turn.response and len(turn.response.split()) >= _SHORTEST_ANSWER
    }
    with write_aside(folder / "corpus.jsonl") as lines:
        for docid, contents in (
            *((text.id, text.full()) for text in texts),
            *((docid, contents) for contents, docid in answers.items()),
        ):
            lines.write(json.dumps({"id": docid, "contents": contents}, ensure_ascii=False) + "\n")
    kinds = Counter([turn.how for turn in turns] + ["another name"] * len(swapped))
    conversations = {query.conversation_id for query in (*(turn.query for turn in turns), *swapped)}
    print(
        f"{kinds.total():,} turns of {len(conversations):,} conversations: {dict(kinds.most_common())}", file=sys.stderr
    )


def write_follow_ups(queries: Sequence[Query], count: int, seed: int, folder: Path) -> None:
    """Write ``followups.jsonl``, a sample of the turns whose rewrite differs from the utterance."""
    needy = [
        query
        for query in queries
        if len(query.conversation.turns) > 1
        and query.conversation.utterance.lower().strip(" ?.") != query.rewrites["human"].lower().strip(" ?.")
    ]
    write_turns(Random(seed).sample(needy, min(count, len(needy))), folder / "followups.jsonl")


def _report(what: str, facts: Sequence[Fact]) -> None:
    counts = Counter(fact.question.kind for fact in facts)
    print(f"{len(facts):,} {what}: {dict(counts.most_common())}", file=sys.stderr)


if __name__ == "__main__":
    main()
