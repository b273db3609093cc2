"""``disco rewrite``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import progress_bar, report_ids

if TYPE_CHECKING:
    from disco_pyserini.rewriting import Rewriter


def rewrite(
    turns: Annotated[str, typer.Option(help="COLLECTION/SPLIT, or turns.jsonl.")],
    output: Annotated[Path, typer.Option(help="Rewrites (.jsonl); the same command continues a stopped run.")],
    model: Annotated[str, typer.Option(help="Causal language model on this machine: path or hub id.")] = "",
    server: Annotated[str, typer.Option(help="URL of a server that speaks the OpenAI chat protocol.")] = "",
    server_model: Annotated[str, typer.Option(help="The model's name at the server.")] = "",
    prompt: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Template with {history} and {utterance}; else our own."),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Prompts in a batch, or requests at a time.")] = 8,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 128,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, …, for --model.")] = None,
) -> None:
    """Rewrite the turns of a collection with a language model (a server's key: in DISCO_API_KEY)."""
    from disco_pyserini.datasets.registry import open_split
    from disco_pyserini.errors import InputError
    from disco_pyserini.rewriting import default_prompt, read_prompt, rewrite_turns

    if bool(model) == bool(server) or bool(server) != bool(server_model):
        raise InputError("expected either --model, or --server with --server-model")
    collection, split = open_split(turns)
    queries = list(collection.queries(split))
    template = read_prompt(prompt) if prompt else default_prompt()
    rewriter: Rewriter
    if model:
        from disco_pyserini.rewriting.local import LocalModel

        rewriter = LocalModel(model, device, batch_size, max_new_tokens)
    else:
        from disco_pyserini.rewriting.server import ChatServer

        rewriter = ChatServer(server, server_model, batch_size, max_new_tokens)
    try:
        with progress_bar("rewriting", len(queries), "turns") as progress:
            summary = rewrite_turns(queries, template, rewriter, output, progress)
    except KeyboardInterrupt:
        print(f"stopped: the same command continues after the rewrites in {output}", file=sys.stderr)
        raise typer.Exit(130) from None
    print(f"{summary.written:,} rewrites added to {output}, {summary.earlier:,} were there already")
    if summary.failed:
        report_ids("without a rewrite", list(summary.failed))
        print(f"the first: {next(iter(summary.failed.values()))}", file=sys.stderr)
        raise typer.Exit(1)
