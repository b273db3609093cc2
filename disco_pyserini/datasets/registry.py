"""Registered collections by name, and opening any collection for reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from disco_pyserini.datasets.benchmark import Benchmark
from disco_pyserini.datasets.layout import common_layout
from disco_pyserini.datasets.resources import data_folder
from disco_pyserini.datasets.rewrites import PREFIX
from disco_pyserini.datasets.turns import Query, topic_texts
from disco_pyserini.errors import InputError
from disco_pyserini.extensions import Registry, nearest
from disco_pyserini.files import exists
from disco_pyserini.passages import Passage
from disco_pyserini.trec import Qrels

COLLECTIONS: Registry[Benchmark] = Registry(
    "collection",
    "collections",
    {
        "topiocqa": "disco_pyserini.datasets.topiocqa:TOPIOCQA",
        "qrecc": "disco_pyserini.datasets.qrecc:QRECC",
        "canard": "disco_pyserini.datasets.canard:CANARD",
        "cast2019": "disco_pyserini.datasets.cast:CAST2019",
        "cast2020": "disco_pyserini.datasets.cast:CAST2020",
        "cast2021": "disco_pyserini.datasets.cast:CAST2021",
        "cast2022": "disco_pyserini.datasets.cast:CAST2022",
        "ikat2023": "disco_pyserini.datasets.ikat:IKAT2023",
        "ikat2024": "disco_pyserini.datasets.ikat:IKAT2024",
        "ikat2025": "disco_pyserini.datasets.ikat:IKAT2025",
        "mtrag": "disco_pyserini.datasets.mtrag:MTRAG",
        "mtrag-un": "disco_pyserini.datasets.mtrag:MTRAG_UN",
        "demo-world": "disco_pyserini.demo_world.collection:DEMO_WORLD",
    },
)


def benchmark(name: str) -> Benchmark:
    """Return the registered collection of this name.

    Raises:
        InputError: the name is unknown; the message suggests the nearest one.
        DiscoError: the package that registers it cannot be imported.
    """
    if name not in COLLECTIONS:
        hint = f"{nearest(name, COLLECTIONS)} (`disco data list` lists the collections)"
        raise InputError(f"no collection, file or folder {name!r}: {hint}")
    return COLLECTIONS.get(name)


@dataclass(frozen=True, slots=True)
class OpenCollection:
    """A collection, opened for reading. `open_collection` opens one by name.

    Attributes:
        benchmark: the collection.
        folder: the folder of its files, which may not exist.
    """

    benchmark: Benchmark
    folder: Path

    @property
    def is_local(self) -> bool:
        """Whether the collection can be read without a download: it has no files, or their folder exists."""
        return not self.benchmark.resources or self.folder.is_dir()

    def split(self, name: str | None) -> str:
        """Check the name of a split; None selects the only split.

        Raises:
            InputError: there is no such split, or ``name`` is None and there are several.
        """
        splits = self.benchmark.splits
        if name is None and len(splits) == 1:
            return next(iter(splits))
        if name is None or name not in splits:
            found = "none was named" if name is None else f"found {name!r}"
            raise InputError(f"{self.benchmark.name}: expected a split ({', '.join(splits)}), {found}")
        return name

    def queries(self, split: str) -> Iterator[Query]:
        """Read the turns to answer, in the order of the published files.

        Raises:
            InputError: files are missing or malformed, or two turns have the same id.
        """
        seen: set[str] = set()
        for query in self.benchmark.queries(self.folder, self.split(split)):
            if query.qid in seen:
                raise InputError(f"{self.benchmark.name}: expected every turn once, found {query.qid!r} twice")
            if query.qid.split() != [query.qid]:
                raise InputError(
                    f"{self.benchmark.name}: expected ids without white space, which TREC run files need, "
                    f"found {query.qid!r}"
                )
            seen.add(query.qid)
            yield query

    def qrels(self, split: str) -> Qrels:
        """Read the judgments: the grade of each judged passage, by query id and passage id.

        Raises:
            InputError: the split has no judgments, or their file is missing or malformed.
        """
        return self.benchmark.qrels(self.folder, self.split(split))

    def judged(self, split: str, form: str) -> tuple[dict[str, str], Qrels]:
        """Return the texts of a split's judged queries in a form (see `Query.text`), and all its judgments.

        Raises:
            InputError: no query has that rewrite, or none is judged.
        """
        qrels = self.qrels(split)
        texts, _ = topic_texts(self.queries(split), form)
        judged = {qid: text for qid, text in texts.items() if qid in qrels}
        if not judged:
            name = f"{self.benchmark.name} {split} {form}"
            raise InputError(f"{name}: expected judged queries, found none: check the query ids of the judgments")
        return judged, qrels

    def passages(self, split: str) -> Iterator[Passage]:
        """Read the passages that answer the turns of a split.

        Raises:
            InputError: the collection provides no passages, or their files are missing or malformed.
        """
        if self.benchmark.passages is None:
            raise InputError(f"{self.benchmark.name}: {self.benchmark.terms.agreement or 'has no passages of its own'}")
        return self.benchmark.passages(self.folder, self.split(split))


def open_collection(name: str, folder: Path | None = None) -> OpenCollection:
    """Open a registered collection, or one in the common layout.

    Args:
        name: a registered name, a folder in the common layout, or a file of turns in such a folder.
        folder: the files of a registered collection; by default, where ``disco data get`` puts them.

    Raises:
        InputError: there is no such collection.
    """
    if name in COLLECTIONS:
        return OpenCollection(COLLECTIONS.get(name), folder or data_folder(name))
    path = Path(name)
    if exists(path):
        found = common_layout(path)
        if found is None:
            raise InputError(f"{path}: expected a collection (turns.jsonl or turns.SPLIT.jsonl), found no turns in it")
        return OpenCollection(found, path.parent if path.is_file() else path)
    return OpenCollection(benchmark(name), Path())


def open_split(name: str) -> tuple[OpenCollection, str]:
    """Open ``COLLECTION/SPLIT``, a collection with a single split, or a file of turns.

    Raises:
        InputError: there is no such collection or split.
    """
    if name in COLLECTIONS or exists(name):
        found = open_collection(name)
        return found, found.split(None)
    collection, _, split = name.rpartition("/")
    found = open_collection(collection or split)
    return found, found.split(split if collection else None)


def split_topics_name(name: str) -> tuple[str, str] | None:
    """Split ``COLLECTION/SPLIT/QUERY`` into a name for `open_split` and a query form; None for any other name."""
    head, is_llm, file = name.partition(f"/{PREFIX}")
    head, form = (head, PREFIX + file) if is_llm else head.rpartition("/")[::2]
    return (head, form) if names_split(head) else None


def names_split(name: str) -> bool:
    """Whether a name is ``COLLECTION`` or ``COLLECTION/SPLIT`` of a registered collection, or ``FOLDER/SPLIT``."""
    collection, _, split = name.rpartition("/")
    if name in COLLECTIONS or collection in COLLECTIONS:
        return True
    layout = (
        common_layout(Path(collection)) if collection and exists(collection) and Path(collection).is_dir() else None
    )
    return layout is not None and split in layout.splits


def number_rows(queries: Iterable[Query]) -> Iterator[Query]:
    """Yield the queries with their positions (0, 1, 2, …) as ids, as in DiSCo's own TopiOCQA files."""
    for number, query in enumerate(queries):
        yield replace(query, qid=str(number))


def number_qrels(qrels: Qrels, queries: Iterable[Query]) -> Qrels:
    """Return the judgments under the ids that `number_rows` assigns."""
    return {str(row): qrels[query.qid] for row, query in enumerate(queries) if query.qid in qrels}
