"""``disco ask``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.answering import (
    BackendToAsk,
    CorpusToAsk,
    EncoderToAsk,
    Hits,
    IndexToAsk,
    Json,
    answers,
    open_searcher,
    print_answers,
    read_messages,
)
from disco_pyserini.cli.shared import Engine, resumable


def ask(
    question: Annotated[str | None, typer.Argument(help="The question; with --chat, the next one.")] = None,
    corpus: CorpusToAsk = None,
    index: IndexToAsk = None,
    chat: Annotated[
        Path | None,
        typer.Option(help="JSON file with the messages so far, as OpenAI's interface has them; - for stdin."),
    ] = None,
    hits: Hits = 3,
    encoder: EncoderToAsk = None,
    engine: Engine = "lucene",
    backend: BackendToAsk = None,
    as_json: Json = False,
) -> None:
    """Ask your documents a question: print the best passages, their sources, and the terms that matched.

    A corpus is encoded and indexed the first time. The index is kept in the cache folder, and brought up to date when
    files change.
    """
    from disco_pyserini.conversation import Conversation
    from disco_pyserini.errors import InputError

    messages = read_messages(chat) if chat else []
    if question is not None:
        if not question.strip():
            raise InputError("the question is empty: expected text to search with")
        messages.append({"role": "user", "content": question})
    elif chat is None:
        raise InputError('expected a question, or --chat with the messages so far: disco ask --corpus FOLDER "…"')
    conversation = Conversation.from_messages(messages)
    with resumable(), open_searcher(corpus, index, encoder, engine, backend) as (searcher, sources):
        found = answers(searcher, sources, conversation, hits)
    if as_json:
        print(json.dumps({"question": conversation.utterance, "hits": [one.to_json() for one in found]}))
    else:
        print_answers(found)
