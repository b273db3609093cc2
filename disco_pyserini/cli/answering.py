"""Code shared by `disco ask` and `disco chat`: from their options to an open searcher, and from hits to text."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from disco_pyserini.cli.shared import printable, progress_bar
from disco_pyserini.errors import InputError

if TYPE_CHECKING:
    from disco_pyserini.conversation import Conversation
    from disco_pyserini.passages import Corpus
    from disco_pyserini.search import DiscoSearcher, Explanation, Hit

CorpusToAsk = Annotated[
    str | None,
    typer.Option(help="Documents: a folder, a file, pydoc: or pydoc:NAME,…, irds:NAME, or COLLECTION/SPLIT."),
]
IndexToAsk = Annotated[
    Path | None, typer.Option(help="Instead of a corpus: the folder of an impact index, from disco index or Anserini.")
]
EncoderToAsk = Annotated[
    str | None,
    typer.Option(help="Encoder: a card's name, a path or a hub id; by default english, or the index's own."),
]
BackendToAsk = Annotated[
    str | None,
    typer.Option(
        "--backend",
        help="What runs the model: torch, torch-bf16, onnx or onnx-int8; by default onnx if the extra onnx is "
        "installed, else torch.",
    ),
]
Hits = Annotated[int, typer.Option(min=1, max=1000, help="Passages to show.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_MOST_TERMS = 8
_LONGEST_TEXT = 1_500


@dataclass(frozen=True, slots=True)
class Answer:
    """A hit, where it is from, and why it has its score; ``source`` is None for a hit of an index that was named."""

    hit: Hit
    source: str | None
    text: str
    explanation: Explanation

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "id": self.hit.docid,
            "source": self.source,
            "score": self.hit.score,
            "text": self.text,
            "terms": [
                {
                    "token": term.token,
                    "query_impact": term.query_impact,
                    "document_impact": term.document_impact,
                    "score": term.score,
                }
                for term in self.explanation.terms
            ],
        }


@contextmanager
def open_searcher(
    corpus: str | None, index: Path | None, encoder: str | None, engine: str, backend: str | None
) -> Iterator[tuple[DiscoSearcher, Mapping[str, str]]]:
    """Open a searcher over a corpus, whose index is made or brought up to date first, or over an index.

    Yields:
        the searcher, and which source of the corpus each passage is from, by the passage's id (empty for an index).

    Raises:
        InputError: neither or both are named, or one of them cannot be opened.
    """
    if (corpus is None) == (index is None):
        raise InputError("expected either --corpus, documents to ask, or --index, an index of them")
    from disco_pyserini.encoding.backends import quick_backend
    from disco_pyserini.search.encoder_names import BACKEND_VARIABLE, OWN_ENCODER, query_encoder_for
    from disco_pyserini.search.engine import ENGINES
    from disco_pyserini.search.searcher import DiscoSearcher

    ENGINES.check(engine)
    backend = backend or os.environ.get(BACKEND_VARIABLE) or quick_backend()

    def opened(folder: Path, name: str) -> DiscoSearcher:
        return DiscoSearcher(folder, query_encoder_for(folder, name, backend=backend), engine)

    sources: Mapping[str, str] = {}
    if index is not None:
        searcher = opened(index, encoder or OWN_ENCODER)
    else:
        from disco_pyserini.cards import DEFAULT_ENCODER
        from disco_pyserini.search.corpus_index import corpus_index

        made = corpus_index(
            _corpus(str(corpus)), encoder or DEFAULT_ENCODER, engine=engine, backend=backend, progress=_progress
        )
        with made as kept:
            searcher, sources = opened(kept.folder, OWN_ENCODER), kept.sources
    with searcher:
        yield searcher, sources


def answers(searcher: DiscoSearcher, sources: Mapping[str, str], conversation: Conversation, k: int) -> list[Answer]:
    """Return the best passages for the last turn of a conversation."""
    return [
        Answer(hit, sources.get(hit.docid), hit.text or "", searcher.explain(conversation, hit.docid))
        for hit in searcher.search(conversation, k)
    ]


def print_answers(found: list[Answer]) -> None:
    """Print passages with their scores, sources, texts, and the terms that they share with the query."""
    if not found:
        print("no passage shares a term with the question")
    for place, answer in enumerate(found, 1):
        heading = f"{place}. {answer.hit.docid}"
        origin = _origin(answer)
        print(f"{printable(heading)}  ({origin}score {answer.hit.score:,.0f})")
        terms = answer.explanation.terms
        shown = " ".join(term.token for term in terms[:_MOST_TERMS])
        more = f" and {len(terms) - _MOST_TERMS} more" if len(terms) > _MOST_TERMS else ""
        print(f"   matched: {printable(shown)}{more}")
        text = answer.text or "(the index stores no texts)"
        if len(text) > _LONGEST_TEXT:
            text = f"{text[:_LONGEST_TEXT]} …"
        print(textwrap.indent(printable(text), "   ") + "\n")


def _origin(answer: Answer) -> str:
    """Return the source of a passage, unless its id says it: those of records in a file say nothing of the file."""
    from disco_pyserini.passages.source import passage_id

    if answer.source is None or answer.hit.docid.startswith(passage_id(answer.source, 1).removesuffix("#1")):
        return ""
    return f"from {printable(answer.source)}, "


def read_messages(path: Path) -> list[Any]:
    """Read the messages of a chat: a JSON list, or an object with ``messages``, as OpenAI's interface has them.

    Raises:
        InputError: the file cannot be read, or holds something else.
    """
    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        record = json.loads(content)
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}: check the path") from problem
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{path}: expected messages as JSON, found what is not JSON: {problem}") from problem
    messages = record.get("messages") if isinstance(record, dict) else record
    if not isinstance(messages, list):
        raise InputError(
            f"{path}: expected a JSON list of messages, or an object with 'messages', found {record!r:.80}: "
            'write [{"role": "user", "content": "…"}, …]'
        )
    return messages


def _corpus(name: str) -> Corpus:
    from disco_pyserini.datasets.named import named_passages
    from disco_pyserini.passages import Corpus, Source, open_corpus

    if (named := named_passages(name)) is None:
        return open_corpus(name)
    return Corpus(name, [Source(name, name, lambda reading: ((name, passage) for passage in named))])


def _progress(title: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
    if title == "encoding" and not sys.stderr.isatty():
        print(f"encoding {total:,} passages", file=sys.stderr)
    return progress_bar(title, total, "passages" if title == "encoding" else "files")
