"""``disco rewrite``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disco_pyserini.cli.shared import Device, Turns, progress_bar, report_ids, resumable

if TYPE_CHECKING:
    from disco_pyserini.rewriting import Rewriter


def rewrite(
    turns: Turns,
    output: Annotated[Path, typer.Option(help="Rewrites to write (.jsonl); the same command continues a stopped run.")],
    model: Annotated[str, typer.Option(help="Causal language model to run here: path or hub id.")] = "",
    server: Annotated[
        list[str] | None,
        typer.Option(help="URL of a server that speaks the OpenAI chat protocol; several share the work."),
    ] = None,
    server_model: Annotated[str, typer.Option(help="Name of the model on the server.")] = "",
    prompt: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Prompt template with {history} and {utterance}."),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Prompts per batch, or concurrent requests for each server.")
    ] = 8,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Maximum length of a rewrite, in tokens.")] = 128,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for the server's answer before asking again.")
    ] = 120,
    device: Device = None,
) -> None:
    """Rewrite the turns of a collection with a language model (for a server, set DISCO_API_KEY)."""
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

        rewriter = ChatServer(server or [], server_model, batch_size, max_new_tokens, timeout=timeout)
    with (
        resumable(f"after the rewrites in {output}"),
        progress_bar("rewriting", len(queries), "turns") as progress,
    ):
        summary = rewrite_turns(queries, template, rewriter, output, progress)
    print(f"{summary.written:,} rewrites added to {output}, {summary.earlier:,} existed already")
    if summary.failed:
        report_ids("without a rewrite", list(summary.failed))
        print(f"the first: {next(iter(summary.failed.values()))}", file=sys.stderr)
        raise typer.Exit(1)
