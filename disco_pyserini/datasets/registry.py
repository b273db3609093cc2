"""The published collections by name, and any collection opened for reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from disco_pyserini.datasets.benchmark import Benchmark
from disco_pyserini.datasets.cast import CAST2019, CAST2020, CAST2021, CAST2022
from disco_pyserini.datasets.ikat import IKAT2023, IKAT2024, IKAT2025
from disco_pyserini.datasets.layout import common_layout
from disco_pyserini.datasets.mtrag import MTRAG, MTRAG_UN
from disco_pyserini.datasets.qrecc import QRECC
from disco_pyserini.datasets.resources import data_folder
from disco_pyserini.datasets.rewrites import PREFIX
from disco_pyserini.datasets.topiocqa import TOPIOCQA
from disco_pyserini.datasets.turns import Query
from disco_pyserini.errors import InputError
from disco_pyserini.passages import Passage
from disco_pyserini.trec import Qrels

BENCHMARKS = {
    one.name: one
    for one in (
        TOPIOCQA,
        QRECC,
        CAST2019,
        CAST2020,
        CAST2021,
        CAST2022,
        IKAT2023,
        IKAT2024,
        IKAT2025,
        MTRAG,
        MTRAG_UN,
    )
}


def benchmark(name: str) -> Benchmark:
    """Return the published collection of this name.

    Raises:
        InputError: there is none; the message names the nearest.
    """
    if name in BENCHMARKS:
        return BENCHMARKS[name]
    near = get_close_matches(name.lower(), BENCHMARKS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(BENCHMARKS)}."
    raise InputError(f"no collection, file or folder {name!r}: {hint} `disco data list` lists the collections")


@dataclass(frozen=True, slots=True)
class OpenCollection:
    """A collection, and the folder that its files are in."""

    benchmark: Benchmark
    folder: Path

    def split(self, name: str | None) -> str:
        """The split of this name, or the only one.

        Raises:
            InputError: there is no such split, or none was named and there are several.
        """
        splits = self.benchmark.splits
        if name is None and len(splits) == 1:
            return next(iter(splits))
        if name is None or name not in splits:
            found = "none was named" if name is None else f"found {name!r}"
            raise InputError(f"{self.benchmark.name}: expected a split ({', '.join(splits)}), {found}")
        return name

    def queries(self, split: str) -> Iterator[Query]:
        """The turns to answer, in the publisher's order.

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
        """The judgments.

        Raises:
            InputError: there are none, or their file is missing or malformed.
        """
        return self.benchmark.qrels(self.folder, self.split(split))

    def passages(self, split: str) -> Iterator[Passage]:
        """The passages that the turns of a split are answered from.

        Raises:
            InputError: they cannot be had as files, or these are missing or malformed.
        """
        if self.benchmark.passages is None:
            raise InputError(f"{self.benchmark.name}: {self.benchmark.terms.agreement or 'has no passages of its own'}")
        return self.benchmark.passages(self.folder, self.split(split))


def open_collection(name: str, folder: Path | None = None) -> OpenCollection:
    """Open a published collection, or one in the common layout.

    Args:
        name: the name of a published one, a folder in the common layout, or a file of turns in it.
        folder: where a published one's files are; by default, where ``disco data get`` puts them.

    Raises:
        InputError: there is no such collection.
    """
    if name in BENCHMARKS:
        return OpenCollection(BENCHMARKS[name], folder or data_folder(name))
    path = Path(name)
    if path.exists():
        found = common_layout(path)
        if found is None:
            raise InputError(f"{path}: expected a collection (turns.jsonl or turns.SPLIT.jsonl), found no turns in it")
        return OpenCollection(found, path.parent if path.is_file() else path)
    return OpenCollection(benchmark(name), Path())


def open_split(name: str) -> tuple[OpenCollection, str]:
    """Open what ``COLLECTION/SPLIT`` names, a collection with a single split, or a file of turns.

    Raises:
        InputError: there is no such collection or split.
    """
    if name in BENCHMARKS or Path(name).exists():
        found = open_collection(name)
        return found, found.split(None)
    collection, _, split = name.rpartition("/")
    found = open_collection(collection or split)
    return found, found.split(split if collection else None)


def split_topics_name(name: str) -> tuple[str, str] | None:
    """What ``COLLECTION/SPLIT/QUERY`` names, for `open_split`, and the form of the query; None for any other name."""
    head, is_llm, file = name.partition(f"/{PREFIX}")
    head, form = (head, PREFIX + file) if is_llm else head.rpartition("/")[::2]
    return (head, form) if names_split(head) else None


def names_split(name: str) -> bool:
    """Whether a name is ``COLLECTION`` or ``COLLECTION/SPLIT`` of a registered collection, or ``FOLDER/SPLIT``."""
    collection, _, split = name.rpartition("/")
    if name in BENCHMARKS or collection in BENCHMARKS:
        return True
    layout = common_layout(Path(collection)) if collection and Path(collection).is_dir() else None
    return layout is not None and split in layout.splits


def number_rows(queries: Iterable[Query]) -> Iterator[Query]:
    """The queries, with their positions (0, 1, 2, …) as ids: those of TopiOCQA in DiSCo's own files."""
    for number, query in enumerate(queries):
        yield replace(query, qid=str(number))


def number_qrels(qrels: Qrels, queries: Iterable[Query]) -> Qrels:
    """The judgments of queries, with the ids that `number_rows` gives them."""
    return {str(row): qrels[query.qid] for row, query in enumerate(queries) if query.qid in qrels}
