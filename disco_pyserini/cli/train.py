"""``disco train``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def train(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="YAML file, see docs/training.md and runs/training/.")],
) -> None:
    """Distil a query encoder, or train a document encoder.

    Every field of CONFIG can be overridden: --loss.name kl --learning-rate 1e-5 …
    """
    from disco_pyserini.training.config import read_config, read_siamese_config, trains_documents

    # The configuration is checked before torch is imported, which takes seconds.
    if trains_documents(config):
        settings = read_siamese_config(config, context.args)

        from disco_pyserini.training.document_training import train_documents

        trained = train_documents(settings)
    else:
        queries = read_config(config, context.args)

        from disco_pyserini.training.distillation import train

        trained = train(queries)

    from disco_pyserini.training.run import leave_process_group

    leave_process_group()
    if os.environ.get("RANK", "0") != "0":  # torchrun starts several processes; only the first reports
        return
    print(f"{trained.folder}: trained in {trained.seconds:.0f} s, {trained.queries_per_second:.1f} queries/s")
    if trained.scores:
        print("dev: " + ", ".join(f"{name} {value:.4f}" for name, value in trained.scores.items()))
