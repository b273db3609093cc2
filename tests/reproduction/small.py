"""A recipe whose commands take milliseconds: a small script stands for indexing and searching."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

# Counts its calls, so that tests see what was run again.
TOOL = """
import pathlib, sys, time
what, output, *words = sys.argv[1:]
with open("calls.txt", "a") as calls:
    calls.write(what + "\\n")
if what == "fail":
    sys.exit("the tool has failed")
if what == "slow":
    pathlib.Path(output).write_text("half of a run")
    time.sleep(60)
if what == "talk":
    print("a warning", file=sys.stderr, flush=True)
    print("not the last line")
    print("40 %\\r\\x1b[1m57 %\\x1b[0m of the work\\r", end="", flush=True)
    time.sleep(6)
if what == "index":
    pathlib.Path(output).mkdir()
    pathlib.Path(output, "docs").write_text(pathlib.Path(words[0]).read_text())
else:
    docs = pathlib.Path(words[0], "docs").read_text().split()
    order = docs if what == "forwards" else docs[::-1]
    pathlib.Path(output).write_text("".join(
        f"{qid} Q0 {doc} {rank} {10 - rank} {what}\\n"
        for qid in ("c_1", "c_2", "d_1") for rank, doc in enumerate(order, 1)
    ))
"""

RECIPE = """
collection: small
title: Small & <quick>
about: Three questions.
data: data
get: cp -r elsewhere data
measures: [MRR, R@1]
baseline: forwards
datasets:
  - name: test
    qrels: "{data}/qrels.txt"
    turns: "{data}/turns.jsonl"
    queries: 3
prepare:
  - output: "{output}/index"
    command: python tool.py index {output}/index {data}/docs.txt
    needs: ["{data}/docs.txt"]
conditions:
  - name: forwards
    display: In <order>
    query: utterance
    command: python tool.py forwards {run} {output}/index
    datasets:
      - dataset: test
        scores: [{MRR: 0.6667, R@1: 0.3333}]
        measured: this tool
  - name: backwards
    command: [python, tool.py, backwards, "{run}", "{output}/index"]
    datasets:
      - dataset: test
        published: no
"""


def make_small(folder: Path, recipe: str = RECIPE) -> Path:
    """Write the recipe, its data and its tool into a folder, and return the path of the recipe."""
    data = folder / "data"
    data.mkdir()
    (folder / "tool.py").write_text(TOOL)
    (data / "docs.txt").write_text("a b")
    (data / "qrels.txt").write_text("c_1 0 a 1\nc_2 0 b 1\nd_1 0 b 1\n")
    turns = [
        {"qid": "c_1", "conversation_id": "c", "history": [], "utterance": "who?", "manual_rewrite": None},
        {
            "qid": "c_2",
            "conversation_id": "c",
            "history": [["who?", "she"]],
            "utterance": "where?",
            "manual_rewrite": "where is she?",
        },
        {"qid": "d_1", "conversation_id": "d", "history": [], "utterance": "when?", "manual_rewrite": None},
    ]
    (data / "turns.jsonl").write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    path = folder / "small.yaml"
    path.write_text(recipe)
    return path


def reproduce(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``disco reproduce`` in a folder."""
    words = [sys.executable, "-m", "disco_pyserini", "reproduce", *map(str, arguments)]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


def calls(folder: Path) -> list[str]:
    """What the tool was called for, since this was last asked."""
    path = folder / "calls.txt"
    made = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return made
