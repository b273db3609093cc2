"""``disco demo``."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from disco_pyserini.cli.shared import show_table


def demo(
    output: Annotated[Path, typer.Option(help="Folder for the collection, indexes, topics and runs.")] = Path("demo"),
) -> None:
    """Search a small generated collection with BM25, SPLADE and DiSCo, offline, compare them, and show a chat."""
    from rich.console import Console

    from disco_pyserini.evaluation import DEFAULT_MEASURES

    console = Console(stderr=True)
    with console.status("loading") as status:
        from disco_pyserini.demonstration import CHAT_CORPUS, example, run_chat, run_demo, sentence, stock_command

        def say(message: str) -> None:
            status.update(message)
            if not console.is_terminal:
                console.print(message)

        rows = run_demo(output, say)
        chat = run_chat(output, say)
    show_table(
        ["system", "query", *DEFAULT_MEASURES, "terms", "ms/query"],
        [
            [
                row.condition.system,
                row.condition.form,
                *(f"{row.evaluation.mean(name):.3f}" for name in DEFAULT_MEASURES),
                f"{row.query_terms:.0f}",
                f"{row.milliseconds:.1f}",
            ]
            for row in rows
        ],
    )
    print(f"{rows[0].evaluation.queries} questions of the test conversations, 2,000 passages, all of them generated.")
    print(sentence(rows))
    if found := example(output):
        print("\nFor example:\n")
        for turn in found.query.conversation.turns[-3:-1]:
            print(f"    user    {turn.utterance}")
            print(f"    system  {turn.response or '(not recorded)'}")
        print(f"    user    {found.query.conversation.utterance}\n")
        print(f"    SPLADE on the last utterance finds: {found.by_splade}")
        print(f"    DiSCo on the conversation finds:    {found.by_disco}")
    print(f"\nCollection, indexes, topics and runs are in {output}/. The same DiSCo run from Pyserini's own command:\n")
    print(f"    {stock_command(output, output / 'run.pyserini.txt')}")
    print(f"    disco evaluate --run {output}/run.pyserini.txt --qrels {output}/qrels.test.txt")
    print("\nA chat in real English, over documentation strings of Python's standard library:\n")
    for asked in chat:
        print(f"    user    {asked.question}")
        summary = " ".join(asked.text.split("\n", 1)[-1].split("\n\n")[0].split())
        print(
            textwrap.fill(f"{asked.docid}: {summary}", 100, initial_indent="    finds   ", subsequent_indent=" " * 12)
        )
        if asked.docid_alone != asked.docid:
            print(f"            (the question alone finds {asked.docid_alone})")
        print()
    print("Go on with it, or ask your own documents:\n")
    print(f"    disco chat --corpus {CHAT_CORPUS}")
    print("    disco chat --corpus FOLDER")
