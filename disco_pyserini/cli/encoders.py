"""``disco encoders``."""

from __future__ import annotations

from typing import Annotated

import typer

from disco_pyserini.cli.shared import show_table


def encoders(name: Annotated[str | None, typer.Argument(help="A card's name; all of them without it.")] = None) -> None:
    """List the encoder cards, or print one with its models, licence and published scores."""
    from disco_pyserini.cards import cards
    from disco_pyserini.encoding.locate import is_present
    from disco_pyserini.errors import InputError

    if name is None:
        rows = []
        for card in cards().values():
            present = is_present(card.query, "query") and is_present(card.document, "document")
            rows.append([card.name, "yes" if present else "no", card.licence, card.description])
        show_table(["encoder", "here", "licence", "what it is"], rows)
        return
    if name not in cards():
        raise InputError(f"no encoder card {name!r}: expected one of {', '.join(cards())}")
    card = cards()[name]
    print(f"{card.name}: {card.description}")
    for side, reference in (("query", card.query), ("document", card.document)):
        revision = f" at {reference.revision}" if reference.revision else ""
        length = f", {reference.max_length} tokens" if reference.max_length else ""
        print(f"  {side} encoder: {reference.model}{revision}{length}")
    print(f"  quantiser: range {card.quantiser.weight_range:g} to {card.quantiser.quant_range} impacts")
    print(f"  licence: {card.licence}\n  training data: {card.training_data}")
    for score in card.scores:
        values = ", ".join(f"{measure} {value}" for measure, value in score.measures.items())
        print(f"  {score.collection}: {values} ({score.source})")
