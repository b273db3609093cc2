"""Our collections as data sets of ir_datasets: ``ir_datasets.load("disco/topiocqa/dev")``.

Registers only those that ir_datasets lacks. Imported after ir_datasets: see `disco_pyserini.plugin.finder`.
"""

# Not `from __future__ import annotations`: ir_datasets inspects the types of a record's fields.
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import ir_datasets
from ir_datasets.formats import BaseDocs, BaseQrels, BaseQueries, GenericDoc, TrecQrel
from ir_datasets.indices import PickleLz4FullStore

from disco_pyserini.conversation import flatten
from disco_pyserini.datasets.registry import COLLECTIONS, open_collection
from disco_pyserini.errors import DiscoError

PREFIX = "disco/"


class ConversationalQuery(NamedTuple):
    """A turn to answer.

    ``text`` is the user's utterance; ``conversation`` is the whole conversation as encoder input, newest turn first;
    ``history`` has the previous turns as (user, system) pairs, oldest first; ``rewrites`` are by name.
    """

    query_id: str
    text: str
    conversation: str
    history: tuple[tuple[str, str | None], ...]
    rewrites: dict[str, str]
    response: str | None
    conversation_id: str
    turn: int

    def default_text(self) -> str:
        """Return the user's utterance."""
        return self.text


class _Docs(BaseDocs):
    def __init__(self, name: str, split: str) -> None:
        self._name = name
        self._split = split
        # Includes the split only if each split has its own passages.
        self._place = f"{name}/{split}" if COLLECTIONS.get(name).passages_by_split else name

    @ir_datasets.util.use_docstore  # type: ignore[untyped-decorator]
    def docs_iter(self) -> Iterator[GenericDoc]:
        for passage in open_collection(self._name).passages(self._split):
            yield GenericDoc(passage.id, passage.contents)

    def docs_store(self, field: str = "doc_id", **options: Any) -> PickleLz4FullStore:
        path = Path(ir_datasets.util.home_path()) / PREFIX / self._place / "docs.pklz4"
        return PickleLz4FullStore(str(path), self.docs_iter, GenericDoc, field, ["doc_id"], **options)

    def docs_count(self) -> int | None:
        store = self.docs_store()
        return store.count() if store.built() else None

    def docs_cls(self) -> Any:
        return GenericDoc

    def docs_namespace(self) -> str:
        return PREFIX + self._place

    def docs_lang(self) -> str:
        return "en"


class _Queries(BaseQueries):
    def __init__(self, name: str, split: str) -> None:
        self._name = name
        self._split = split

    def queries_iter(self) -> Iterator[ConversationalQuery]:
        for query in open_collection(self._name).queries(self._split):
            *history, last = query.conversation.turns
            yield ConversationalQuery(
                query_id=query.qid,
                text=last.utterance,
                conversation=flatten(query.conversation),
                history=tuple((turn.utterance, turn.response) for turn in history),
                rewrites=dict(query.rewrites),
                response=last.response,
                conversation_id=query.conversation_id,
                turn=query.depth,
            )

    def queries_cls(self) -> type:
        return ConversationalQuery

    def queries_namespace(self) -> str:
        return PREFIX + self._name

    def queries_lang(self) -> str:
        return "en"


class _Qrels(BaseQrels):
    def __init__(self, name: str, split: str) -> None:
        self._name = name
        self._split = split

    def qrels_iter(self) -> Iterator[TrecQrel]:
        for qid, grades in open_collection(self._name).qrels(self._split).items():
            for docid, grade in grades.items():
                yield TrecQrel(qid, docid, grade, "0")

    def qrels_cls(self) -> Any:
        return TrecQrel

    def qrels_defs(self) -> dict[int, str]:
        return {}


def register(module: Any = ir_datasets) -> None:
    """Register our collections with ir_datasets, once.

    Skip a collection of another package that cannot be loaded, with a warning.
    """
    registry = module.registry
    known = set(registry)
    for name in COLLECTIONS:
        try:
            benchmark = COLLECTIONS.get(name)
        except DiscoError as problem:
            warnings.warn(str(problem), RuntimeWarning, stacklevel=2)
            continue
        if benchmark.ir_datasets or f"{PREFIX}{name}/{next(iter(benchmark.splits))}" in known:
            continue
        shared = None
        if benchmark.passages and not benchmark.passages_by_split:
            shared = _Docs(name, next(iter(benchmark.splits)))
            registry.register(PREFIX + name, module.Dataset(shared))
        for split in benchmark.splits:
            docs = _Docs(name, split) if benchmark.passages_by_split else shared
            registry.register(
                f"{PREFIX}{name}/{split}", module.Dataset(docs, _Queries(name, split), _Qrels(name, split))
            )
