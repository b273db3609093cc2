"""Real passages and conversations, encoded with the English encoders of the package: what searches are measured on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from benchmarks.demo_passages import cache
from benchmarks.results_page import REPOSITORY
from disco_pyserini.cards import cards
from disco_pyserini.conversation import Conversation
from disco_pyserini.datasets.turns import read_turns
from disco_pyserini.encoding import query_encoder
from disco_pyserini.files import write_aside
from disco_pyserini.passages import read_passages
from disco_pyserini.trec import read_qrels
from disco_pyserini.vectors import Manifest, VectorSource, encode_corpus, open_vectors

DOCUMENTS = "english"
_DATA = REPOSITORY.parent / "shared" / "data"
COLLECTIONS = (_DATA / "minicoll", _DATA / "minicoll-cast2022-responses")
"""The collections of the recipes in runs/, where these expect them. ``--collection`` names another one."""


@dataclass(frozen=True)
class English:
    """Collections with ``corpus.jsonl``, ``turns.jsonl`` and ``qrels.txt``.

    Args:
        folders: the collections; without them, `COLLECTIONS`.

    Raises:
        SystemExit: a folder has no such collection.
    """

    folders: Sequence[Path] = COLLECTIONS

    def __post_init__(self) -> None:
        for folder in self.folders:
            if not (folder / "corpus.jsonl").is_file():
                raise SystemExit(
                    f"{folder}: expected a collection, found no corpus.jsonl: put it there, or name a folder with "
                    "corpus.jsonl, turns.jsonl and qrels.txt with --collection"
                )

    @property
    def name(self) -> str:
        """The names of the collections, for file names."""
        return "+".join(folder.resolve().name for folder in self.folders)

    def vectors(self) -> VectorSource:
        """Open the vectors of all passages; encode them first if they are not there."""
        folder = cache() / f"{self.name}.{DOCUMENTS}"
        manifest = Manifest.read(folder)
        if manifest is None or not manifest.complete:
            passages = chain(*(read_passages(str(one / "corpus.jsonl")) for one in self.folders))
            encode_corpus(passages, folder, DOCUMENTS)
        return open_vectors(folder)

    def conversations(self) -> dict[str, Conversation]:
        """Return the conversation of each turn by query id."""
        return {query.qid: query.conversation for one in self.folders for query in read_turns(one / "turns.jsonl")}

    def grades(self) -> dict[str, Mapping[str, int]]:
        """Return the judgments of each judged turn, by query id."""
        return {qid: grades for one in self.folders for qid, grades in read_qrels(one / "qrels.txt").items()}

    def queries(self, encoder: str, number: int) -> dict[str, dict[str, int]]:
        """Return the impacts of so many conversations by query id; encode them first if they are not there."""
        weights = cards()[encoder].query.sha256 or ""
        path = cache() / f"{self.name}.{number}.{encoder}-{weights[:8]}.json"
        if not path.exists():
            conversations = spread(self.conversations(), number)
            vectors = query_encoder(encoder).encode_batch(list(conversations.values()))
            with write_aside(path) as file:
                json.dump(dict(zip(conversations, vectors, strict=True)), file)
        found: dict[str, dict[str, int]] = json.loads(path.read_text(encoding="utf-8"))
        return found


def spread[T](values: Mapping[str, T], number: int) -> dict[str, T]:
    """Return so many entries at equal distances."""
    names = list(values)[:: max(1, len(values) // number)][:number]
    return {name: values[name] for name in names}
