"""``disco chat``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
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
from disco_pyserini.cli.shared import Engine, printable, resumable


def chat(
    corpus: CorpusToAsk = None,
    index: IndexToAsk = None,
    chat: Annotated[
        Path | None,
        typer.Option(help="JSON file with earlier messages, as OpenAI's interface has them, to go on from."),
    ] = None,
    hits: Hits = 1,
    encoder: EncoderToAsk = None,
    engine: Engine = "lucene",
    backend: BackendToAsk = None,
    as_json: Json = False,
) -> None:
    """Ask your documents question after question; each is understood in the context of those before it.

    Questions are read from the terminal, or one per line from a pipe. /new begins another conversation, /quit or
    Ctrl-D ends the chat. The answer that is remembered is the text of the best passage.
    """
    from disco_pyserini.conversation import Conversation
    from disco_pyserini.errors import InputError

    earlier = read_messages(chat) if chat else []
    if any(isinstance(message, dict) and message.get("role") == "user" for message in earlier):
        Conversation.from_messages(earlier)  # complain before anything is encoded
    messages = list(earlier)
    with resumable(), open_searcher(corpus, index, encoder, engine, backend) as (searcher, sources):
        for question in _questions():
            if question == "/new":
                messages = []
                continue
            messages.append({"role": "user", "content": question})
            try:
                found = answers(searcher, sources, Conversation.from_messages(messages), hits)
            except InputError as problem:
                print(f"error: {problem}", file=sys.stderr)
                messages.pop()
                continue
            if found:
                messages.append({"role": "assistant", "content": found[0].text})
            if as_json:
                print(json.dumps({"question": question, "hits": [one.to_json() for one in found]}), flush=True)
            else:
                if not sys.stdin.isatty():
                    print(f"> {printable(question)}\n")
                print_answers(found)
                sys.stdout.flush()


def _questions() -> Iterator[str]:
    """Read questions until the input ends; empty lines are skipped."""
    terminal = sys.stdin.isatty()
    if terminal:
        import readline  # noqa: F401 - arrow keys and history for input()

        print("Ask a question; /new begins another conversation, /quit ends.\n")
    while True:
        try:
            line = input("> ") if terminal else sys.stdin.readline()
        except (EOFError, UnicodeDecodeError):
            return
        if not terminal and not line:
            return
        if line.strip() == "/quit":
            return
        if line.strip():
            yield line.strip()
