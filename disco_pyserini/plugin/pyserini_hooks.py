"""Extensions of Pyserini: ``--encoder`` accepts our names, and queries are encoded in batches.

Called by `disco_pyserini.plugin.finder`. Searches with other encoders do not change.
"""

from __future__ import annotations

import copy
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import batched, pairwise
from pathlib import Path
from typing import Any

from disco_pyserini.cards import cards
from disco_pyserini.datasets.named import named_topics
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.extensions import nearest
from disco_pyserini.logs import show_log
from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.retrieval import Retrievers
from disco_pyserini.plugin.idf import Idf
from disco_pyserini.search.encoder_names import OWN_ENCODER, check_encoder_fits, is_disco_name, query_encoder_for
from disco_pyserini.search.encoding_ahead import encoded_ahead
from disco_pyserini.search.engine import ENGINES
from disco_pyserini.search.hits import Hit
from disco_pyserini.trec import read_topics

SEARCH_COMMAND = "pyserini.search.lucene"
QUERY_TERMS_VARIABLE = "DISCO_QUERY_TERMS"
"""Environment variable: the ``query_terms`` of `DiscoSearcher.batch_search`."""
ENGINE_VARIABLE = "DISCO_ENGINE"
"""Environment variable: the engine that searches, ``flat`` for example. Its files must be in the index folder."""

# The topics file that Pyserini read last, until a searcher with one of our encoders checks it.
_unchecked_topics: list[Path] = []
# The texts that Pyserini's search command is going to search for, in their order.
_texts: list[str] = []


def before_jnius(module: Any) -> None:
    """Make Pyserini start a suitable Java."""
    jvm.prepare()


def after_query_iterator(module: Any) -> None:
    """Let ``--topics`` accept collection names, and remember files so that a search with our encoder can check them."""
    iterator = module.DefaultQueryIterator
    read = iterator.from_topics.__func__

    @functools.wraps(read)
    def from_topics(cls: Any, topics_path: str) -> Any:
        path = Path(topics_path)
        if not path.exists():
            with _told_by_the_command():
                named = named_topics(topics_path)
            if named is not None:
                return _remembered(cls({qid: {"title": text} for qid, text in named.items()}))
        if _command_uses_our_encoder():
            # Check before Pyserini reads them: its reader fails on some malformed files without saying where.
            with _told_by_the_command():
                _check_topics(path)
            return _remembered(read(cls, topics_path))
        topics = read(cls, topics_path)
        _unchecked_topics[:] = [path]
        return topics

    iterator.from_topics = classmethod(from_topics)


def _remembered(topics: Any) -> Any:
    """Remember the texts of the search command, which are encoded while others are searched."""
    if _is_search_command():
        _texts[:] = [topics.get_query(qid) for qid in topics.order]
    return topics


def after_impact_searcher(module: Any) -> None:
    """Add our encoder names and batch encoding to ``LuceneImpactSearcher``."""
    searcher = module.LuceneImpactSearcher
    _check_parameters(searcher.__init__, "index_dir", "query_encoder", "encoder_type")
    _check_parameters(searcher.from_prebuilt_index, "prebuilt_index_name", "query_encoder", "encoder_type")
    _check_parameters(searcher.search, "q", "k", "fields")
    _check_parameters(searcher.batch_search, "queries", "qids", "k", "threads", "fields")
    searcher.__init__ = _with_our_names(searcher.__init__)
    searcher.from_prebuilt_index = classmethod(_with_clear_refusal(searcher.from_prebuilt_index.__func__))
    searcher.search = _told(_with_retrieval(searcher.search))
    searcher.batch_search = _told(_with_batches(searcher.batch_search))


def _check_parameters(function: Callable[..., Any], *expected: str) -> None:
    """Check that this is a Pyserini we know, before any of it is changed."""
    found = inspect.signature(function).parameters
    if missing := [name for name in expected if name not in found]:
        raise TypeError(f"{function.__qualname__} has no parameter {', '.join(missing)}: an unknown Pyserini")


def _with_our_names(init: Callable[..., None]) -> Callable[..., None]:
    signature = inspect.signature(init)

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        call = signature.bind(self, *args, **kwargs)
        call.apply_defaults()
        encoder, index = call.arguments["query_encoder"], Path(call.arguments["index_dir"])
        if call.arguments["encoder_type"] == "pytorch" and is_disco_name(encoder):
            with _told_by_the_command():
                while _unchecked_topics:
                    _check_topics(_unchecked_topics.pop())
                call.arguments["query_encoder"] = query_encoder_for(index, encoder)
            _look_idf_up(self)
        elif call.arguments["encoder_type"] == "pytorch" and isinstance(encoder, str):
            call.arguments["query_encoder"] = _encoder_of_pyserini(type(self), encoder)
        elif hasattr(encoder, "encode_batch"):
            check_encoder_fits(encoder, index)
            _look_idf_up(self)
        init(*call.args, **call.kwargs)

    return __init__


def _encoder_of_pyserini(searcher: Any, name: str) -> Any:
    """Open one of Pyserini's encoders by name; in its search command, refuse unknown names.

    Pyserini itself accepts an unknown encoder as None, reads or downloads the index, and fails at the first query.
    """
    encoder = searcher._init_query_encoder_from_str(name)
    if encoder is None and _is_search_command():
        with _told_by_the_command():
            hint = nearest(name, [OWN_ENCODER, *cards()])
            raise InputError(
                f"unknown encoder {name!r}: {hint} (disco encoders lists ours; Pyserini takes names and paths that "
                "contain unicoil, splade or slim, and files of encoded queries)"
            )
    return name if encoder is None else encoder


def _look_idf_up(searcher: Any) -> None:
    """Make a new searcher look up idf on demand, instead of reading the whole dictionary."""
    read_all = searcher._compute_idf
    searcher._compute_idf = lambda index_dir: Idf(lambda: searcher.object.reader, lambda: read_all(index_dir))


def _with_clear_refusal(open_prebuilt: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(open_prebuilt)

    @functools.wraps(open_prebuilt)
    def from_prebuilt_index(cls: Any, *args: Any, **kwargs: Any) -> Any:
        call = signature.bind(cls, *args, **kwargs)
        call.apply_defaults()
        encoder = call.arguments["query_encoder"]
        if call.arguments["encoder_type"] == "pytorch" and isinstance(encoder, str) and not is_disco_name(encoder):
            call.arguments["query_encoder"] = _encoder_of_pyserini(cls, encoder)
        searcher = open_prebuilt(*call.args, **call.kwargs)
        if searcher is None and is_disco_name(encoder):
            with _told_by_the_command():
                raise InputError(
                    f"{call.arguments['prebuilt_index_name']}: expected the folder of an index or the name of a "
                    "prebuilt index of Pyserini, found neither"
                )
        return searcher

    return from_prebuilt_index


def _with_batches(batch_search: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(batch_search)
    def search_batch(
        self: Any,
        queries: list[Any],
        qids: list[str],
        k: int = 10,
        threads: int = 1,
        fields: Mapping[str, float] | None = None,
    ) -> Any:
        searcher = self
        if _encodes_batches(self):
            vectors = _encoded(self, queries)
            if _retrieves(self, fields):
                return _found(self, [vectors[query] for query in queries], qids, k, threads)
            # Put the lookup on a copy, so that two threads can use one searcher.
            searcher = copy.copy(self)
            searcher.encode = vectors.__getitem__
        return batch_search(searcher, queries, qids, k, threads, fields or {})

    return search_batch


def _encoded(searcher: Any, queries: list[Any]) -> dict[str, dict[str, int]]:
    """Encode a batch of queries; in the search command, start to encode the next batch, too."""
    encode, different = searcher.query_encoder.encode_batch, tuple(dict.fromkeys(queries))
    if _texts and not hasattr(searcher, "_disco_ahead"):
        batches = batched(_texts, len(queries))
        searcher._disco_ahead = encoded_ahead(encode, (tuple(dict.fromkeys(batch)) for batch in batches))
    batch, vectors = next(getattr(searcher, "_disco_ahead", iter(())), (None, []))
    if batch != different:  # other queries than the topics announced, such as tokenised ones
        searcher._disco_ahead = iter(())
        vectors = encode(list(different))
    return dict(zip(different, vectors, strict=True))


def _with_retrieval(search: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(search)
    def search_one(self: Any, q: Any, k: int = 10, fields: Mapping[str, float] | None = None) -> Any:
        if _encodes_batches(self) and _retrieves(self, fields):
            return _found(self, [self.encode(q)], [""], k)[""]
        return search(self, q, k, fields or {})

    return search_one


def _retrieves(searcher: Any, fields: Mapping[str, float] | None) -> bool:
    """Whether to use our own search: faster, but hits lack ``lucene_document``, which the command does not need."""
    asked = [name for name in (QUERY_TERMS_VARIABLE, ENGINE_VARIABLE) if os.environ.get(name)]
    _query_terms()
    # The option --prcl writes new scores into the hits.
    if not asked and (not _is_search_command() or _is_given("--prcl")):
        return False
    plain = not (fields or searcher.object.use_rm3() or searcher.object.use_rocchio())
    if asked and not plain:
        raise InputError(
            f"{asked[0]} is for searches of one field without feedback, found --fields, --rm3 or --rocchio"
        )
    return plain


def _encodes_batches(searcher: Any) -> bool:
    return searcher.encoder_type == "pytorch" and hasattr(searcher.query_encoder, "encode_batch")


def _query_terms() -> int | None:
    """Return the value of `QUERY_TERMS_VARIABLE`, if it is set."""
    value = os.environ.get(QUERY_TERMS_VARIABLE)
    if not value:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise InputError(f"expected {QUERY_TERMS_VARIABLE} to be a number of query terms, found {value!r}")
    return int(value)


def _found(
    searcher: Any, vectors: list[dict[str, int]], qids: list[str], k: int, threads: int = 1
) -> dict[str, Sequence[Hit]]:
    if not hasattr(searcher, "_disco_search"):
        searcher._disco_search = _search_of(searcher)
    known = [
        {token: impact for token, impact in vector.items() if searcher.idf.get(token, 0) > searcher.min_idf}
        for vector in vectors
    ]
    return dict(zip(qids, searcher._disco_search(known, k, threads=threads, query_terms=_query_terms()), strict=True))


def _search_of(searcher: Any) -> Callable[..., Sequence[Sequence[Hit]]]:
    """Return the search of the engine of `ENGINE_VARIABLE`, or of the index that Pyserini has opened."""
    if engine := os.environ.get(ENGINE_VARIABLE):
        return ENGINES.get(engine).open(Path(searcher.index_dir)).search
    return Retrievers(searcher.object.reader).search


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with _told_by_the_command():
            return function(*args, **kwargs)

    return call


@contextmanager
def _told_by_the_command() -> Iterator[None]:
    """In Pyserini's search command, show the log, and print a `DiscoError` as one message and exit.

    Other programs do both themselves.
    """
    if _is_search_command():
        show_log()
    try:
        yield
    except DiscoError as problem:
        if not _is_search_command():
            raise
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)


def _is_search_command() -> bool:
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and spec.name in (SEARCH_COMMAND, f"{SEARCH_COMMAND}.__main__")


def _is_given(option: str) -> bool:
    return any(argument.partition("=")[0] == option for argument in sys.argv[1:])


def _command_uses_our_encoder() -> bool:
    if not _is_search_command():
        return False
    arguments = sys.argv[1:]
    values = [value for option, value in pairwise(arguments) if option == "--encoder"]
    values += [argument.removeprefix("--encoder=") for argument in arguments if argument.startswith("--encoder=")]
    return any(map(is_disco_name, values))


def _check_topics(path: Path) -> None:
    """Read topics strictly: Pyserini truncates texts at tabs and keeps only one of the queries with the same id."""
    if path.suffix == ".tsv" and path.is_file():
        read_topics(path)
